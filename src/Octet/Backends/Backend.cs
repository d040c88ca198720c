using Octet.Safetensors;

namespace Octet.Backends;

/// <summary>
/// What a model is written against: buffers that the backend owns, and the fused operations on them. Rows are tokens; an operation
/// works on the first <c>rows</c> rows. A model never names a device, a backend never names a model. Not thread-safe.
/// </summary>
abstract class Backend : IDisposable
{
    /// <summary>
    /// Runs a whole forward pass of a batch, every operation of which is this backend's. A backend may look at the batch as a whole first, and where a pass may be
    /// repeated record what it does and do the same again, for other tokens at other places, without it being called.
    /// </summary>
    /// <param name="pass">The operations, in order.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="cache">Where their sequences have a place.</param>
    /// <param name="states">Receives the final hidden states.</param>
    /// <param name="mayRepeat">Whether nobody looks at what the pass does but its result.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal virtual void Forward(ForwardPass pass, Batch batch, StateCache cache, Activations states, bool mayRepeat, CancellationToken cancellationToken)
        => pass(batch, cache, states, cancellationToken);

    /// <summary>The device and how it is used, e.g. <c>cpu avx2, 8 threads</c>.</summary>
    internal abstract string Description { get; }

    /// <summary>What models have taken of the device's memory.</summary>
    internal abstract MemoryLedger Memory { get; }

    /// <summary>The tokens of prompts that have to be computed together for the device to be busy; 0: no more than models ask for by themselves.</summary>
    internal virtual int BusyTokens => 0;

    /// <summary>Is told before a model's weights are made how many bytes they have in its files.</summary>
    /// <exception cref="ModelException">The device has no room for them.</exception>
    internal virtual void Expect(long bytes)
    {
    }

    internal abstract Activations CreateActivations(int rows, int columns);

    /// <summary>A linear layer's weight, in its own bits and in place where the backend can.</summary>
    internal abstract Weight CreateLinear(LinearTensor tensor);

    /// <summary>
    /// The same for a layer that whole texts are multiplied with at every step: one that is float32 may be held as a copy in the order in which it is
    /// multiplied, and what it takes in memory besides is given back.
    /// </summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal virtual Weight CreatePacked(LinearTensor tensor) => CreateLinear(tensor);

    /// <summary>The weights of many layers alike, each for some tokens (<see cref="Experts"/>), one after the other as they are asked for.</summary>
    internal virtual IEnumerable<Weight> CreateExperts(IReadOnlyList<LinearTensor> tensors) => tensors.Select(CreateLinear);

    /// <summary>The weight between latents and heads (<see cref="AbsorbQueries"/>, <see cref="ExpandValues"/>), which is multiplied from either side.</summary>
    internal virtual Weight CreateLatent(LinearTensor tensor) => CreateLinear(tensor);

    /// <summary>A table of which <see cref="Embed"/> reads single rows and nothing else reads any: what it reads need not stay in memory.</summary>
    internal abstract Weight CreateEmbedding(LinearTensor tensor);

    /// <summary>
    /// A copy of a layer that is not quantised, in E4M3 with a float32 scale for each row: max |x| / 448, 1 for a row of zeros. What the
    /// layer takes in memory besides is given back as the copy is made.
    /// </summary>
    /// <exception cref="ModelException">A weight is NaN or infinite.</exception>
    internal abstract Weight CreateFloat8(LinearTensor tensor);

    /// <summary>A vector, such as a norm's weight, widened to float32, <paramref name="offset"/> added to each element.</summary>
    internal abstract Weight CreateVector(TensorView tensor, float offset = 0);

    /// <param name="layout">What a page holds.</param>
    /// <param name="maxPages">The most pages there are at a time.</param>
    /// <param name="withinRoom">Whether a page is only made where <see cref="Memory"/> has room for it; false where the caller has said what the cache may take.</param>
    internal abstract KvCache CreateKvCache(KvCacheLayout layout, int maxPages, bool withinRoom);

    /// <param name="layout">What a sequence has.</param>
    /// <param name="maxPages">The most sequences at a time.</param>
    /// <param name="withinRoom">Whether a page is only made where <see cref="Memory"/> has room for it.</param>
    internal abstract RecurrentCache CreateRecurrentCache(RecurrentLayout layout, int maxPages, bool withinRoom);

    /// <summary>The taps of a convolution, stored as [channels, 1, taps], the last one for the token itself, widened to float32.</summary>
    /// <param name="tensor">They.</param>
    /// <param name="factors">For each channel what its taps are multiplied with; empty: nothing.</param>
    internal abstract Weight CreateTaps(TensorView tensor, ReadOnlySpan<float> factors = default);

    /// <summary>output[i] = table[batch.Ids[i]], widened, times <paramref name="factor"/>.</summary>
    internal abstract void Embed(Weight table, float factor, Batch batch, Activations output);

    /// <summary>
    /// residual += delta (where there is one); output = residual / sqrt(mean(residual^2) + epsilon) * norm. <paramref name="output"/> may be
    /// the same as <paramref name="residual"/> or <paramref name="delta"/>.
    /// </summary>
    internal abstract void AddRmsNorm(Activations residual, Activations? delta, Weight norm, float epsilon, Activations output, int rows);

    /// <summary>outputs[j] = input * weights[j]^T + bias for every j: layers that share an input are one pass. No output may be the input.</summary>
    internal abstract void Linear(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows);

    /// <summary>output[i] = table[ids[i]], widened; added to what is there where <paramref name="adds"/>.</summary>
    internal abstract void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds);

    /// <summary>
    /// residual += delta (where there is one); output = (residual - mean) / sqrt(mean((residual - mean)^2) + epsilon) * norm + bias.
    /// <paramref name="output"/> may be the same as <paramref name="residual"/> or <paramref name="delta"/>.
    /// </summary>
    internal abstract void AddLayerNorm(Activations residual, Activations? delta, Weight norm, Weight? bias, float epsilon, Activations output, int rows);

    /// <summary>output = f(input * weight^T + bias). The output may not be the input.</summary>
    internal abstract void Linear(Activations input, Weight weight, Nonlinearity function, Activations output, int rows);

    /// <summary>In place: states = function(states).</summary>
    internal abstract void Apply(Xielu function, Activations states, int rows);

    /// <summary>In place: the rotary embedding of every head of both, row i at positions[i].</summary>
    internal abstract void Rotate(Activations query, Activations key, int headDim, Rotary rotary, ReadOnlySpan<int> positions);

    /// <summary>
    /// Attention of every head over the rows of the same text, before and behind, softmax in float32. Text i is rows [starts[i], starts[i + 1]).
    /// <paramref name="output"/> is none of the others.
    /// </summary>
    internal abstract void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output);

    /// <summary>destination[i] = source[rows[i]].</summary>
    internal abstract void Gather(Activations source, ReadOnlySpan<int> rows, Activations destination);

    /// <summary>destination[i] = the mean of the rows [starts[i], starts[i + 1]) of <paramref name="source"/>.</summary>
    internal abstract void Average(Activations source, ReadOnlySpan<int> starts, Activations destination);

    /// <summary>
    /// For every head of <paramref name="query"/> (in place) and <paramref name="key"/>: RMSNorm over the head where a norm is given, then
    /// the rotary embedding. Keys and values go to <paramref name="cache"/>; where both are null they are there already, of another layer.
    /// </summary>
    internal abstract void RotateAndStore(Activations query, Activations? key, Activations? value, in HeadNorm norm, Rotary rotary, KvCache cache, int layer, Batch batch);

    /// <summary>Causal attention of every query head over its sequence's cache, softmax in float32; output [rows, query heads * ValueDim of the cache].</summary>
    internal abstract void Attention(Activations query, KvCache cache, int layer, AttentionShape shape, Batch batch, Activations output);

    /// <summary>
    /// Of every row of <paramref name="latent"/> [rows, LatentDim]: RMSNorm over the latent, the rotary embedding over the rest, and to
    /// <paramref name="cache"/>.
    /// </summary>
    internal abstract void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch);

    /// <summary>
    /// Queries as <paramref name="absorbed"/> [rows, heads * LatentDim] that meet latents instead of keys: of each head the plain part times
    /// the rows of <paramref name="keyValue"/> for its key, and the turned part.
    /// </summary>
    internal abstract void AbsorbQueries(Activations queries, Weight keyValue, LatentHeads heads, Batch batch, Activations absorbed);

    /// <summary><paramref name="values"/> [rows, heads * ValueDim] = of each head the rows of <paramref name="keyValue"/> for its value times its mean latent in <paramref name="means"/> [rows, heads * Rank].</summary>
    internal abstract void ExpandValues(Activations means, Weight keyValue, LatentHeads heads, int rows, Activations values);

    /// <summary>gate = the gating of (input * weights[0]^T + bias) and (input * weights[1]^T + bias); <paramref name="up"/> is room for the second product, and what is in it afterwards is not said.</summary>
    internal abstract void GateUp(Activations input, ReadOnlySpan<Weight> weights, Gating gating, Activations gate, Activations up, int rows);

    /// <summary>
    /// A row of <paramref name="input"/> is so many groups, each of a piece of every part: the pieces of a part go one after another to its
    /// columns. No part may lie in the input, nor in another.
    /// </summary>
    internal abstract void Ungroup(Activations input, int groups, ReadOnlySpan<ColumnRange> parts, int rows);

    /// <summary>
    /// mixed = a causal convolution over each channel of <paramref name="mixed"/>, in place, plus <paramref name="bias"/> where there is one, through silu where
    /// <paramref name="shape"/> says so; the last inputs of a sequence stay in <paramref name="cache"/> for its next ones. Before position 0 inputs are zeros.
    /// </summary>
    internal abstract void Convolve(Activations mixed, Weight taps, Weight? bias, RecurrentCache cache, int layer, ConvolutionShape shape, Batch batch);

    /// <summary>
    /// The gated delta rule over the tokens of each sequence, its states in <paramref name="cache"/>. A row of <paramref name="mixed"/> is
    /// the queries, keys and values of all heads. For each value head, q and k of length 1 and q / sqrt(size) besides:
    /// S = exp(-exp(logRate) * softplus(step + bias)) * S, then S += k (s(beta) * (v - S^T k))^T, and output = S^T q. Where channels decay by themselves,
    /// there is a step and a bias for each channel of a head's key, whose row of S it is for. The output may be none of the others, which stay as they are.
    /// </summary>
    internal abstract void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output);

    /// <summary>
    /// A selective state space over the tokens of each sequence, its states in <paramref name="cache"/>. A row of <paramref name="mixed"/> is x of all heads, B and C
    /// of all groups. For each head, with dt = softplus(step + bias) within the shape's limits: S = exp(-exp(logRate) * dt) * S + dt * B x^T, and
    /// output = S^T C + skip * x. The output may be none of the others, which stay as they are.
    /// </summary>
    internal abstract void StateSpace(Activations mixed, Activations step, StateSpaceWeights weights, RecurrentCache cache, int layer, StateSpaceShape shape, Batch batch, Activations output);

    /// <summary>
    /// gate = RMSNorm of every one of <paramref name="groups"/> groups of states * silu(gate), with a weight as wide as a row; without one
    /// states * silu(gate). What is in <paramref name="states"/> afterwards is not said.
    /// </summary>
    internal abstract void NormGated(Activations states, Activations gate, int groups, Weight? norm, float epsilon, int rows);

    /// <summary>In place: RMSNorm of every head of <paramref name="states"/>, with a weight as wide as a head, or without one.</summary>
    internal abstract void NormHeads(Activations states, int headDim, Weight? norm, float epsilon, int rows);

    /// <summary>states = (states + delta) * factor, or states * factor where there is no delta. They are different buffers.</summary>
    internal abstract void AddScaled(Activations states, Activations? delta, float factor, int rows);

    /// <summary>states *= the columns of <paramref name="factors"/>, of the same rows, that are given. They are different buffers.</summary>
    internal abstract void Multiply(Activations states, ColumnRange factors, int rows);

    /// <summary>gate = RMSNorm of every head of <paramref name="states"/>, times silu(gate); a head is as wide as the norm. <paramref name="states"/> is overwritten.</summary>
    internal abstract void GatedNorm(Activations states, Activations gate, Weight norm, float epsilon, int rows);

    /// <summary>states *= s(gate), s being the logistic function. They are different buffers.</summary>
    internal abstract void GateOutput(Activations states, Activations gate, int rows);

    /// <summary>What <see cref="Route"/> fills and <see cref="Experts"/> computes with, for steps of so many rows.</summary>
    /// <param name="rows">Tokens of a step.</param>
    /// <param name="rule">How many experts there are, and a token has.</param>
    /// <param name="hidden">Inputs and outputs of an expert.</param>
    /// <param name="inner">Its width inside.</param>
    internal abstract Routes CreateRoutes(int rows, RoutingRule rule, int hidden, int inner);

    /// <summary>
    /// routes[i] = the experts with the best scores of logits [rows, experts], of the same the lower number, and their weights.
    /// <paramref name="correction"/>, where there is one, is added to scores for the choice and is no part of the weights; these are multiplied with
    /// <paramref name="factors"/> at last, where there are some, one for each expert.
    /// </summary>
    internal abstract void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows);

    /// <summary>destination[i] = source[i] times the weight of the one expert that token i goes to, which becomes 1.</summary>
    internal abstract void WeighInputs(Activations source, Routes routes, Activations destination, int rows);

    /// <summary>Is shown the experts of a layer when a model is opened.</summary>
    /// <exception cref="ModelException">They are stored in a way that this backend cannot compute with.</exception>
    internal virtual void Prepare(ExpertWeights experts)
    {
    }

    /// <summary>
    /// output = the sum over a token's experts of weight * expert(input), in the order of <paramref name="routes"/>; added to what is there
    /// where <paramref name="adds"/>. Only the weights of chosen experts are read. <paramref name="output"/> is not <paramref name="input"/>.
    /// </summary>
    internal abstract void Experts(Activations input, Routes routes, ExpertWeights experts, Gating gating, Activations output, bool adds, int rows);

    /// <summary>As <see cref="Experts"/>, of experts that are not gated: expert(input) = f(input * up^T) * down^T.</summary>
    internal abstract void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows);

    /// <summary>states[i] *= 1 / (1 + exp(-gate[i])), <paramref name="gate"/> of one column.</summary>
    internal abstract void GateRows(Activations gate, Activations states, int rows);

    /// <summary>destination [count, head.Rows] = input rows [first, first + count) * head^T, on the host.</summary>
    internal abstract void Logits(Activations input, int first, int count, Weight head, Span<float> destination);

    /// <summary>Room for the logits of steps, where this backend draws from them: on the host, or on its device.</summary>
    /// <param name="width">Length of a row.</param>
    internal virtual LogitRows CreateLogitRows(int width) => new HostLogitRows(width);

    /// <summary>destination = input rows [first, first + count) * head^T. Rows of a device are there when all that is queued before them is done.</summary>
    internal virtual void Logits(Activations input, int first, int count, Weight head, LogitRows destination)
        => Logits(input, first, count, head, ((HostLogitRows)destination).Begin(count));

    /// <summary>In place: what the first rows of <paramref name="logits"/>, as <see cref="Logits(Activations, int, int, Weight, LogitRows)"/> left them, become behind the output layer.</summary>
    internal virtual void Finish(LogitRows logits, int count, LogitScaling scaling)
    {
        for (int row = 0; row < count; row++)
        {
            scaling.Apply(logits.Row(row));
        }
    }

    public abstract void Dispose();
}
