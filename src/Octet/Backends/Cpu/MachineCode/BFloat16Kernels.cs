namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The best other kernels with linear layers of several tokens in generated code. Inputs of those are rounded to bfloat16, which
/// <see cref="ActivationMode.WeightOnly"/> allows; the codes of <see cref="ActivationMode.Dynamic"/> are bfloat16 numbers already.
/// </summary>
/// <param name="name">The name in <see cref="InstructionSet"/>.</param>
/// <param name="fewestTokens">From how many tokens on generated code is the quicker.</param>
/// <param name="code">What multiplies.</param>
/// <param name="inner">Everything else.</param>
sealed unsafe class BFloat16Kernels(string name, int fewestTokens, ProductCode code, CpuKernels inner) : CpuKernels
{
    // On paper, in cycles for 32 rows x 128 columns: widening takes about 500 for everyone, memory at 13 GB/s a thread about 800, tiles
    // 128 whatever the number of tokens up to 16. Float32 takes 128 a token where a cycle starts two multiplications of 16 lanes: with the
    // third token it falls behind memory, and exact inputs are worth the little that it is behind with four.
    internal const int FewestTokensForTiles = 5;

    // Where a cycle starts one instruction, a float32 multiplication or VDPBF16PS: 256 a token against 2048 for up to 16 tokens.
    internal const int FewestTokensForDotProducts = 8;

    // The number of the layout of inputs for generated code; the inner kernels' are small.
    const int Packed = -1;

    internal override string Name => name;

    internal override int LinearScratch(int columns) => Math.Max(BFloat16Product.ScratchFloats, inner.LinearScratch(columns));

    internal override int AttentionScratch(int headDim, int rows, int group) => Math.Max(TileAttention.ScratchFloats(headDim, group), inner.AttentionScratch(headDim, rows, group));

    internal override int WithinScratch(int headDim) => inner.WithinScratch(headDim);

    internal override int PreparedLayout(CpuWeight weight, int rows) => Multiplies(weight, rows) ? Packed : inner.PreparedLayout(weight, rows);

    internal override long PreparedBytes(CpuWeight weight, int rows)
        => Multiplies(weight, rows) ? PackedInput.Bytes(rows, weight.Columns) : inner.PreparedBytes(weight, rows);

    internal override int PreparedTokens => 16;

    internal override void PrepareInput(CpuWeight weight, in LinearInput x, int first, int end, byte* prepared)
    {
        if (Multiplies(weight, x.Rows))
        {
            new PackedInput(prepared, x.Rows, weight.Columns).Pack(x, first, end);
        }
        else
        {
            inner.PrepareInput(weight, x, first, end, prepared);
        }
    }

    internal override void Linear(CpuWeight weight, long first, long end, in LinearInput x, float* y, int yStride, float* scratch)
    {
        if (x.Prepared is not null && Multiplies(weight, x.Rows))
        {
            BFloat16Product.Run(code, weight, first, end, x, y, yStride, scratch);
        }
        else
        {
            inner.Linear(weight, first, end, x, y, yStride, scratch);
        }
    }

    internal override bool TakesStored(CpuWeight weight, in LinearInput x) => (x.Prepared is not null && TakesPowers(weight, x.Rows)) || inner.TakesStored(weight, x);

    internal override bool PrefersBFloat16(CpuWeight weight, int rows) => Multiplies(weight, rows);

    internal override bool LinearByTurns(CpuWeight one, CpuWeight two, long first, long end, in LinearInput x, float* y, float* other, int yStride, float* scratch)
        => inner.LinearByTurns(one, two, first, end, x, y, other, yStride, scratch);

    bool Multiplies(CpuWeight weight, int rows)
        => TakesPowers(weight, rows) || (rows >= fewestTokens && (BFloat16Product.CanMultiply(weight) || CanMultiplyScaled(weight)) && !inner.TakesStored(weight, new(null, 0, rows, null, 0)));

    bool TakesPowers(CpuWeight weight, int rows) => rows >= fewestTokens && weight.HasPowers && BFloat16Product.CanMultiply(weight) && weight.FitsBFloat16;

    // With scales of powers of two what cannot be expanded so can be multiplied all the same.
    static bool CanMultiplyScaled(CpuWeight weight) => weight.CanScale && weight.BlockScales.Kind == BlockScaleKind.E4M3;

    internal override int PanelHeight => inner.PanelHeight;

    internal override long PackedFloats(CpuWeight weight) => inner.PackedFloats(weight);

    internal override void PackPanel(CpuWeight weight, long row, float* scratch) => inner.PackPanel(weight, row, scratch);

    internal override void AddRmsNorm(float* residual, float* delta, float* norm, float epsilon, float* output, int count)
        => inner.AddRmsNorm(residual, delta, norm, epsilon, output, count);

    internal override void NormRotate(float* head, float* norm, float epsilon, float* cos, float* sin, int size, int pairs, bool neighbours)
        => inner.NormRotate(head, norm, epsilon, cos, sin, size, pairs, neighbours);

    internal override void Store(float* source, byte* destination, int count, KvCacheType type, float scale)
        => inner.Store(source, destination, count, type, scale);

    internal override void Attend(in AttentionTile work)
    {
        if (TileAttention.CanAttend(work) && code.Attention(work.Cache.Layout.HeadDim) is { } functions)
        {
            TileAttention.Attend(code, functions, work);
        }
        else
        {
            inner.Attend(work);
        }
    }

    internal override void Gate(Gating gating, float* gate, float* up, int count) => inner.Gate(gating, gate, up, count);

    internal override void AddLayerNorm(float* residual, float* delta, float* norm, float* bias, float epsilon, float* output, int count)
        => inner.AddLayerNorm(residual, delta, norm, bias, epsilon, output, count);

    internal override void Apply(Nonlinearity function, float* values, int count) => inner.Apply(function, values, count);

    internal override void AttendWithin(in BidirectionalTile work) => inner.AttendWithin(work);

    internal override void MultiplyLogistic(float* values, float* gate, int count) => inner.MultiplyLogistic(values, gate, count);

    internal override void Convolve(in ConvolutionRun run) => inner.Convolve(run);

    internal override void GatedDelta(in DeltaRun run) => inner.GatedDelta(run);

    internal override void StateSpace(in StateSpaceRun run) => inner.StateSpace(run);
}
