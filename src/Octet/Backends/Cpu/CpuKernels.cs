using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics.X86;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// The arithmetic of one instruction set on plain pointers; <see cref="CpuBackend"/> checks sizes and cuts the work into shares.
/// Rows of activations end in zero padding up to a multiple of 64 floats.
/// </summary>
abstract unsafe class CpuKernels
{
    /// <summary>Channels that share one activation scale in <see cref="ActivationMode.Dynamic"/>.</summary>
    internal const int ActivationGroup = 128;

    internal abstract string Name { get; }

    /// <summary>destination[0, columns) = row <paramref name="row"/> of <paramref name="weight"/>, scaled.</summary>
    internal static void WidenRow(CpuWeight weight, long row, float* destination)
    {
        int columns = weight.Columns;
        byte* data = weight.Row(row);
        Span<float> output = new(destination, columns);
        switch (weight.Format)
        {
            case WeightFormat.E4M3: Float8E4M3FN.ConvertToSingle(new ReadOnlySpan<Float8E4M3FN>(data, columns), output); break;
            case WeightFormat.BFloat16: BFloat16.ConvertToSingle(new ReadOnlySpan<BFloat16>(data, columns), output); break;
            case WeightFormat.Float16: TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(data, columns), output); break;
            default: new ReadOnlySpan<float>(data, columns).CopyTo(output); break;
        }

        float* scales = weight.Scales(row);
        for (int k = 0; scales is not null && k < columns; k += weight.BlockColumns, scales++)
        {
            Span<float> block = output.Slice(k, Math.Min(weight.BlockColumns, columns - k));
            TensorPrimitives.Multiply(block, *scales, block);
        }
    }

    /// <summary>Asks for the lines of a part of memory, which need not be mapped.</summary>
    internal static void Prefetch(byte* start, int bytes)
    {
        const int Line = 64;
        for (int i = 0; Sse.IsSupported && i < bytes; i += Line)
        {
            Sse.Prefetch0(start + i);
        }
    }

    /// <summary>
    /// Bytes in which these kernels want <paramref name="rows"/> tokens laid out for <paramref name="weight"/> before <see cref="Linear"/>,
    /// once for all workers; 0 where they take them as they are.
    /// </summary>
    internal virtual long PreparedBytes(CpuWeight weight, int rows) => 0;

    /// <summary>Weights for which this is the same number can share what <see cref="PrepareInput"/> lays out; 0 where nothing is laid out.</summary>
    internal virtual int PreparedLayout(CpuWeight weight, int rows) => 0;

    /// <summary>Tokens that <see cref="PrepareInput"/> lays out together.</summary>
    internal virtual int PreparedTokens => 1;

    /// <summary>
    /// Lays out tokens [first, end) of <paramref name="x"/> for <paramref name="weight"/> in <paramref name="prepared"/>, which has 64-byte
    /// alignment and room for all of them; <paramref name="first"/> is a multiple of <see cref="PreparedTokens"/>.
    /// </summary>
    internal virtual void PrepareInput(CpuWeight weight, in LinearInput x, int first, int end, byte* prepared)
    {
    }

    /// <summary>
    /// y[t][r] = sum over k of x[t][k] * w[r][k] for rows [first, end). <paramref name="x"/> may hold E4M3 values with a scale for each
    /// token and group of 128 in <c>x.Scales</c>.
    /// </summary>
    internal abstract void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch);

    /// <summary>Rows of a weight that these kernels multiply together with many tokens.</summary>
    internal virtual int PanelHeight => 1;

    /// <summary>Floats of a copy of the weight in the order in which many tokens are multiplied with it; 0 where there is no use for one.</summary>
    internal virtual long PackedFloats(CpuWeight weight) => 0;

    /// <summary>Fills what <see cref="CpuWeight.Packed"/> has for the <see cref="PanelHeight"/> rows from <paramref name="row"/> on.</summary>
    internal virtual void PackPanel(CpuWeight weight, long row, float* scratch)
    {
    }

    /// <summary>residual += delta unless null; output = residual * rsqrt(mean(residual^2) + epsilon) * norm.</summary>
    internal abstract void AddRmsNorm(float* residual, float* delta, float* norm, float epsilon, float* output, int count);

    /// <summary>
    /// In place: RMSNorm of one head of <paramref name="size"/> unless <paramref name="norm"/> is null, then rotation by as many angles as
    /// there are <paramref name="pairs"/>, of (i, i + pairs) or, with <paramref name="neighbours"/>, of (2i, 2i + 1).
    /// </summary>
    internal abstract void NormRotate(float* head, float* norm, float epsilon, float* cos, float* sin, int size, int pairs, bool neighbours);

    /// <summary>Keys or values to the cache: source / <paramref name="scale"/>, which is 1 but in E4M3, rounded to nearest even. FP8 saturates.</summary>
    internal abstract void Store(float* source, byte* destination, int count, KvCacheType type, float scale);

    /// <summary>
    /// Causal attention of the query heads that share one key/value head, for <c>work.Rows</c> consecutive tokens of one sequence;
    /// streaming softmax, one page at a time from position 0.
    /// </summary>
    internal abstract void Attend(in AttentionTile work);

    /// <summary>gate = the gating of gate and up.</summary>
    internal abstract void Gate(Gating gating, float* gate, float* up, int count);

    /// <summary>residual += delta unless null; output = (residual - mean) * rsqrt(mean((residual - mean)^2) + epsilon) * norm + bias unless null.</summary>
    internal abstract void AddLayerNorm(float* residual, float* delta, float* norm, float* bias, float epsilon, float* output, int count);

    /// <summary>In place.</summary>
    internal abstract void Apply(Nonlinearity function, float* values, int count);

    /// <summary>Attention of some tokens of a text over all of its tokens, or over those near them; streaming softmax.</summary>
    internal abstract void AttendWithin(in BidirectionalTile work);

    /// <summary>values *= the logistic function of gate.</summary>
    internal abstract void MultiplyLogistic(float* values, float* gate, int count);

    /// <summary>In place: the convolution of some channels over consecutive tokens of one sequence.</summary>
    internal abstract void Convolve(in ConvolutionRun run);

    /// <summary>The gated delta rule of one value head over consecutive tokens of one sequence. How the state lies is the kernels' own.</summary>
    internal abstract void GatedDelta(in DeltaRun run);

    /// <summary>The state space of one head over consecutive tokens of one sequence. How the state lies is the kernels' own.</summary>
    internal abstract void StateSpace(in StateSpaceRun run);

    /// <summary>Whether <see cref="Linear"/> takes a weight that others want expanded as it is stored, its codes and its scales, with this input.</summary>
    internal virtual bool TakesStored(CpuWeight weight, in LinearInput x) => false;

    /// <summary>Whether <see cref="Linear"/> is quicker with bfloat16 that has no scales of blocks than with codes and scales, of weights that are expanded.</summary>
    internal virtual bool PrefersBFloat16(CpuWeight weight, int rows) => false;

    /// <summary>
    /// <see cref="Linear"/> of two weights whose rows lie by turns in one tensor, those of <paramref name="one"/> first, as they lie; false where these kernels have no use for that,
    /// and nothing is computed.
    /// </summary>
    internal virtual bool LinearByTurns(CpuWeight one, CpuWeight two, long first, long end, in LinearInput x, float* y, float* other, int yStride, float* scratch) => false;

    /// <summary>Scratch floats that <see cref="Linear"/> may use on one worker.</summary>
    internal abstract int LinearScratch(int columns);

    /// <summary>Scratch floats that <see cref="Attend"/> may use on one worker for a tile of up to so many rows.</summary>
    internal abstract int AttentionScratch(int headDim, int rows, int group);

    /// <summary>Scratch floats that <see cref="AttendWithin"/> may use on one worker.</summary>
    internal abstract int WithinScratch(int headDim);
}

/// <summary>The left side of a linear layer: <see cref="Rows"/> tokens, <see cref="Stride"/> floats apart.</summary>
readonly unsafe struct LinearInput(float* data, int stride, int rows, float* scales, int scaleStride)
{
    internal float* Data { get; } = data;

    internal int Stride { get; } = stride;

    internal int Rows { get; } = rows;

    /// <summary>[Rows, <see cref="ScaleStride"/>] scales of groups of 128 channels, or null for plain float32 input.</summary>
    internal float* Scales { get; } = scales;

    internal int ScaleStride { get; } = scaleStride;

    /// <summary>The same tokens as <see cref="CpuKernels.PrepareInput"/> laid them out, or null.</summary>
    internal byte* Prepared { get; init; }
}

/// <summary>
/// One unit of attention: tokens <see cref="Position"/> to Position + <see cref="Rows"/> - 1 of <see cref="Sequence"/> and the
/// <see cref="Group"/> query heads that read key/value head <see cref="Head"/>.
/// </summary>
readonly unsafe ref struct AttentionTile
{
    /// <summary>The most tokens of a tile.</summary>
    internal const int MaxRows = 24;

    /// <summary>The most query heads of a tile whose rows are heads: its page of keys is widened once for all of them.</summary>
    internal const int MaxHeads = 72;

    internal required CpuKvCache Cache { get; init; }

    internal required KvSequence Sequence { get; init; }

    internal required int Layer { get; init; }

    internal required int Head { get; init; }

    internal required int Group { get; init; }

    internal required int Position { get; init; }

    internal required int Rows { get; init; }

    internal required float Scale { get; init; }

    /// <summary>Whether the rows are not tokens but query heads of one token, which all read the same key/value head; then <see cref="Group"/> is 1.</summary>
    internal bool RowsAreHeads { get; init; }

    /// <summary>Tokens that a token sees, itself among them; 0: all.</summary>
    internal int Window { get; init; }

    /// <summary>Tokens of a chunk, outside of which a token sees nothing; 0: there are none.</summary>
    internal int Chunk { get; init; }

    /// <summary>c where scores become c * tanh(score / c); 0: they stay.</summary>
    internal float Cap { get; init; }

    /// <summary>One more score for each query head of the group, without a value; null: none.</summary>
    internal float* Sinks { get; init; }

    /// <summary>The first position that the tile's row <paramref name="row"/> sees.</summary>
    internal int First(int row) => Window != 0 ? Math.Max(0, End(row) - Window) : Chunk != 0 ? (End(row) - 1) / Chunk * Chunk : 0;

    /// <summary>The position after the last that row <paramref name="row"/> sees.</summary>
    internal int End(int row) => Position + 1 + (RowsAreHeads ? 0 : row);

    /// <summary>The first of the group's queries in the tile's first row; heads are contiguous, rows <see cref="QueryStride"/> floats apart.</summary>
    internal required float* Query { get; init; }

    internal required int QueryStride { get; init; }

    internal required float* Output { get; init; }

    internal required int OutputStride { get; init; }

    internal required float* Scratch { get; init; }

    /// <summary>What may be prefetched: the first keys of the unit after this one, or null.</summary>
    internal byte* NextKeys { get; init; }
}
