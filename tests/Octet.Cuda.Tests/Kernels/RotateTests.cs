using Octet.Cuda.Kernels;
using Octet.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Norms of heads, rotation, and what is stored, against their definitions.</summary>
public class RotateTests
{
    const int Rows = 2;
    const int QueryHeads = 3;
    const int Heads = 2;
    const int Size = 80;
    const float Epsilon = 1e-3f;

    static readonly int[] s_positions = [37, 5];

    [Theory]
    [InlineData("sm_80", "f32", true, false, 40)]
    [InlineData("sm_89", "f32", false, true, 24)]
    [InlineData("sm_90a", "bf16", true, false, 36)]
    [InlineData("sm_80", "e4m3", true, false, 40)]
    [InlineData("sm_89", "e5m2", false, false, 40)]
    public void Heads_are_normed_turned_and_stored(string target, string type, bool norms, bool neighbours, int pairs)
    {
        var card = new KernelCard(target);
        float[] query = Values.Normal(Rows * QueryHeads * Size, 1);
        float[] key = Values.Normal(Rows * Heads * Size, 2);
        float[] value = Values.Normal(Rows * Heads * Size, 3);
        float[] queryNorm = Values.Normal(Size, 4);
        float[] keyNorm = Values.Normal(Size, 5);
        int stride = (2 * pairs) + 4;
        float[] angles = new float[Rows * stride];
        for (int row = 0; row < Rows; row++)
        {
            for (int i = 0; i < pairs; i++)
            {
                (double sin, double cos) = Math.SinCos(s_positions[row] * Math.Pow(1000, -(double)i / pairs));
                (angles[(row * stride) + i], angles[(row * stride) + pairs + i]) = ((float)cos, (float)sin);
            }

            angles[(row * stride) + (2 * pairs)] = 1.25f;
        }

        int bytes = type switch { "f32" => 4, "bf16" => 2, _ => 1 };
        ulong[] pages = [.. Enumerable.Range(0, 3).Select(_ => card.Upload(new byte[2 * Heads * 32 * Size * bytes]))];
        float[] scales = [0.5f, 0.25f, 2, 0.125f];
        ulong q = card.Upload(query);
        var heads = new RotatedHeads
        {
            Query = q,
            Key = card.Upload(key),
            Value = card.Upload(value),
            QueryNorm = norms ? card.Upload(queryNorm) : 0,
            KeyNorm = norms ? card.Upload(keyNorm) : 0,
            Angles = card.Upload(angles),
            QueryStride = QueryHeads * Size,
            KeyStride = Heads * Size,
            ValueStride = Heads * Size,
            QueryHeads = QueryHeads,
            AngleStride = stride,
            Pairs = pairs,
            Neighbours = neighbours ? 1 : 0,
            Epsilon = Epsilon,
        };
        var cache = new CachePages
        {
            Addresses = card.Upload(pages),
            Tables = card.Upload(1, 0),
            Positions = card.Upload(s_positions),
            Scales = type == "e4m3" ? card.Upload(scales) : 0,
            Heads = Heads,
            Dimensions = Size,
        };
        card.Launch("rotate", $"rotate_and_store_{type}", new Dim3(2, Rows), 128, 0, heads, cache);
        for (int row = 0; row < Rows; row++)
        {
            for (int head = 0; head < QueryHeads; head++)
            {
                int at = ((row * QueryHeads) + head) * Size;
                double[] expected = [.. Turned(query.AsSpan(at, Size), norms ? queryNorm : null, angles.AsSpan(row * stride), pairs, neighbours).Select(x => x * 1.25)];
                Values.AssertClose(expected, card.Read<float>(q + (ulong)(at * 4), Size), 1e-6, $"query {row}, {head}");
            }

            // Row 0 is the second page of a sequence whose pages begin at the second address.
            ulong page = row == 0 ? pages[2] : pages[0];
            int slot = s_positions[row] % 32;
            for (int head = 0; head < Heads; head++)
            {
                int at = ((row * Heads) + head) * Size;
                double[] turned = Turned(key.AsSpan(at, Size), norms ? keyNorm : null, angles.AsSpan(row * stride), pairs, neighbours);
                (float keyScale, float valueScale) = type == "e4m3" ? (scales[head * 2], scales[(head * 2) + 1]) : (1, 1);
                ulong keys = page + (ulong)(head * 2 * 32 * Size * bytes);
                byte[] all = card.Read<byte>(keys, 2 * 32 * Size * bytes);
                for (int i = 0; i < Size; i++)
                {
                    AssertStored(type, turned[i], keyScale, all.AsSpan(((slot * Size) + i) * bytes, bytes), 1e-6);
                    AssertStored(type, value[at + i], valueScale, all.AsSpan(((32 * Size) + (i * 32) + slot) * bytes, bytes), 0);
                }
            }
        }
    }

    [Theory]
    [InlineData("e4m3", float.NaN, 0x7F)]
    [InlineData("e4m3", float.NegativeInfinity, 0xFF)]
    [InlineData("e4m3", 1e9f, 0x7E)]
    [InlineData("e5m2", float.NaN, 0x7F)]
    [InlineData("e5m2", float.PositiveInfinity, 0x7C)]
    [InlineData("e5m2", -1e9f, 0xFB)]
    public void What_is_no_number_is_stored_as_none(string type, float value, int code)
    {
        var card = new KernelCard("sm_80");
        float[] values = new float[32];
        values[3] = value;
        ulong page = card.Upload(new byte[2 * 32 * 32]);
        var heads = new RotatedHeads { Query = card.Upload(0f), Key = card.Upload(new float[32]), Value = card.Upload(values), Angles = card.Upload(1f) };
        var cache = new CachePages { Addresses = card.Upload(page), Tables = card.Upload(0), Positions = card.Upload(0), Heads = 1, Dimensions = 32 };
        card.Launch("rotate", $"rotate_and_store_{type}", 1, 64, 0, heads, cache);

        // A NaN has either sign.
        int found = card.Read<byte>(page + (32 * 32) + (3 * 32), 1)[0];
        Assert.Equal(float.IsNaN(value) ? code & 0x7F : code, float.IsNaN(value) ? found & 0x7F : found);
    }

    static void AssertStored(string type, double expected, float scale, ReadOnlySpan<byte> stored, double tolerance)
    {
        // A value near the border of two codes may be either's, where the sum before it was rounded otherwise.
        float low = (float)(expected - (tolerance * 10));
        float high = (float)(expected + (tolerance * 10));
        (double from, double to, double found) = type switch
        {
            "f32" => (low, high, (double)BitConverter.ToSingle(stored)),
            "bf16" => (Values.BFloat(low), Values.BFloat(high), BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(stored) << 16)),
            "e4m3" => ((float)Float8E4M3FN.FromSingle(low / scale, OverflowMode.SaturateFinite), (float)Float8E4M3FN.FromSingle(high / scale, OverflowMode.SaturateFinite), (float)Float8E4M3FN.FromBits(stored[0])),
            _ => ((float)Float8E5M2.FromSingle(low, OverflowMode.SaturateFinite), (float)Float8E5M2.FromSingle(high, OverflowMode.SaturateFinite), (float)Float8E5M2.FromBits(stored[0])),
        };
        Assert.InRange(found, from, to);
    }

    static double[] Turned(ReadOnlySpan<float> head, float[]? norm, ReadOnlySpan<float> angles, int pairs, bool neighbours)
    {
        double[] x = [.. head.ToArray().Select(value => (double)value)];
        if (norm is not null)
        {
            double length = Math.Sqrt((x.Sum(value => value * value) / x.Length) + Epsilon);
            x = [.. x.Select((value, i) => value / length * norm[i])];
        }

        for (int i = 0; i < pairs; i++)
        {
            (int first, int second) = neighbours ? (2 * i, (2 * i) + 1) : (i, i + pairs);
            (x[first], x[second]) = ((x[first] * angles[i]) - (x[second] * angles[pairs + i]), (x[second] * angles[i]) + (x[first] * angles[pairs + i]));
        }

        return x;
    }
}
