using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Measurements.Mixtures;

/// <summary>
/// A mixture of experts of random weights, Qwen3-30B-A3B's shape with fewer layers and tokens: E4M3 in blocks of 128 x 128 with BF16 scales,
/// as that is published. Enough to measure speed and memory; it says nothing.
/// </summary>
sealed record MixtureCheckpoint
{
    const int Block = 128;
    const int HeadDim = 128;

    // Random weights are cut from these, beginning anywhere.
    const int PoolBytes = 1 << 22;

    internal string Directory { get; private init; } = "";

    internal int Layers { get; private init; } = 4;

    internal int Hidden { get; private init; } = 2048;

    internal int Inner { get; private init; } = 768;

    internal int Experts { get; private init; } = 128;

    internal int Chosen { get; private init; } = 8;

    internal int Heads { get; private init; } = 32;

    internal int KeyValueHeads { get; private init; } = 4;

    internal int Vocabulary { get; private init; } = 32768;

    internal static MixtureCheckpoint Parse(string[] arguments)
    {
        var checkpoint = new MixtureCheckpoint();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string? text = i + 1 < arguments.Length ? arguments[i + 1] : null;
            if (arguments[i] == "--out" && text is not null)
            {
                checkpoint = checkpoint with { Directory = text };
                continue;
            }

            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value == 0)
            {
                throw new MeasurementException($"{arguments[i]}: expected a whole number above 0 behind it");
            }

            checkpoint = arguments[i] switch
            {
                "--layers" => checkpoint with { Layers = value },
                "--experts" => checkpoint with { Experts = value },
                "--chosen" => checkpoint with { Chosen = value },
                "--vocabulary" => checkpoint with { Vocabulary = value },
                _ => throw new MeasurementException($"there is no option {arguments[i]}"),
            };
        }

        return checkpoint.Directory.Length > 0 ? checkpoint : throw new MeasurementException("expected --out and a folder");
    }

    internal void Write(CancellationToken cancellation)
    {
        System.IO.Directory.CreateDirectory(Directory);
        var random = new Random(1);
        byte[] codes = new byte[PoolBytes];
        byte[] wide = new byte[2 * PoolBytes];
        for (int i = 0; i < PoolBytes; i++)
        {
            float normal = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            codes[i] = Unsafe.BitCast<Float8E4M3FN, byte>(Float8E4M3FN.FromSingle(normal * 100, OverflowMode.SaturateFinite));
            BitConverter.TryWriteBytes(wide.AsSpan(2 * i), Unsafe.BitCast<BFloat16, ushort>((BFloat16)(normal * 0.5f)));
        }

        SafetensorsWriter.WriteSharded(Directory, Tensors(random, codes, wide), cancellationToken: cancellation);
        File.WriteAllText(Path.Combine(Directory, "config.json"), Config().ToJsonString());
    }

    List<TensorSource> Tensors(Random random, byte[] codes, byte[] wide)
    {
        TensorSource Wide(string name, params long[] shape) => Cut(name, DataType.BFloat16, shape, wide, random);
        TensorSource Ones(string name, long length) => new(name, DataType.BFloat16, [length], new byte[] { 0x80, 0x3F }.AsMemory().Repeat((int)length));
        IEnumerable<TensorSource> Linear(string name, long outputs, long inputs)
        {
            // The variance of a sum of so many products of such codes is 1.
            ushort scale = Unsafe.BitCast<BFloat16, ushort>((BFloat16)(float)(1 / (100 * Math.Sqrt(inputs))));
            long blocks = (outputs + Block - 1) / Block * ((inputs + Block - 1) / Block);
            yield return Cut(name + ".weight", DataType.Float8E4M3FN, [outputs, inputs], codes, random);
            yield return new TensorSource(
                name + ".weight_scale_inv", DataType.BFloat16, [(outputs + Block - 1) / Block, (inputs + Block - 1) / Block], BitConverter.GetBytes(scale).AsMemory().Repeat((int)blocks));
        }

        List<TensorSource> tensors = [Wide("model.embed_tokens.weight", Vocabulary, Hidden), Wide("lm_head.weight", Vocabulary, Hidden), Ones("model.norm.weight", Hidden)];
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            tensors.AddRange(
            [
                Ones(at + "input_layernorm.weight", Hidden), Ones(at + "post_attention_layernorm.weight", Hidden),
                Ones(at + "self_attn.q_norm.weight", HeadDim), Ones(at + "self_attn.k_norm.weight", HeadDim),
                .. Linear(at + "self_attn.q_proj", Heads * HeadDim, Hidden), .. Linear(at + "self_attn.k_proj", KeyValueHeads * HeadDim, Hidden),
                .. Linear(at + "self_attn.v_proj", KeyValueHeads * HeadDim, Hidden), .. Linear(at + "self_attn.o_proj", Hidden, Heads * HeadDim),
                Wide(at + "mlp.gate.weight", Experts, Hidden),
            ]);
            for (int expert = 0; expert < Experts; expert++)
            {
                string of = $"{at}mlp.experts.{expert}.";
                tensors.AddRange([.. Linear(of + "gate_proj", Inner, Hidden), .. Linear(of + "up_proj", Inner, Hidden), .. Linear(of + "down_proj", Hidden, Inner)]);
            }
        }

        return tensors;
    }

    static TensorSource Cut(string name, DataType type, long[] shape, byte[] pool, Random random)
    {
        int start = random.Next(pool.Length / 2) * 2;
        return new TensorSource(name, type, shape, stream =>
        {
            long left = shape.Aggregate(type == DataType.BFloat16 ? 2L : 1, (product, length) => product * length);
            for (int at = start; left > 0; at = 0)
            {
                int count = (int)Math.Min(left, pool.Length - at);
                stream.Write(pool.AsSpan(at, count));
                left -= count;
            }
        });
    }

    JsonObject Config() => new()
    {
        ["architectures"] = new JsonArray("Qwen3MoeForCausalLM"),
        ["model_type"] = "qwen3_moe",
        ["attention_bias"] = false,
        ["decoder_sparse_step"] = 1,
        ["head_dim"] = HeadDim,
        ["hidden_act"] = "silu",
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = 3 * Hidden,
        ["max_position_embeddings"] = 40960,
        ["mlp_only_layers"] = new JsonArray(),
        ["moe_intermediate_size"] = Inner,
        ["norm_topk_prob"] = true,
        ["num_attention_heads"] = Heads,
        ["num_experts"] = Experts,
        ["num_experts_per_tok"] = Chosen,
        ["num_hidden_layers"] = Layers,
        ["num_key_value_heads"] = KeyValueHeads,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 1000000.0,
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = "bfloat16",
        ["vocab_size"] = Vocabulary,
        ["quantization_config"] = new JsonObject { ["quant_method"] = "fp8", ["fmt"] = "e4m3", ["activation_scheme"] = "dynamic", ["weight_block_size"] = new JsonArray(Block, Block) },
    };
}

file static class Bytes
{
    internal static ReadOnlyMemory<byte> Repeat(this Memory<byte> pattern, int count)
    {
        byte[] all = new byte[pattern.Length * count];
        for (int i = 0; i < count; i++)
        {
            pattern.CopyTo(all.AsMemory(i * pattern.Length));
        }

        return all;
    }
}
