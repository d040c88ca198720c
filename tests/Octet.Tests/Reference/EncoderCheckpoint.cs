using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>A random encoder in the published layout of its class. Norms, biases and tables are spread out, so that one that is forgotten or mixed up shows.</summary>
sealed record EncoderCheckpoint
{
    /// <summary>The class in <c>architectures</c>.</summary>
    internal string Architecture { get; init; } = "BertModel";

    internal int HiddenSize { get; init; } = 96;

    internal int IntermediateSize { get; init; } = 160;

    internal int Layers { get; init; } = 3;

    internal int Heads { get; init; } = 3;

    internal int VocabSize { get; init; } = 211;

    internal int MaxPositions { get; init; } = 160;

    internal int Labels { get; init; } = 1;

    /// <summary>The type of all tensors.</summary>
    internal DataType Type { get; init; } = DataType.Float32;

    /// <summary>What stands before the names of the encoder's own tensors.</summary>
    internal string Prefix { get; init; } = "";

    /// <summary>Whether norms have TensorFlow's names.</summary>
    internal bool OldNames { get; init; }

    internal int Seed { get; init; } = 1;

    internal Action<JsonObject>? EditConfig { get; init; }

    internal Action<List<TensorSource>>? Edit { get; init; }

    bool IsModern => Architecture.StartsWith("ModernBert", StringComparison.Ordinal);

    bool IsRoberta => Architecture.Contains("Roberta", StringComparison.Ordinal);

    bool Classifies => Architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal);

    internal void Write(string directory)
    {
        List<TensorSource> tensors = [];
        if (IsModern)
        {
            AddModern(tensors);
        }
        else
        {
            AddBert(tensors);
        }

        Edit?.Invoke(tensors);
        JsonObject config = Config();
        EditConfig?.Invoke(config);
        File.WriteAllText(Path.Combine(directory, "config.json"), config.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), tensors);
    }

    void AddBert(List<TensorSource> tensors)
    {
        string e = Prefix + "embeddings.";
        Add(tensors, e + "word_embeddings.weight", 1, 0, VocabSize, HiddenSize);
        Add(tensors, e + "position_embeddings.weight", 0.5, 0, MaxPositions, HiddenSize);
        Add(tensors, e + "token_type_embeddings.weight", 0.5, 0, IsRoberta ? 1 : 2, HiddenSize);
        Norm(tensors, e + "LayerNorm");
        tensors.Add(new TensorSource(e + "position_ids", DataType.Int64, [1, MaxPositions], new byte[MaxPositions * 8]));
        for (int i = 0; i < Layers; i++)
        {
            string at = $"{Prefix}encoder.layer.{i}.";
            foreach (string name in (string[])["query", "key", "value"])
            {
                Dense(tensors, $"{at}attention.self.{name}", HiddenSize, HiddenSize);
            }

            Dense(tensors, at + "attention.output.dense", HiddenSize, HiddenSize);
            Norm(tensors, at + "attention.output.LayerNorm");
            Dense(tensors, at + "intermediate.dense", IntermediateSize, HiddenSize);
            Dense(tensors, at + "output.dense", HiddenSize, IntermediateSize);
            Norm(tensors, at + "output.LayerNorm");
        }

        if (Classifies && IsRoberta)
        {
            Dense(tensors, "classifier.dense", HiddenSize, HiddenSize);
            Dense(tensors, "classifier.out_proj", Labels, HiddenSize);
            return;
        }

        Dense(tensors, Prefix + "pooler.dense", HiddenSize, HiddenSize);
        if (Classifies)
        {
            Dense(tensors, "classifier", Labels, HiddenSize);
        }
    }

    void AddModern(List<TensorSource> tensors)
    {
        Add(tensors, Prefix + "embeddings.tok_embeddings.weight", 1, 0, VocabSize, HiddenSize);
        Add(tensors, Prefix + "embeddings.norm.weight", 0.3, 1, HiddenSize);
        for (int i = 0; i < Layers; i++)
        {
            string at = $"{Prefix}layers.{i}.";
            if (i > 0)
            {
                Add(tensors, at + "attn_norm.weight", 0.3, 1, HiddenSize);
            }

            Matrix(tensors, at + "attn.Wqkv", 3 * HiddenSize, HiddenSize);
            Matrix(tensors, at + "attn.Wo", HiddenSize, HiddenSize);
            Add(tensors, at + "mlp_norm.weight", 0.3, 1, HiddenSize);
            Matrix(tensors, at + "mlp.Wi", 2 * IntermediateSize, HiddenSize);
            Matrix(tensors, at + "mlp.Wo", HiddenSize, IntermediateSize);
        }

        Add(tensors, Prefix + "final_norm.weight", 0.3, 1, HiddenSize);
        if (Classifies)
        {
            Matrix(tensors, "head.dense", HiddenSize, HiddenSize);
            Add(tensors, "head.norm.weight", 0.3, 1, HiddenSize);
            Dense(tensors, "classifier", Labels, HiddenSize);
        }
    }

    JsonObject Config()
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(Architecture),
            ["hidden_size"] = HiddenSize,
            ["intermediate_size"] = IntermediateSize,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["vocab_size"] = VocabSize,
            ["max_position_embeddings"] = MaxPositions,
        };
        if (IsModern)
        {
            config["hidden_activation"] = "gelu";
            config["norm_eps"] = 1e-5;
            config["global_attn_every_n_layers"] = 3;
            config["local_attention"] = 16;
            config["global_rope_theta"] = 160000.0;
            config["local_rope_theta"] = 10000.0;
            config["pad_token_id"] = 0;
        }
        else
        {
            config["hidden_act"] = "gelu";
            config["layer_norm_eps"] = IsRoberta ? 1e-5 : 1e-12;
            config["type_vocab_size"] = IsRoberta ? 1 : 2;
            config["pad_token_id"] = IsRoberta ? 1 : 0;
        }

        if (Classifies)
        {
            config["id2label"] = new JsonObject(Enumerable.Range(0, Labels).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)$"LABEL_{i}")));
        }

        return config;
    }

    void Norm(List<TensorSource> tensors, string name)
    {
        Add(tensors, name + (OldNames ? ".gamma" : ".weight"), 0.3, 1, HiddenSize);
        Add(tensors, name + (OldNames ? ".beta" : ".bias"), 0.3, 0, HiddenSize);
    }

    void Dense(List<TensorSource> tensors, string name, int outputs, int inputs)
    {
        Matrix(tensors, name, outputs, inputs);
        Add(tensors, name + ".bias", 0.3, 0, outputs);
    }

    void Matrix(List<TensorSource> tensors, string name, int outputs, int inputs) => Add(tensors, name + ".weight", 1 / Math.Sqrt(inputs), 0, outputs, inputs);

    void Add(List<TensorSource> tensors, string name, double spread, double center, params long[] shape)
    {
        // string.GetHashCode differs from run to run.
        Random random = new(name.Aggregate(Seed, (hash, letter) => unchecked((hash * 31) + letter)));
        long count = shape.Aggregate(1L, (a, b) => a * b);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(center + (spread * normal));
        }

        byte[] bytes = Type switch
        {
            DataType.Float32 => MemoryMarshal.AsBytes<float>(values).ToArray(),
            DataType.Float16 => MemoryMarshal.AsBytes<Half>(values.Select(value => (Half)value).ToArray()).ToArray(),
            _ => MemoryMarshal.AsBytes<ushort>(values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray()).ToArray(),
        };
        tensors.Add(new TensorSource(name, Type, shape, bytes));
    }
}
