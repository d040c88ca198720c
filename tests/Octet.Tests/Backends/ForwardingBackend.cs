using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Tests.Backends;

/// <summary>Has another backend do everything: what one that differs in an operation derives from.</summary>
class ForwardingBackend(Backend backend) : Backend
{
    internal override string Description => backend.Description;

    internal override MemoryLedger Memory => backend.Memory;

    internal override Activations CreateActivations(int rows, int columns) => backend.CreateActivations(rows, columns);

    internal override Weight CreateLinear(LinearTensor tensor) => backend.CreateLinear(tensor);

    internal override Weight CreatePacked(LinearTensor tensor) => backend.CreatePacked(tensor);

    internal override Weight CreateEmbedding(LinearTensor tensor) => backend.CreateEmbedding(tensor);

    internal override Weight CreateFloat8(LinearTensor tensor) => backend.CreateFloat8(tensor);

    internal override Weight CreateVector(TensorView tensor, float offset = 0) => backend.CreateVector(tensor, offset);

    internal override KvCache CreateKvCache(KvCacheLayout layout, int maxPages, bool withinRoom) => backend.CreateKvCache(layout, maxPages, withinRoom);

    internal override RecurrentCache CreateRecurrentCache(RecurrentLayout layout, int maxPages, bool withinRoom) => backend.CreateRecurrentCache(layout, maxPages, withinRoom);

    internal override Weight CreateTaps(TensorView tensor, ReadOnlySpan<float> factors = default) => backend.CreateTaps(tensor, factors);

    internal override void Embed(Weight table, float factor, Batch batch, Activations output) => backend.Embed(table, factor, batch, output);

    internal override void AddRmsNorm(Activations residual, Activations? delta, Weight norm, float epsilon, Activations output, int rows)
        => backend.AddRmsNorm(residual, delta, norm, epsilon, output, rows);

    internal override void Linear(Activations input, ReadOnlySpan<Weight> weights, ReadOnlySpan<Activations> outputs, int rows) => backend.Linear(input, weights, outputs, rows);

    internal override void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds) => backend.LookUp(table, ids, output, adds);

    internal override void AddLayerNorm(Activations residual, Activations? delta, Weight norm, Weight? bias, float epsilon, Activations output, int rows)
        => backend.AddLayerNorm(residual, delta, norm, bias, epsilon, output, rows);

    internal override void Linear(Activations input, Weight weight, Nonlinearity function, Activations output, int rows) => backend.Linear(input, weight, function, output, rows);

    internal override void Rotate(Activations query, Activations key, int headDim, Rotary rotary, ReadOnlySpan<int> positions) => backend.Rotate(query, key, headDim, rotary, positions);

    internal override void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output)
        => backend.AttendWithin(query, key, value, shape, starts, output);

    internal override void Gather(Activations source, ReadOnlySpan<int> rows, Activations destination) => backend.Gather(source, rows, destination);

    internal override void Average(Activations source, ReadOnlySpan<int> starts, Activations destination) => backend.Average(source, starts, destination);

    internal override void RotateAndStore(Activations query, Activations? key, Activations? value, in HeadNorm norm, Rotary rotary, KvCache cache, int layer, Batch batch)
        => backend.RotateAndStore(query, key, value, norm, rotary, cache, layer, batch);

    internal override void Attention(Activations query, KvCache cache, int layer, AttentionShape shape, Batch batch, Activations output)
        => backend.Attention(query, cache, layer, shape, batch, output);

    internal override void StoreLatent(Activations latent, Weight norm, float epsilon, LatentHeads heads, KvCache cache, int layer, Batch batch)
        => backend.StoreLatent(latent, norm, epsilon, heads, cache, layer, batch);

    internal override void AbsorbQueries(Activations queries, Weight keyValue, LatentHeads heads, Batch batch, Activations absorbed)
        => backend.AbsorbQueries(queries, keyValue, heads, batch, absorbed);

    internal override void ExpandValues(Activations means, Weight keyValue, LatentHeads heads, int rows, Activations values)
        => backend.ExpandValues(means, keyValue, heads, rows, values);

    internal override void GateUp(Activations input, ReadOnlySpan<Weight> weights, Gating gating, Activations gate, Activations up, int rows)
        => backend.GateUp(input, weights, gating, gate, up, rows);

    internal override void Ungroup(Activations input, int groups, ReadOnlySpan<ColumnRange> parts, int rows) => backend.Ungroup(input, groups, parts, rows);

    internal override void Convolve(Activations mixed, Weight taps, Weight? bias, RecurrentCache cache, int layer, ConvolutionShape shape, Batch batch)
        => backend.Convolve(mixed, taps, bias, cache, layer, shape, batch);

    internal override void StateSpace(Activations mixed, Activations step, StateSpaceWeights weights, RecurrentCache cache, int layer, StateSpaceShape shape, Batch batch, Activations output)
        => backend.StateSpace(mixed, step, weights, cache, layer, shape, batch, output);

    internal override void NormGated(Activations states, Activations gate, int groups, Weight? norm, float epsilon, int rows) => backend.NormGated(states, gate, groups, norm, epsilon, rows);

    internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
        => backend.GatedDelta(mixed, beta, step, logRate, bias, cache, layer, shape, batch, output);

    internal override void NormHeads(Activations states, int headDim, Weight? norm, float epsilon, int rows) => backend.NormHeads(states, headDim, norm, epsilon, rows);

    internal override void AddScaled(Activations states, Activations? delta, float factor, int rows) => backend.AddScaled(states, delta, factor, rows);

    internal override void Apply(Xielu function, Activations states, int rows) => backend.Apply(function, states, rows);

    internal override void WeighInputs(Activations source, Routes routes, Activations destination, int rows) => backend.WeighInputs(source, routes, destination, rows);

    internal override void Multiply(Activations states, ColumnRange factors, int rows) => backend.Multiply(states, factors, rows);

    internal override void GatedNorm(Activations states, Activations gate, Weight norm, float epsilon, int rows) => backend.GatedNorm(states, gate, norm, epsilon, rows);

    internal override void GateOutput(Activations states, Activations gate, int rows) => backend.GateOutput(states, gate, rows);

    internal override Routes CreateRoutes(int rows, RoutingRule rule, int hidden, int inner) => backend.CreateRoutes(rows, rule, hidden, inner);

    internal override void Route(Activations logits, RoutingRule rule, Weight? correction, Weight? factors, Routes routes, int rows) => backend.Route(logits, rule, correction, factors, routes, rows);

    internal override void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows)
        => backend.PlainExperts(input, routes, experts, function, output, adds, rows);

    internal override void Experts(Activations input, Routes routes, ExpertWeights experts, Gating gating, Activations output, bool adds, int rows)
        => backend.Experts(input, routes, experts, gating, output, adds, rows);

    internal override void GateRows(Activations gate, Activations states, int rows) => backend.GateRows(gate, states, rows);

    internal override void Logits(Activations input, int first, int count, Weight head, Span<float> destination) => backend.Logits(input, first, count, head, destination);

    public override void Dispose() => backend.Dispose();
}
