using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;
using Octet.Numerics;
using Octet.Tests.Backends.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends;

/// <summary>Attention of every kernel against softmax in double precision: head sizes, groups, tile heights, positions within pages.</summary>
public unsafe class AttentionTests
{
    // Of the layer that is looked at: the one beside it has others.
    static readonly KvScale s_scale = new(1 / 400f, 1 / 300f);

    public static TheoryData<string> Sets => KernelSets.Names;

    public static TheoryData<string> Codes => [.. ProductCodes.Names];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_tile_is_a_causal_softmax(string set)
    {
        foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
        {
            foreach ((int size, int group) in ((int, int)[])[(64, 1), (128, 2), (128, 4), (32, 3), (80, 2), (24, 2)])
            {
                foreach ((int position, int rows) in ((int, int)[])[(0, 1), (31, 1), (32, 1), (70, 1), (0, 5), (29, 7), (64, 24)])
                {
                    Check(set, type, size, group, position, rows);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_tile_in_generated_code_is_a_causal_softmax_of_rounded_queries(string code)
    {
        var kernels = new BFloat16Kernels(code, BFloat16Kernels.FewestTokensForTiles, ProductCodes.Get(code), KernelSets.Get("scalar"));

        // Queries of up to 3 and scores of up to 8 roundings of 2^-9 each; a probability is off by as much as its score.
        foreach ((int size, int group) in ((int, int)[])[(64, 1), (128, 2), (96, 4), (32, 3), (256, 2)])
        {
            foreach ((int position, int rows) in ((int, int)[])[(0, 8), (29, 9), (64, 24), (120, 17), (250, 24)])
            {
                Check(kernels, code, KvCacheType.BFloat16, size, group, position, rows, 1e-2);
            }
        }

        Assert.Empty(InterpretedCode.Failures);
    }

    /// <summary>Windows that begin anywhere in a page, also behind a tile's first pages; sinks that are the largest score, and the smallest.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_window_and_sink_is_that_of_the_definition(string set)
    {
        foreach (KvCacheType type in (KvCacheType[])[KvCacheType.Float32, KvCacheType.BFloat16])
        {
            foreach ((int position, int rows, int window) in ((int, int, int)[])[(31, 1, 1), (40, 1, 8), (70, 1, 39), (70, 1, 500), (60, 7, 3), (90, 24, 32), (33, 24, 20)])
            {
                foreach (bool sinks in (bool[])[false, true])
                {
                    Check(KernelSets.Get(set), set, type, 64, 2, position, rows, 2e-6, window, sinks);
                }
            }

            Check(KernelSets.Get(set), set, type, 80, 3, 45, 1, 2e-6, 0, sinks: true);
        }
    }

    /// <summary>Query heads of one token as rows, all over one key whose beginning is the value.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void Latents_are_keys_and_values(string set)
    {
        foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
        {
            foreach ((int size, int value, int position, int heads) in ((int, int, int, int)[])[(96, 64, 0, 1), (96, 64, 70, AttentionTile.MaxHeads), (80, 48, 31, 5), (60, 36, 33, 3)])
            {
                Check(KernelSets.Get(set), set, type, size, 1, position, heads, 2e-6, valueInKey: value);
            }
        }
    }

    static void Check(string set, KvCacheType type, int size, int group, int position, int rows) => Check(KernelSets.Get(set), set, type, size, group, position, rows, 2e-6);

    static void Check(CpuKernels kernels, string set, KvCacheType type, int size, int group, int position, int rows, double tolerance, int window = 0, bool sinks = false, int? valueInKey = null)
    {
        bool latent = valueInKey is not null;
        int head = latent ? 0 : 1;
        int valueSize = valueInKey ?? size;
        var layout = new KvCacheLayout(2, latent ? 1 : 2, size, type) { ValueInKey = valueInKey, Scales = type == KvCacheType.Float8E4M3 ? [new(7, 9), s_scale] : null };
        using var cache = new CpuKvCache(layout, 16, MemoryLedger.Host, withinRoom: false);
        using var sequence = new KvSequence(cache, 1);
        int positions = position + (latent ? 1 : rows);
        Assert.True(sequence.TryGrow(positions));
        var random = new Random(size * 100 + positions);

        // What no token wrote is NaN: nothing may come of it.
        for (int p = 0; p < sequence.Capacity; p++)
        {
            byte* keys = cache.Keys(sequence.Page(p / KvCacheLayout.PageTokens), 1, head) + (long)(p % KvCacheLayout.PageTokens) * size * layout.ElementBytes;
            for (int i = 0; i < size; i++)
            {
                Write(keys, i, p < positions ? random : null, type);
                if (!latent)
                {
                    Write(keys + cache.ValueOffset, i, p < positions ? random : null, type);
                }
            }
        }

        using var query = new CpuActivations(rows, 2 * group * size, MemoryLedger.Host);
        using var output = new CpuActivations(rows, 2 * group * size, MemoryLedger.Host);
        for (int row = 0; row < rows; row++)
        {
            foreach (ref float value in new Span<float>(query.Row(row), query.Columns))
            {
                value = random.NextSingle() * 6 - 3;
            }
        }

        float[] sink = [.. Enumerable.Range(0, group).Select(g => g == 0 ? 4f : -9f)];
        float[] scratch = new float[kernels.AttentionScratch(size, rows, group) + 16];
        fixed (float* at = scratch, sinkScores = sink)
        {
            kernels.Attend(new AttentionTile
            {
                Cache = cache,
                Sequence = sequence,
                Layer = 1,
                Head = head,
                RowsAreHeads = latent,
                Window = window,
                Sinks = sinks ? sinkScores : null,
                Group = group,
                Position = position,
                Rows = rows,
                Scale = 1 / MathF.Sqrt(size),
                Query = query.Row(0) + group * size,
                QueryStride = query.Stride,
                Output = output.Row(0) + group * size,
                OutputStride = output.Stride,
                Scratch = (float*)(((nint)at + 63) & ~63),
            });
        }

        // What is stored, read once.
        double[][] keysOf = [.. Enumerable.Range(0, positions).Select(p => Read(cache, sequence, head, p, size, 0))];
        double[][] valuesOf = [.. Enumerable.Range(0, positions).Select(p => Read(cache, sequence, head, p, valueSize, cache.ValueOffset))];
        double[] scores = new double[positions];
        for (int row = 0; row < rows; row++)
        {
            for (int g = 0; g < group; g++)
            {
                float* q = query.Row(row) + (group + g) * size;
                int visible = position + (latent ? 1 : row + 1);
                int from = window == 0 ? 0 : Math.Max(0, visible - window);
                for (int p = from; p < visible; p++)
                {
                    double sum = 0;
                    double[] key = keysOf[p];
                    for (int i = 0; i < key.Length; i++)
                    {
                        sum += key[i] * q[i];
                    }

                    scores[p] = sum / Math.Sqrt(size);
                }

                double max = scores[from..visible].Max();
                double[] weights = [.. scores[from..visible].Select(score => Math.Exp(score - max))];
                double total = weights.Sum() + (sinks ? Math.Exp(sink[g] - max) : 0);
                for (int i = 0; i < valueSize; i++)
                {
                    double expected = 0;
                    for (int p = from; p < visible; p++)
                    {
                        expected += weights[p - from] / total * valuesOf[p][i];
                    }

                    float found = output.Row(row)[(group * size) + (g * valueSize) + i];
                    if (!(Math.Abs(found - expected) < tolerance))
                    {
                        Assert.Fail($"{set}, {type}, head size {size}, group {group}, position {position} + {row}: element {i} is {found}, expected {expected}");
                    }
                }
            }
        }
    }

    // A number from -1 to 1, or NaN.
    static void Write(byte* at, int index, Random? random, KvCacheType type)
    {
        switch (type)
        {
            case KvCacheType.Float32: ((float*)at)[index] = random is null ? float.NaN : random.NextSingle() * 2 - 1; break;
            case KvCacheType.BFloat16: ((BFloat16*)at)[index] = (BFloat16)(random is null ? float.NaN : random.NextSingle() * 2 - 1); break;
            case KvCacheType.Float8E4M3: at[index] = random is null ? (byte)0x7F : (byte)(random.Next(0x7F) | random.Next(2) << 7); break;
            default: at[index] = random is null ? (byte)0x7E : (byte)(random.Next(0x3D) | random.Next(2) << 7); break;
        }
    }

    static double[] Read(CpuKvCache cache, KvSequence sequence, int head, int position, int count, long offset)
    {
        byte* keys = cache.Keys(sequence.Page(position / KvCacheLayout.PageTokens), 1, head) + offset;
        long first = (long)(position % KvCacheLayout.PageTokens) * cache.Layout.HeadDim;
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            long at = first + i;
            values[i] = cache.Layout.Type switch
            {
                KvCacheType.Float32 => ((float*)keys)[at],
                KvCacheType.BFloat16 => (float)((BFloat16*)keys)[at],
                KvCacheType.Float8E4M3 => E4M3.Decode(keys[at]) * (offset == 0 ? s_scale.Key : s_scale.Value),
                _ => E5M2.Decode(keys[at]),
            };
        }

        return values;
    }
}
