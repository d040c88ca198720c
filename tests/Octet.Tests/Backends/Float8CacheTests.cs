using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>What is stored in an FP8 cache, code by code, and what becomes of numbers that are none.</summary>
public unsafe class Float8CacheTests
{
    public static TheoryData<string> Sets => KernelSets.Names;

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_stored_number_is_the_code_nearest_to_its_quotient_by_the_scale(string set)
    {
        var random = new Random(5);
        const float Scale = 0.0173f;
        float[] values = [.. Enumerable.Range(0, 300).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-14, 6))))];

        // The largest, a tie that goes to it, and beyond; a tie of subnormals; zeros.
        float[] special = [448 * Scale, 463 * Scale, 464 * Scale, 500 * Scale, -1e30f, 1e30f, 1.5f / 512 * Scale, 0, -0f, 57344, 61439, 61440, -1e6f];
        special.CopyTo(values, 120);
        AssertStored(set, values, KvCacheType.Float8E4M3, Scale, E4M3.Encode);
        AssertStored(set, values, KvCacheType.Float8E4M3, 1, E4M3.Encode);
        AssertStored(set, values, KvCacheType.Float8E5M2, 1, E5M2.Encode);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Nan_and_infinity_are_not_saturated(string set)
    {
        float[] values = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

        Assert.All(Store(set, values, KvCacheType.Float8E4M3, 0.5f), code => Assert.Equal(0x7F, code & 0x7F));
        byte[] wide = Store(set, values, KvCacheType.Float8E5M2, 1);
        Assert.True(double.IsNaN(E5M2.Decode(wide[0])));
        Assert.Equal([0x7C, 0xFC], wide[1..]);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_nan_that_was_cached_shows_in_its_head_alone(string set)
    {
        foreach (KvCacheType type in (KvCacheType[])[KvCacheType.Float8E4M3, KvCacheType.Float8E5M2])
        {
            foreach (int rows in (int[])[1, 3])
            {
                foreach (bool inKey in (bool[])[true, false])
                {
                    float[] attended = Attend(set, type, rows, inKey);
                    Assert.All(attended[..128], value => Assert.True(float.IsNaN(value), $"{type}, {rows} rows, key {inKey}"));
                    Assert.All(attended[128..], value => Assert.True(float.IsFinite(value)));
                }
            }
        }
    }

    // The last of some tokens: two query heads on each of two key heads of 64, a NaN in the first token's first.
    static float[] Attend(string set, KvCacheType type, int rows, bool inKey)
    {
        using var backend = new CpuBackend(KernelSets.Get(set), 1, ActivationMode.WeightOnly);
        var layout = new KvCacheLayout(1, 2, 64, type);
        using KvCache cache = backend.CreateKvCache(layout, 1, withinRoom: false);
        using var sequence = new SequenceState(new StateCache(new StateLayout([layout], null, rows), [cache]));
        Assert.True(sequence.TryGrow(rows));
        using var query = (CpuActivations)backend.CreateActivations(rows, 256);
        using var key = (CpuActivations)backend.CreateActivations(rows, 128);
        using var value = (CpuActivations)backend.CreateActivations(rows, 128);
        using var output = (CpuActivations)backend.CreateActivations(rows, 256);
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(query.Row(row), 256).Fill(0.5f);
            new Span<float>(key.Row(row), 128).Fill(0.25f);
            new Span<float>(value.Row(row), 128).Fill(2);
        }

        // Every element of the value, as each is a sum of its own; one of the key.
        new Span<float>(inKey ? key.Row(0) : value.Row(0), inKey ? 1 : 64).Fill(float.NaN);
        var batch = new Batch(rows);
        batch.Add(sequence, 0, new int[rows]);
        var rotary = new Rotary([.. Enumerable.Range(0, 32).Select(i => Math.Pow(10_000, -i / 32.0))]);
        backend.RotateAndStore(query, key, value, default, rotary, cache, 0, batch);
        backend.Attention(query, cache, 0, new AttentionShape(1 / 8f), batch, output);
        float[] last = new float[256];
        output.CopyRow(rows - 1, last);
        return last;
    }

    static void AssertStored(string set, float[] values, KvCacheType type, float scale, Func<double, byte> encode)
    {
        byte[] found = Store(set, values, type, scale);
        for (int i = 0; i < values.Length; i++)
        {
            byte expected = encode(values[i] / scale);

            // The sign of zero is not the search's business.
            if (found[i] != expected && ((found[i] & 0x7F) != 0 || (expected & 0x7F) != 0))
            {
                Assert.Fail($"{set}, {type}, {values[i]:R} / {scale}: {found[i]:X2}, expected {expected:X2}");
            }
        }
    }

    static byte[] Store(string set, float[] values, KvCacheType type, float scale)
    {
        byte[] codes = new byte[values.Length];
        fixed (float* source = values)
        {
            fixed (byte* destination = codes)
            {
                KernelSets.Get(set).Store(source, destination, values.Length, type, scale);
            }
        }

        return codes;
    }
}
