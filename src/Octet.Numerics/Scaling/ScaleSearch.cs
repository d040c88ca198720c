using System.Numerics;
using System.Runtime.CompilerServices;

namespace Octet.Numerics;

/// <summary>
/// Scales by search: of the rule's own scale and others near it, the one with the least squared error, sum (x - code * scale)^2. The
/// rule's is kept where none is better, so that the error never grows.
/// </summary>
/// <remarks>
/// A format's steps are relative, so what a scale decides is where the values lie between them, which repeats with each octave: the
/// candidates are sixteen to an octave above the rule's scale and, at the price of saturating, six below. Where scales are powers of two,
/// by their type or by the rule, they are the rule's and one octave to either side.
/// </remarks>
public static class ScaleSearch
{
    const int StepsPerOctave = 16;
    const int StepsBelow = 6;
    const int ChunkLength = 256;

    // Codes of E4M3: eight to an octave. Elements of 4 bits repeat with each octave.
    const int CodesAbove = 8;
    const int CodesBelow = 4;

    /// <summary>The scales that are tried for a block, the rule's own first; each one differs from the others as <typeparamref name="TScale"/>.</summary>
    /// <typeparam name="T">The format of the codes.</typeparam>
    /// <typeparam name="TScale">The type of the scales.</typeparam>
    /// <param name="largest">The largest magnitude of the block, finite and above zero.</param>
    /// <param name="rule">How the first scale follows from it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="largest"/> is not finite or not above zero, or <paramref name="rule"/> is not one of the enumeration.</exception>
    public static TScale[] Candidates<T, TScale>(float largest, ScaleRule rule = ScaleRule.Ratio)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
    {
        ScaleChoice.Check(rule);
        if (!(largest > 0 && float.IsFinite(largest)))
        {
            throw new ArgumentOutOfRangeException(nameof(largest), largest, "expected a finite number above zero");
        }

        TScale first = ScaleChoice.Of<T, TScale>(largest, rule);
        float scale = float.CreateTruncating(first);
        bool powers = rule != ScaleRule.Ratio || typeof(TScale) == typeof(Float8E8M0FNU);
        IEnumerable<float> factors = powers
            ? [0.5f, 2]
            : Enumerable.Range(-StepsBelow, StepsBelow + StepsPerOctave).Select(step => MathF.Pow(2, (float)step / StepsPerOctave));
        float smallest = float.CreateTruncating(TScale.Epsilon);
        float greatest = float.CreateTruncating(TScale.MaxValue);
        return [.. factors.Select(factor => scale * factor)
            .Where(value => value >= smallest && value <= greatest)
            .Select(TScale.CreateTruncating)
            .Prepend(first)
            .Distinct()];
    }

    /// <summary>Quantises as <see cref="BlockScaling.Quantize{T, TScale}"/> does, with the best of the <see cref="Candidates"/> for every block.</summary>
    /// <param name="values">Shape [rows, columns], finite.</param>
    /// <param name="shape">The shape of the matrix and of its blocks; <see cref="BlockShape.PerGroup"/> with 32 for the microscaled formats.</param>
    /// <param name="codes">Shape [rows, columns].</param>
    /// <param name="scales">Shape [ceil(rows / block rows), ceil(columns / block columns)].</param>
    /// <param name="rule">How the first candidate follows from the largest magnitude of its block.</param>
    /// <exception cref="ArgumentException">A span's length does not fit the shape, or a value is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rule"/> is not one of the enumeration.</exception>
    public static void Quantize<T, TScale>(
        ReadOnlySpan<float> values, BlockShape shape, Span<T> codes, Span<TScale> scales, ScaleRule rule = ScaleRule.Ratio)
        where T : unmanaged, ISmallFloat<T>
        where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
    {
        shape.Check(codes.Length, scales.Length, values.Length);
        ScaleChoice.Check(rule);
        BlockScaling.CheckFinite(values, shape.Columns);
        for (int i = 0; i < scales.Length; i++)
        {
            BlockShape.Block block = shape.At(i);
            float largest = BlockScaling.MaxMagnitude(values, shape.Columns, block);
            scales[i] = TScale.One;
            if (largest > 0)
            {
                double least = double.PositiveInfinity;
                foreach (TScale candidate in Candidates<T, TScale>(largest, rule))
                {
                    double error = SquaredError<T>(values, shape.Columns, block, float.CreateTruncating(candidate), least);
                    (least, scales[i]) = error < least ? (error, candidate) : (least, scales[i]);
                }
            }

            BlockScaling.Round(values, shape.Columns, block, float.CreateTruncating(scales[i]), codes);
        }
    }

    /// <summary>sum (x - code * scale)^2 over a matrix that has one scale, in float64: x in float32, codes as <see cref="BlockScaling"/> rounds them.</summary>
    /// <typeparam name="T">The format of the codes.</typeparam>
    /// <param name="values">Finite.</param>
    /// <param name="scale">Finite, above zero.</param>
    public static double SquaredError<T>(ReadOnlySpan<float> values, float scale)
        where T : unmanaged, ISmallFloat<T>
        => SquaredError<T>(values, values.Length, new BlockShape.Block(0, 1, 0, values.Length), scale, double.PositiveInfinity);

    /// <summary>Quantises as <see cref="Nvfp4.Quantize(ReadOnlySpan{float}, int, float, Nvfp4Convention, Span{byte}, Span{Float8E4M3FN})"/> does, with the best block scale among its neighbours: twelve codes.</summary>
    /// <inheritdoc cref="Nvfp4.Quantize(ReadOnlySpan{float}, int, float, Nvfp4Convention, Span{byte}, Span{Float8E4M3FN})"/>
    [SkipLocalsInit]
    public static void QuantizeNvfp4(
        ReadOnlySpan<float> values, int columns, float globalScale, Nvfp4Convention convention, Span<byte> packed, Span<Float8E4M3FN> scales)
    {
        Nvfp4.Quantize(values, columns, globalScale, convention, packed, scales);
        BlockShape shape = BlockShape.OfRows(values.Length, columns, Nvfp4.BlockLength);
        Span<Float4E2M1FN> elements = stackalloc Float4E2M1FN[Nvfp4.BlockLength];
        for (int i = 0; i < scales.Length; i++)
        {
            BlockShape.Block block = shape.At(i);
            int start = (block.Top * columns) + block.Left;
            ReadOnlySpan<float> of = values.Slice(start, block.Columns);
            BlockShape.Block whole = new(0, 1, 0, block.Columns);
            int code = scales[i].ToBits();
            int best = code;
            double least = SquaredError<Float4E2M1FN>(of, of.Length, whole, Nvfp4.Effective(scales[i], globalScale, convention), double.PositiveInfinity);
            for (int other = Math.Max(code - CodesBelow, Float8E4M3FN.Epsilon.ToBits()); other <= Math.Min(code + CodesAbove, Float8E4M3FN.MaxValue.ToBits()); other++)
            {
                double error = SquaredError<Float4E2M1FN>(of, of.Length, whole, Nvfp4.Effective(Float8E4M3FN.FromBits((byte)other), globalScale, convention), least);
                (least, best) = error < least ? (error, other) : (least, best);
            }

            if (best != code)
            {
                scales[i] = Float8E4M3FN.FromBits((byte)best);
                BlockScaling.Round(of, of.Length, whole, Nvfp4.Effective(scales[i], globalScale, convention), elements);
                PackedBits.Pack<Float4E2M1FN>(elements[..of.Length], packed[(start / 2)..]);
            }
        }
    }

    /// <summary>Ends early, with what there is, when <paramref name="limit"/> is reached.</summary>
    [SkipLocalsInit]
    static double SquaredError<T>(ReadOnlySpan<float> values, int columns, BlockShape.Block block, float scale, double limit)
        where T : unmanaged, ISmallFloat<T>
    {
        Span<T> codes = stackalloc T[ChunkLength];
        Span<float> decoded = stackalloc float[ChunkLength];
        double sum = 0;
        for (int row = block.Top; row < block.Top + block.Rows && sum < limit; row++)
        {
            int start = (row * columns) + block.Left;
            for (int at = start; at < start + block.Columns; at += ChunkLength)
            {
                ReadOnlySpan<float> x = values.Slice(at, Math.Min(ChunkLength, start + block.Columns - at));
                Span<T> code = codes[..x.Length];
                Span<float> back = decoded[..x.Length];
                BlockScaling.Round(x, x.Length, new BlockShape.Block(0, 1, 0, x.Length), scale, code);
                BulkConversion.ConvertToSingle(code, back);
                sum += SquaredDistance(x, back, scale);
            }
        }

        return sum;
    }

    // Differences of float32 are exact in float64, and squares lose a part in 2^53: what a choice rests on is the error itself.
    static double SquaredDistance(ReadOnlySpan<float> x, ReadOnlySpan<float> codes, float scale)
    {
        Vector<double> sums = Vector<double>.Zero;
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(x[i..]), out Vector<double> xLow, out Vector<double> xHigh);
            Vector.Widen(new Vector<float>(codes[i..]) * scale, out Vector<double> low, out Vector<double> high);
            sums += ((xLow - low) * (xLow - low)) + ((xHigh - high) * (xHigh - high));
        }

        double sum = Vector.Sum(sums);
        for (; i < x.Length; i++)
        {
            double difference = x[i] - (double)(codes[i] * scale);
            sum += difference * difference;
        }

        return sum;
    }
}
