using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Octet.Backends.Cpu;

/// <summary>
/// What encoders have that decoders do not. Attention within a text is as that of several tokens over a cache: keys, many at a time, become a
/// panel, their values are one as they lie.
/// </summary>
sealed unsafe partial class VectorKernels<TSimd, TVector, TE4M3>
{
    // Keys as panels, scores, a tile's sums, a square of lanes, m and l of each row.
    internal override int WithinScratch(int headDim)
        => (BidirectionalTile.MaxKeys * headDim) + (BidirectionalTile.MaxRows * (BidirectionalTile.MaxKeys + 2)) + (TileTokens * PanelRows) + (TSimd.Count * TSimd.Count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void AddLayerNorm(float* residual, float* delta, float* norm, float* bias, float epsilon, float* output, int count)
    {
        int whole = count - (count % TSimd.Count);
        TVector sums = TSimd.Zero;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TVector value = TSimd.Load(residual + i);
            if (delta is not null)
            {
                value = TSimd.Add(value, TSimd.Load(delta + i));
                TSimd.Store(residual + i, value);
            }

            sums = TSimd.Add(sums, value);
        }

        float sum = TSimd.Sum(sums);
        for (int i = whole; i < count; i++)
        {
            residual[i] += delta is null ? 0 : delta[i];
            sum += residual[i];
        }

        float mean = sum / count;
        TVector minusMean = TSimd.Broadcast(-mean);
        TVector squares = TSimd.Zero;
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TVector value = TSimd.Add(TSimd.Load(residual + i), minusMean);
            squares = TSimd.MultiplyAdd(value, value, squares);
        }

        float square = TSimd.Sum(squares);
        for (int i = whole; i < count; i++)
        {
            square += (residual[i] - mean) * (residual[i] - mean);
        }

        float scale = 1 / MathF.Sqrt((square / count) + epsilon);
        TVector factor = TSimd.Broadcast(scale);
        for (int i = 0; i < whole; i += TSimd.Count)
        {
            TVector value = TSimd.Multiply(TSimd.Add(TSimd.Load(residual + i), minusMean), factor);
            TSimd.Store(output + i, TSimd.MultiplyAdd(value, TSimd.Load(norm + i), bias is null ? TSimd.Zero : TSimd.Load(bias + i)));
        }

        for (int i = whole; i < count; i++)
        {
            output[i] = ((residual[i] - mean) * scale * norm[i]) + (bias is null ? 0 : bias[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Apply(Nonlinearity function, float* values, int count)
    {
        int whole = count - (count % TSimd.Count);
        switch (function)
        {
            case Nonlinearity.Gelu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TSimd.Store(values + i, VectorErf.Gelu<TSimd, TVector>(TSimd.Load(values + i)));
                }

                break;
            case Nonlinearity.GeluTanh:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Load(values + i);
                    TSimd.Store(values + i, TimesLogistic(x, TanhSlope(x)));
                }

                break;
            case Nonlinearity.SquaredRelu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Max(TSimd.Load(values + i), TSimd.Zero);
                    TSimd.Store(values + i, TSimd.Multiply(x, x));
                }

                break;
            case Nonlinearity.Silu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TVector x = TSimd.Load(values + i);
                    TSimd.Store(values + i, TimesLogistic(x, x));
                }

                break;
            case Nonlinearity.Relu:
                for (int i = 0; i < whole; i += TSimd.Count)
                {
                    TSimd.Store(values + i, TSimd.Max(TSimd.Load(values + i), TSimd.Zero));
                }

                break;
            default:
                // A row for each text, not for each token.
                Span<float> all = new(values, count);
                TensorPrimitives.Tanh(all, all);
                return;
        }

        ScalarKernels.Instance.Apply(function, values + whole, count - whole);
    }

    internal override void AttendWithin(in BidirectionalTile work)
    {
        int size = work.HeadDim;
        if (size % TSimd.Count != 0 || BidirectionalTile.MaxKeys % PanelRows != 0)
        {
            ScalarKernels.Instance.AttendWithin(work);
            return;
        }

        float* keys = work.Scratch;
        float* scores = keys + (BidirectionalTile.MaxKeys * size);
        float* sums = scores + (BidirectionalTile.MaxRows * BidirectionalTile.MaxKeys);
        float* square = sums + (TileTokens * PanelRows);
        float* maxima = square + (TSimd.Count * TSimd.Count);
        float* totals = maxima + BidirectionalTile.MaxRows;
        float* scale = stackalloc float[2 * 16];
        float* ones = stackalloc float[2 * 16];
        new Span<float>(scale, PanelRows).Fill(work.Scale);
        new Span<float>(ones, PanelRows).Fill(1);
        new Span<float>(maxima, work.Rows).Fill(float.NegativeInfinity);
        new Span<float>(totals, work.Rows).Clear();
        PanelTile score = new() { Stride = PanelRows, Depth = size, Rows = PanelRows, RowFactors = scale, Sums = sums };
        PanelTile value = new() { Stride = work.ValueStride, RowFactors = ones, Sums = sums };
        float* query = work.Query + ((nint)work.First * work.QueryStride);
        float* output = work.Output + ((nint)work.First * work.OutputStride);
        int end = work.End(work.First + work.Rows - 1);
        for (int first = work.From(work.First); first < end; first += BidirectionalTile.MaxKeys)
        {
            int count = Math.Min(BidirectionalTile.MaxKeys, end - first);
            int vectors = (count + TSimd.Count - 1) / TSimd.Count * TSimd.Count;
            for (int j = 0; j < count; j += PanelRows)
            {
                score.Weights = keys + (j * size);
                PackRows(work.Key + ((nint)(first + j) * work.KeyStride), work.KeyStride, Math.Min(PanelRows, count - j), size, score.Weights, square, ones);
                Multiply(score, query, work.QueryStride, work.Rows, scores + j, BidirectionalTile.MaxKeys);
            }

            for (int row = 0; row < work.Rows; row++)
            {
                int visible = Math.Clamp(work.End(work.First + row) - first, 0, count);
                float keep = Softmax(scores + (row * BidirectionalTile.MaxKeys), vectors, work.From(work.First + row) - first, visible, ref maxima[row], ref totals[row]);
                if (keep != 1 && value.Add)
                {
                    Scale(output + ((nint)row * work.OutputStride), size, keep);
                }
            }

            value.Depth = count;
            for (int i = 0; i < size; i += PanelRows)
            {
                value.Weights = work.Value + ((nint)first * work.ValueStride) + i;
                value.Rows = Math.Min(PanelRows, size - i);
                Multiply(value, scores, BidirectionalTile.MaxKeys, work.Rows, output + i, work.OutputStride);
            }

            value.Add = true;
        }

        for (int row = 0; row < work.Rows; row++)
        {
            Scale(output + ((nint)row * work.OutputStride), size, 1 / totals[row]);
        }
    }

    /// <summary>panel[i][j] = element i of row j, of at most two vectors of rows. What stands for rows that are missing is not to be read.</summary>
    static void PackRows(float* source, nint stride, int rows, int size, float* panel, float* square, float* ones)
    {
        for (int half = 0; half * TSimd.Count < rows; half++)
        {
            int here = Math.Min(TSimd.Count, rows - (half * TSimd.Count));
            byte* at = (byte*)(source + (half * TSimd.Count * stride));
            for (int i = 0; i < size; i += TSimd.Count)
            {
                byte* lanes = at + ((nint)i * sizeof(float));
                if (here == TSimd.Count)
                {
                    TSimd.Transpose(lanes, stride * sizeof(float), square);
                }
                else
                {
                    Edge(lanes, stride * sizeof(float), here, TSimd.Count * sizeof(float), square);
                }

                WidenSquare<SingleWeights<TSimd, TVector>>((byte*)square, TSimd.Count, ones, panel + ((nint)i * PanelRows) + (half * TSimd.Count), PanelRows);
            }
        }
    }
}
