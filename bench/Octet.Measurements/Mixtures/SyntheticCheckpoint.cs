using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Measurements.Mixtures;

/// <summary>
/// A checkpoint of random weights in a published shape, with fewer layers and tokens. Enough to measure speed and memory; it says nothing.
/// </summary>
abstract class SyntheticCheckpoint(MixtureOptions options)
{
    protected const int Block = 128;

    // Random weights are cut from these, beginning anywhere.
    const int PoolBytes = 1 << 22;

    readonly Random _random = new(1);
    readonly byte[] _codes = new byte[PoolBytes];
    readonly byte[] _wide = new byte[2 * PoolBytes];
    readonly byte[] _nibbles = new byte[PoolBytes];

    protected MixtureOptions Options { get; } = options;

    internal static SyntheticCheckpoint Of(MixtureOptions options) => options.Shape switch
    {
        MixtureOptions.Qwen3 => new Qwen3Mixture(options),
        MixtureOptions.GptOss => new GptOssMixture(options),
        _ => new LatentAttentionCheckpoint(options),
    };

    internal void Write(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Options.Directory);
        _random.NextBytes(_nibbles);
        for (int i = 0; i < PoolBytes; i++)
        {
            float normal = (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
            _codes[i] = Unsafe.BitCast<Float8E4M3FN, byte>(Float8E4M3FN.FromSingle(normal * 100, OverflowMode.SaturateFinite));
            BitConverter.TryWriteBytes(_wide.AsSpan(2 * i), Unsafe.BitCast<BFloat16, ushort>((BFloat16)(normal * 0.02f)));
        }

        SafetensorsWriter.WriteSharded(Options.Directory, [.. Ends(), .. Enumerable.Range(0, Options.Layers).SelectMany(Layer)], cancellationToken: cancellation);
        File.WriteAllText(Path.Combine(Options.Directory, "config.json"), Config().ToJsonString());
    }

    protected abstract int Hidden { get; }

    protected abstract IEnumerable<TensorSource> Layer(int layer);

    protected abstract JsonObject Config();

    IEnumerable<TensorSource> Ends()
        => [Wide("model.embed_tokens.weight", Options.Vocabulary, Hidden), Wide("lm_head.weight", Options.Vocabulary, Hidden), Ones("model.norm.weight", Hidden)];

    protected TensorSource Wide(string name, params long[] shape) => Cut(name, DataType.BFloat16, 2, shape, _wide);

    /// <summary>Four bits and no meaning of their own, two in a byte.</summary>
    protected TensorSource Nibbles(string name, params long[] shape) => Cut(name, DataType.UInt8, 1, shape, _nibbles);

    protected static TensorSource Ones(string name, int length) => new(name, DataType.BFloat16, [length], Repeat([0x80, 0x3F], length));

    protected static TensorSource Same(string name, byte value, params long[] shape)
        => new(name, DataType.UInt8, shape, Repeat([value], checked((int)shape.Aggregate(1L, (product, length) => product * length))));

    /// <summary>E4M3 in blocks with BF16 scales.</summary>
    protected IEnumerable<TensorSource> Linear(string name, long outputs, long inputs)
    {
        // The variance of a sum of so many products of such codes is 1.
        ushort scale = Unsafe.BitCast<BFloat16, ushort>((BFloat16)(float)(1 / (100 * Math.Sqrt(inputs))));
        long[] blocks = [(outputs + Block - 1) / Block, (inputs + Block - 1) / Block];
        yield return Cut(name + ".weight", DataType.Float8E4M3FN, 1, [outputs, inputs], _codes);
        yield return new TensorSource(name + ".weight_scale_inv", DataType.BFloat16, blocks, Repeat(BitConverter.GetBytes(scale), checked((int)(blocks[0] * blocks[1]))));
    }

    protected static JsonObject Float8Blocks()
        => new() { ["quant_method"] = "fp8", ["fmt"] = "e4m3", ["activation_scheme"] = "dynamic", ["weight_block_size"] = new JsonArray(Block, Block) };

    TensorSource Cut(string name, DataType type, long elementBytes, long[] shape, byte[] pool)
    {
        int start = _random.Next(pool.Length / 2) * 2;
        return new TensorSource(name, type, shape, stream =>
        {
            long left = shape.Aggregate(elementBytes, (product, length) => product * length);
            for (int at = start; left > 0; at = 0)
            {
                int count = (int)Math.Min(left, pool.Length - at);
                stream.Write(pool.AsSpan(at, count));
                left -= count;
            }
        });
    }

    static ReadOnlyMemory<byte> Repeat(ReadOnlySpan<byte> pattern, int count)
    {
        byte[] all = new byte[pattern.Length * count];
        for (int i = 0; i < count; i++)
        {
            pattern.CopyTo(all.AsSpan(i * pattern.Length));
        }

        return all;
    }
}
