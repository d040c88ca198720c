using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>
/// A random Qwen3 checkpoint in the published layout. Linear weights are FP8 codes over the whole range, subnormals included, with a
/// different scale for every block, so that a scale misplaced by one block shows; or one of the wider types.
/// </summary>
sealed record SyntheticCheckpoint
{
    internal int HiddenSize { get; init; } = 160;

    internal int IntermediateSize { get; init; } = 288;

    internal int Layers { get; init; } = 2;

    internal int Heads { get; init; } = 4;

    internal int KeyValueHeads { get; init; } = 2;

    internal int HeadDim { get; init; } = 32;

    internal int VocabSize { get; init; } = 301;

    internal double RopeTheta { get; init; } = 1_000_000;

    internal int MaxPositionEmbeddings { get; init; } = 512;

    internal DataType LinearType { get; init; } = DataType.Float8E4M3FN;

    /// <summary>How linear layers are stored; null: as <see cref="LinearType"/> says.</summary>
    internal WeightScheme? Scheme { get; init; }

    /// <summary>With a <see cref="Scheme"/>, after <see cref="Write"/>: the weights that it means, by module.</summary>
    internal Dictionary<string, double[][]> Meant { get; } = [];

    internal DataType ScaleType { get; init; } = DataType.BFloat16;

    internal DataType WideType { get; init; } = DataType.BFloat16;

    internal bool Tied { get; init; } = true;

    /// <summary>Of a head of its own, about the spread of the logits. A tied model all but repeats its last token.</summary>
    internal double HeadSpread { get; init; } = 1;

    /// <summary>A tied model that stores the embedding a second time as <c>lm_head.weight</c>, as published files do.</summary>
    internal bool StoreHead { get; init; }

    internal long? ShardSize { get; init; }

    /// <summary>The metadata of the file.</summary>
    internal IReadOnlyDictionary<string, string> Metadata { get; init; } = new SafetensorsWriterOptions().Metadata;

    internal int Seed { get; init; } = 1;

    /// <summary>Changes the list of tensors before it is written: what a damaged checkpoint is made of.</summary>
    internal Action<List<TensorSource>>? Edit { get; init; }

    internal Action<JsonObject>? EditConfig { get; init; }

    internal void Write(string directory)
    {
        List<TensorSource> tensors = [];
        void Wide(string name, double spread, double center, params long[] shape) => tensors.Add(WideTensor(name, WideType, spread, center, shape));
        void Linear(string name, long rows, long columns, double gain = 1) => AddLinear(tensors, name, rows, columns, gain);

        Wide("model.embed_tokens.weight", 1, 0, VocabSize, HiddenSize);
        for (int i = 0; i < Layers; i++)
        {
            string at = $"model.layers.{i}.";
            Wide(at + "input_layernorm.weight", 0.1, 1, HiddenSize);
            Wide(at + "post_attention_layernorm.weight", 0.1, 1, HiddenSize);
            Wide(at + "self_attn.q_norm.weight", 0.1, 1, HeadDim);
            Wide(at + "self_attn.k_norm.weight", 0.1, 1, HeadDim);
            Linear(at + "self_attn.q_proj", Heads * HeadDim, HiddenSize);
            Linear(at + "self_attn.k_proj", KeyValueHeads * HeadDim, HiddenSize);
            Linear(at + "self_attn.v_proj", KeyValueHeads * HeadDim, HiddenSize);
            Linear(at + "self_attn.o_proj", HiddenSize, Heads * HeadDim, 0.5);
            Linear(at + "mlp.gate_proj", IntermediateSize, HiddenSize);
            Linear(at + "mlp.up_proj", IntermediateSize, HiddenSize);
            Linear(at + "mlp.down_proj", HiddenSize, IntermediateSize, 0.5);
        }

        Wide("model.norm.weight", 0.1, 1, HiddenSize);
        if (StoreHead)
        {
            tensors.Add(WideTensor("model.embed_tokens.weight", WideType, 1, 0, [VocabSize, HiddenSize], "lm_head.weight"));
        }
        else if (!Tied)
        {
            Wide("lm_head.weight", HeadSpread / Math.Sqrt(HiddenSize), 0, VocabSize, HiddenSize);
        }

        Edit?.Invoke(tensors);
        JsonObject config = Config();
        EditConfig?.Invoke(config);
        File.WriteAllText(Path.Combine(directory, "config.json"), config.ToJsonString());
        if (ShardSize is { } size)
        {
            SafetensorsWriter.WriteSharded(directory, tensors, new SafetensorsWriterOptions { MaxShardSize = size, Metadata = Metadata });
        }
        else
        {
            SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), tensors, new SafetensorsWriterOptions { Metadata = Metadata });
        }
    }

    internal JsonObject Config()
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray("Qwen3ForCausalLM"),
            ["model_type"] = "qwen3",
            ["hidden_size"] = HiddenSize,
            ["intermediate_size"] = IntermediateSize,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["head_dim"] = HeadDim,
            ["vocab_size"] = VocabSize,
            ["max_position_embeddings"] = MaxPositionEmbeddings,
            ["rope_theta"] = RopeTheta,
            ["rms_norm_eps"] = 1e-6,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = Tied,
            ["eos_token_id"] = VocabSize - 1,
        };
        if (Scheme is not null)
        {
            if (Scheme.Config is { } quantization)
            {
                config["quantization_config"] = quantization.DeepClone();
            }
        }
        else if (LinearType == DataType.Float8E4M3FN)
        {
            config["quantization_config"] = new JsonObject
            {
                ["quant_method"] = "fp8",
                ["fmt"] = "e4m3",
                ["activation_scheme"] = "dynamic",
                ["weight_block_size"] = new JsonArray(128, 128),
            };
        }

        return config;
    }

    void AddLinear(List<TensorSource> tensors, string name, long rows, long columns, double gain)
    {
        double spread = gain / Math.Sqrt(columns);
        if (Scheme is not null)
        {
            Meant[name] = Scheme.Write(new WeightScheme.Layer(name, (int)rows, (int)columns, spread, Random(name), tensors));
            return;
        }

        if (LinearType != DataType.Float8E4M3FN)
        {
            tensors.Add(WideTensor(name + ".weight", LinearType, spread, 0, [rows, columns]));
            return;
        }

        Random random = Random(name);
        byte[] codes = new byte[rows * columns];
        random.NextBytes(codes);
        for (int i = 0; i < codes.Length; i++)
        {
            // Not the two NaN codes.
            codes[i] = (codes[i] & 0x7F) == 0x7F ? (byte)0x30 : codes[i];
        }

        // Codes drawn evenly have a root mean square of about 122.
        long blocks = (rows + 127) / 128 * ((columns + 127) / 128);
        tensors.Add(new TensorSource(name + ".weight", DataType.Float8E4M3FN, [rows, columns], codes));
        tensors.Add(Encode(name + ".weight_scale_inv", ScaleType, [(rows + 127) / 128, (columns + 127) / 128],
            () => spread / 122 * Math.Exp(0.5 * Normal(random)), blocks));
    }

    TensorSource WideTensor(string name, DataType type, double spread, double center, long[] shape, string? storedAs = null)
    {
        Random random = Random(name);
        return Encode(storedAs ?? name, type, shape, () => center + spread * Normal(random), shape.Aggregate(1L, (a, b) => a * b));
    }

    static TensorSource Encode(string name, DataType type, long[] shape, Func<double> next, long count)
    {
        byte[] bytes = new byte[count * (type == DataType.Float32 ? 4 : 2)];
        for (int i = 0; i < count; i++)
        {
            float value = (float)next();
            switch (type)
            {
                case DataType.Float32:
                    MemoryMarshal.Cast<byte, float>(bytes.AsSpan())[i] = value;
                    break;
                case DataType.Float16:
                    MemoryMarshal.Cast<byte, Half>(bytes.AsSpan())[i] = (Half)value;
                    break;
                default:
                    // Truncated: any bfloat16 will do.
                    MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan())[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
                    break;
            }
        }

        return new TensorSource(name, type, shape, bytes);
    }

    // string.GetHashCode differs from run to run.
    Random Random(string name) => new(name.Aggregate(Seed, (hash, letter) => unchecked(hash * 31 + letter)));

    static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
