using Octet.Cuda.Kernels;
using Octet.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Latents in pages, attention over them, and the products around it, against their definitions in double precision.</summary>
public class LatentTests
{
    // Queries and weights of the softmax keep 16 bits over bfloat16.
    const double Tolerance = 3e-5;

    [Theory]
    [InlineData("sm_80", "bf16", 512, 64, 20, 1)]
    [InlineData("sm_89", "bf16", 512, 64, 20, 8)]
    [InlineData("sm_90a", "bf16", 512, 64, 70, 1)]
    [InlineData("sm_80", "bf16", 48, 16, 4, 8)]
    [InlineData("sm_80", "e4m3", 512, 64, 33, 1)]
    [InlineData("sm_90a", "e4m3", 512, 64, 5, 8)]
    [InlineData("sm_89", "e5m2", 200, 24, 7, 8)]
    [InlineData("sm_90a", "e5m2", 512, 64, 3, 1)]
    public void All_heads_attend_to_latents_that_are_copied_once(string target, string type, int rank, int turning, int heads, int tokens)
    {
        // Pages that end early and one that is full, a sequence of one token, and rows of a prompt.
        var text = new LatentText(target, type, rank, turning, heads, (70, tokens == 1 ? 1 : 11), (64, 1), (1, 1));
        text.Store();
        text.AssertAttended(type == "bf16" ? Tolerance : 3e-6, tokens);
    }

    [Theory]
    [InlineData("sm_80", "bf16", 2)]
    [InlineData("sm_89", "e4m3", 7)]
    [InlineData("sm_90a", "bf16", 5)]
    public void Splits_of_latents_are_joined_those_without_pages_too(string target, string type, int splits)
    {
        var text = new LatentText(target, type, 512, 64, 20, (260, 1), (3, 1));
        text.Store();
        text.AssertAttended(Tolerance, tokens: 1, splits);
    }

    [Theory]
    [InlineData("sm_80", 512, 64)]
    [InlineData("sm_90a", 48, 16)]
    public void Latents_in_float32_lose_nothing(string target, int rank, int turning)
    {
        var text = new LatentText(target, "f32", rank, turning, 3, (70, 2), (2, 1));
        text.Store();
        text.AssertAttended(2e-6, tokens: 1);
    }

    [Theory]
    [InlineData("bar.sync", 0, "", PtxError.Uninitialized)]
    [InlineData("bar.sync", 1, "", PtxError.Uninitialized)]
    [InlineData("cp.async.wait_group", 0, "", PtxError.Uninitialized)]
    public void Latents_without_their_synchronisation_are_found_out(string instruction, int place, string instead, PtxError error)
    {
        var card = new KernelCard("sm_90a", edit: text => text.Contains("attend_latent_bf16", StringComparison.Ordinal) ? KernelCard.Edited(text, "attend_latent_bf16", instruction, place, instead) : text);
        var cached = new LatentText(card, "bf16", 512, 64, 20, (200, 1));
        cached.Store();
        PtxException found = Assert.Throws<PtxException>(() => cached.AssertAttended(Tolerance, tokens: 1));
        Assert.True(error == found.Error, found.Message);
    }

    [Theory]
    [InlineData("sm_80", "f32", true, 8)]
    [InlineData("sm_89", "bf16", false, 8)]
    [InlineData("sm_90a", "e4m3", true, 6)]
    [InlineData("sm_80", "e5m2", false, 8)]
    public void A_latent_is_normed_its_rest_turns_and_both_are_stored(string target, string type, bool neighbours, int pairs)
    {
        const int Rank = 72;
        const int Turning = 16;
        const int Size = Rank + Turning;
        const float Epsilon = 1e-3f;
        int[] positions = [37, 5, 0];
        var card = new KernelCard(target);
        float[] latent = Values.Normal(positions.Length * Size, 1);
        float[] norm = Values.Normal(Rank, 2);
        float[] angles = Angles(positions, pairs, 1.25f);
        int bytes = Bytes(type);
        ulong[] pages = [.. Enumerable.Range(0, 4).Select(_ => card.Upload(new byte[2 * 32 * Size * bytes]))];
        var latents = new StoredLatents
        {
            Latent = card.Upload(latent),
            Norm = card.Upload(norm),
            Angles = card.Upload(angles),
            Stride = Size,
            Rank = Rank,
            AngleStride = (2 * pairs) + 4,
            Pairs = pairs,
            Neighbours = neighbours ? 1 : 0,
            Epsilon = Epsilon,
        };
        float[] scales = [9, 9, 0.25f, 0.25f];
        var cache = new CachePages
        {
            Addresses = card.Upload(pages),
            Tables = card.Upload(1, 0, 3),
            Positions = card.Upload(positions),
            Scales = type == "e4m3" ? card.Upload(scales) : 0,
            Layer = 1,
            Heads = 1,
            Dimensions = Size,
        };
        card.Launch("latent", $"store_latent_{type}", 1, 128, 0, latents, cache, positions.Length);
        ulong[] page = [pages[2], pages[0], pages[3]];
        for (int row = 0; row < positions.Length; row++)
        {
            double[] expected = [.. latent.AsSpan(row * Size, Size).ToArray().Select(value => (double)value)];
            double length = Math.Sqrt((expected.Take(Rank).Sum(value => value * value) / Rank) + Epsilon);
            for (int i = 0; i < Rank; i++)
            {
                expected[i] *= norm[i] / length;
            }

            Turn(expected.AsSpan(Rank), angles.AsSpan(row * ((2 * pairs) + 4)), pairs, neighbours, 1);
            byte[] stored = card.Read<byte>(page[row] + (ulong)((32 + (positions[row] % 32)) * Size * bytes), Size * bytes);
            for (int i = 0; i < Size; i++)
            {
                // A value near the border of two codes may be either's.
                double found = Read(type, stored.AsSpan(i * bytes, bytes), type == "e4m3" ? 0.25f : 1);
                Assert.InRange(found, Round(type, expected[i] - 1e-5, 0.25f), Round(type, expected[i] + 1e-5, 0.25f));
            }
        }
    }

    public static TheoryData<string, string, int> Products => new()
    {
        { "sm_80", "e4m3", 1 }, { "sm_89", "e4m3", 11 }, { "sm_90a", "e4m3", 3 }, { "sm_80", "bf16", 1 }, { "sm_90a", "bf16", 9 }, { "sm_80", "f32", 2 }, { "sm_89", "f32", 1 },
        { "sm_80", "f16", 8 }, { "sm_89", "f16", 1 }, { "sm_90a", "e5m2", 10 }, { "sm_80", "e5m2", 1 },
    };

    [Theory]
    [MemberData(nameof(Products))]
    public void Queries_are_multiplied_with_what_would_make_keys(string target, string format, int tokens)
    {
        var weight = new BetweenWeight(new KernelCard(target), format);
        KernelCard card = weight.Card;
        const int Pairs = 3;
        const int QueryStride = (BetweenWeight.Heads * (BetweenWeight.Plain + BetweenWeight.Turning)) + 5;
        const int LatentSize = BetweenWeight.Rank + BetweenWeight.Turning;
        int[] positions = [.. Enumerable.Range(0, tokens).Select(i => 3 * i)];
        float[] angles = Angles(positions, Pairs, 1.25f);
        float[] query = Values.Normal(tokens * QueryStride, 3);
        ulong absorbed = card.Allocate<float>(tokens * BetweenWeight.Heads * LatentSize);
        var queries = new AbsorbedQueries
        {
            Query = card.Upload(query),
            Absorbed = absorbed,
            Angles = card.Upload(angles),
            QueryStride = QueryStride,
            AbsorbedStride = BetweenWeight.Heads * LatentSize,
            AngleStride = (2 * Pairs) + 4,
            Pairs = Pairs,
            Neighbours = 1,
            Count = tokens,
        };
        int each = tokens == 1 ? 1 : 8;
        card.Launch("latent", $"absorb_{format}_{each}", new Dim3(2, BetweenWeight.Heads, (tokens + each - 1) / each), 256, 0, weight.Parameters, queries);
        for (int token = 0; token < tokens; token++)
        {
            for (int head = 0; head < BetweenWeight.Heads; head++)
            {
                ReadOnlySpan<float> own = query.AsSpan((token * QueryStride) + (head * (BetweenWeight.Plain + BetweenWeight.Turning)), BetweenWeight.Plain + BetweenWeight.Turning);
                double[] expected = new double[LatentSize];
                for (int i = 0; i < BetweenWeight.Plain; i++)
                {
                    for (int column = 0; column < BetweenWeight.Rank; column++)
                    {
                        expected[column] += 1.25 * own[i] * weight[(head * BetweenWeight.HeadRows) + i, column];
                    }
                }

                for (int i = 0; i < BetweenWeight.Turning; i++)
                {
                    expected[BetweenWeight.Rank + i] = own[BetweenWeight.Plain + i];
                }

                Turn(expected.AsSpan(BetweenWeight.Rank), angles.AsSpan(token * ((2 * Pairs) + 4)), Pairs, neighbours: true, 1.25);
                Values.AssertClose(expected, card.Read<float>(absorbed + (ulong)(((token * BetweenWeight.Heads) + head) * LatentSize * 4), LatentSize), 1e-6, $"token {token}, head {head}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void Means_of_latents_become_values(string target, string format, int tokens)
    {
        var weight = new BetweenWeight(new KernelCard(target), format);
        KernelCard card = weight.Card;

        // Behind the last head there are zeros up to a whole group, as the backend has them.
        const int Columns = BetweenWeight.Heads * BetweenWeight.Rank;
        const int Stride = (Columns + 127) / 128 * 128;
        float[] mean = Values.Normal(tokens * Columns, 4);
        ulong value = card.Allocate<float>(tokens * BetweenWeight.Heads * BetweenWeight.Value);
        var means = new LatentMeans { Mean = card.Upload(Values.Rows(mean, Columns, Stride)), Value = value, MeanStride = Stride, ValueStride = BetweenWeight.Heads * BetweenWeight.Value, Count = tokens };
        int each = tokens == 1 ? 1 : 8;
        card.Launch("latent", $"expand_values_{format}_{each}", new Dim3((BetweenWeight.Value + 31) / 32, BetweenWeight.Heads, (tokens + each - 1) / each), 256, 0, weight.Parameters, means);
        for (int token = 0; token < tokens; token++)
        {
            for (int head = 0; head < BetweenWeight.Heads; head++)
            {
                double[] expected = new double[BetweenWeight.Value];
                for (int i = 0; i < expected.Length; i++)
                {
                    for (int column = 0; column < BetweenWeight.Rank; column++)
                    {
                        expected[i] += (double)mean[(token * Columns) + (head * BetweenWeight.Rank) + column] * weight[(head * BetweenWeight.HeadRows) + BetweenWeight.Plain + i, column];
                    }
                }

                Values.AssertClose(expected, card.Read<float>(value + (ulong)(((token * BetweenWeight.Heads) + head) * BetweenWeight.Value * 4), BetweenWeight.Value), 1e-6, $"token {token}, head {head}");
            }
        }
    }

    static int Bytes(string type) => type switch { "f32" => 4, "bf16" => 2, _ => 1 };

    static double Round(string type, double x, float scale) => type switch
    {
        "f32" => (float)x,
        "bf16" => Values.BFloat((float)x),
        "e4m3" => (double)(float)Float8E4M3FN.FromSingle((float)x / scale, OverflowMode.SaturateFinite) * scale,
        _ => (float)Float8E5M2.FromSingle((float)x, OverflowMode.SaturateFinite),
    };

    static double Read(string type, ReadOnlySpan<byte> stored, float scale) => type switch
    {
        "f32" => BitConverter.ToSingle(stored),
        "bf16" => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(stored) << 16),
        "e4m3" => (double)(float)Float8E4M3FN.FromBits(stored[0]) * scale,
        _ => (float)Float8E5M2.FromBits(stored[0]),
    };

    static float[] Angles(int[] positions, int pairs, float factor)
    {
        int stride = (2 * pairs) + 4;
        float[] angles = new float[positions.Length * stride];
        for (int row = 0; row < positions.Length; row++)
        {
            for (int i = 0; i < pairs; i++)
            {
                (double sin, double cos) = Math.SinCos(positions[row] * Math.Pow(1000, -(double)i / pairs));
                (angles[(row * stride) + i], angles[(row * stride) + pairs + i]) = ((float)cos, (float)sin);
            }

            angles[(row * stride) + (2 * pairs)] = factor;
        }

        return angles;
    }

    static void Turn(Span<double> x, ReadOnlySpan<float> angles, int pairs, bool neighbours, double factor)
    {
        for (int i = 0; i < pairs; i++)
        {
            (int first, int second) = neighbours ? (2 * i, (2 * i) + 1) : (i, i + pairs);
            (x[first], x[second]) = ((x[first] * angles[i]) - (x[second] * angles[pairs + i]), (x[second] * angles[i]) + (x[first] * angles[pairs + i]));
        }

        foreach (ref double value in x)
        {
            value *= factor;
        }
    }

    /// <summary>A weight between latents and heads in a format, with scales where that has them: more columns than a group, no whole block of rows.</summary>
    sealed class BetweenWeight
    {
        internal const int Heads = 3;
        internal const int Rank = 136;
        internal const int Plain = 37;
        internal const int Turning = 8;
        internal const int Value = 35;
        internal const int HeadRows = Plain + Value;
        const int Rows = Heads * HeadRows;
        const int Stored = 256;
        const int BlockRows = 64;

        readonly double[] _values = new double[Rows * Rank];

        internal BetweenWeight(KernelCard card, string format)
        {
            Card = card;
            bool isScaled = format is "e4m3" or "e5m2";
            float[] scales = [.. Values.Normal((Rows + BlockRows - 1) / BlockRows * 2, 8).Select(MathF.Abs)];
            float[] plain = Values.Normal(Rows * Rank, 9);
            int bytes = format switch { "f32" => 4, "bf16" or "f16" => 2, _ => 1 };
            byte[] data = new byte[Rows * Stored * bytes];
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Rank; column++)
                {
                    float x = plain[(row * Rank) + column];
                    Span<byte> to = data.AsSpan(((row * Stored) + column) * bytes, bytes);
                    double stored;
                    switch (format)
                    {
                        case "f32":
                            BitConverter.TryWriteBytes(to, x);
                            stored = x;
                            break;
                        case "f16":
                            BitConverter.TryWriteBytes(to, (Half)x);
                            stored = (double)(Half)x;
                            break;
                        case "bf16":
                            BitConverter.TryWriteBytes(to, Values.BFloatBits(x));
                            stored = Values.BFloat(x);
                            break;
                        case "e4m3":
                            var e4m3 = Float8E4M3FN.FromSingle(x, OverflowMode.SaturateFinite);
                            (to[0], stored) = (e4m3.ToBits(), (float)e4m3);
                            break;
                        default:
                            var e5m2 = Float8E5M2.FromSingle(x, OverflowMode.SaturateFinite);
                            (to[0], stored) = (e5m2.ToBits(), (float)e5m2);
                            break;
                    }

                    _values[(row * Rank) + column] = stored * (isScaled ? scales[(row / BlockRows * 2) + (column / 128)] : 1);
                }
            }

            Parameters = new LatentParameters
            {
                Data = card.Upload(data),
                Scales = isScaled ? card.Upload(scales) : 0,
                RowBytes = (ulong)(Stored * bytes),
                BlockRows = BlockRows,
                ScaleStride = 2,
                Rank = Rank,
                Plain = Plain,
                Turning = Turning,
                Value = Value,
            };
        }

        internal KernelCard Card { get; }

        internal LatentParameters Parameters { get; }

        internal double this[int row, int column] => _values[(row * Rank) + column];
    }
}
