using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>
/// Qwen3 in double precision on dequantised weights, written from the formulas and sharing nothing with the engine but the file
/// reader. With <c>float8Head</c>, the output layer is what is left of it in E4M3. With <c>dynamic</c>, inputs of FP8 layers are quantised
/// as the numeric contract says: per token and group of 128 unless <see cref="Group"/> says otherwise.
/// </summary>
sealed class DoubleReference
{
    readonly JsonNode _config;
    readonly Dictionary<string, double[][]> _weights = [];
    readonly HashSet<string> _quantized = [];
    readonly Dictionary<string, float> _inputScales = [];
    readonly bool _dynamic;
    readonly double[][] _head;

    /// <param name="directory">The checkpoint.</param>
    /// <param name="dynamic">Whether inputs of FP8 layers are quantised.</param>
    /// <param name="float8Head">Whether the output layer is.</param>
    /// <param name="meant">Weights of modules that the checkpoint stores in a way that this reader does not know.</param>
    internal DoubleReference(string directory, bool dynamic = false, bool float8Head = false, IReadOnlyDictionary<string, double[][]>? meant = null)
    {
        _dynamic = dynamic;
        _config = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json")))!;
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory);
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (s_inputScales.FirstOrDefault(suffix => tensor.Name.EndsWith(suffix, StringComparison.Ordinal)) is { } inputScale)
            {
                _inputScales[tensor.Name[..^inputScale.Length] + ".weight"] = tensor.AsSpan<float>()[0];
                continue;
            }

            if (tensor.Name.EndsWith("_scale_inv", StringComparison.Ordinal) || (meant is not null && meant.Keys.Any(module => tensor.Name.StartsWith(module, StringComparison.Ordinal))))
            {
                continue;
            }

            double[][] matrix = Matrix(tensor);
            if (checkpoint.TryGetTensor(tensor.Name + "_scale_inv", out TensorView? scale))
            {
                _quantized.Add(tensor.Name);
                double[][] scales = Matrix(scale);
                for (int r = 0; r < matrix.Length; r++)
                {
                    for (int c = 0; c < matrix[r].Length; c++)
                    {
                        matrix[r][c] *= scales[r / 128][c / 128];
                    }
                }
            }

            _weights[tensor.Name] = matrix;
        }

        foreach ((string module, double[][] weight) in meant ?? new Dictionary<string, double[][]>())
        {
            _weights[module + ".weight"] = weight;
            _quantized.Add(module + ".weight");
        }

        double[][] head = _weights[_config["tie_word_embeddings"]!.GetValue<bool>() ? "model.embed_tokens.weight" : "lm_head.weight"];
        _head = float8Head ? [.. head.Select(Float8)] : head;
    }

    // A scale for each row, max |x| / 448 in float32, 1 for a row of zeros; x / scale in float32, to the nearest code.
    static double[] Float8(double[] row)
    {
        float largest = (float)row.Max(Math.Abs);
        float scale = largest == 0 ? 1 : largest / 448;
        return [.. row.Select(value => E4M3.Decode(E4M3.Encode((float)value / scale)) * scale)];
    }

    static readonly string[] s_inputScales = [".input_scale", ".activation_scale", ".scale_input"];

    /// <summary>With dynamic activations, the channels of a token that share a scale; 0: all of them.</summary>
    internal int Group { get; init; } = 128;

    /// <summary>With dynamic activations, whether scales are rounded up to powers of two.</summary>
    internal bool PowersOfTwo { get; init; }

    /// <summary>The most that counts as a group's largest magnitude.</summary>
    internal float Bound { get; init; } = float.PositiveInfinity;

    /// <summary>Whether inputs of FP8 layers are quantised with the checkpoint's scale for each layer.</summary>
    internal bool Static { get; init; }

    /// <summary>Whether the inputs of linear layers are rounded to bfloat16 first.</summary>
    internal bool RoundInputs { get; init; }

    /// <summary>How keys and values are rounded when they are cached: FP8 types as the numeric contract says, the wide ones not at all.</summary>
    internal KvCacheType CacheType { get; init; } = KvCacheType.Float32;

    /// <summary>For each layer, or for each head of each layer, what an E4M3 cache divides keys and values by; null: 1.</summary>
    internal (float Key, float Value)[]? CacheScales { get; init; }

    /// <summary>Told the keys and values of each layer, [token][head and element], as they are cached.</summary>
    internal Action<int, double[][], double[][]>? Cached { get; init; }

    /// <summary>Logits after every token. <paramref name="states"/> receives the residual stream after each layer, then what the final norm makes of it.</summary>
    internal double[][] Forward(ReadOnlySpan<int> ids, List<double[][]>? states = null)
    {
        int size = Int("head_dim");
        int heads = Int("num_attention_heads");
        int keyHeads = Int("num_key_value_heads");
        double[][] x = new double[ids.Length][];
        for (int t = 0; t < ids.Length; t++)
        {
            x[t] = [.. _weights["model.embed_tokens.weight"][ids[t]]];
        }

        for (int layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            string at = $"model.layers.{layer}.";
            double[][] h = Each(x, row => Norm(row, at + "input_layernorm.weight"));
            double[][] q = Each(Linear(h, at + "self_attn.q_proj.weight"), (row, t) => Heads(row, t, size, at + "self_attn.q_norm.weight"));
            double[][] k = Each(Linear(h, at + "self_attn.k_proj.weight"), (row, t) => Heads(row, t, size, at + "self_attn.k_norm.weight"));
            double[][] v = Linear(h, at + "self_attn.v_proj.weight");
            (float Key, float Value) Scale(int i) => CacheScales is null ? (1, 1) : CacheScales.Length == Int("num_hidden_layers") ? CacheScales[layer] : CacheScales[layer * keyHeads + i / size];
            k = Each(k, row => [.. row.Select((x, i) => Cache(x, Scale(i).Key))]);
            v = Each(v, row => [.. row.Select((x, i) => Cache(x, Scale(i).Value))]);
            Cached?.Invoke(layer, k, v);
            double[][] attended = Each(q, (row, t) =>
            {
                double[] output = new double[heads * size];
                for (int head = 0; head < heads; head++)
                {
                    int shared = head / (heads / keyHeads) * size;
                    double[] scores = new double[t + 1];
                    for (int p = 0; p <= t; p++)
                    {
                        scores[p] = Dot(row.AsSpan(head * size, size), k[p].AsSpan(shared, size)) / Math.Sqrt(size);
                    }

                    double max = scores.Max();
                    double total = scores.Sum(score => Math.Exp(score - max));
                    for (int p = 0; p <= t; p++)
                    {
                        double weight = Math.Exp(scores[p] - max) / total;
                        for (int i = 0; i < size; i++)
                        {
                            output[head * size + i] += weight * v[p][shared + i];
                        }
                    }
                }

                return output;
            });
            Add(x, Linear(attended, at + "self_attn.o_proj.weight"));
            h = Each(x, row => Norm(row, at + "post_attention_layernorm.weight"));
            double[][] gate = Linear(h, at + "mlp.gate_proj.weight");
            double[][] up = Linear(h, at + "mlp.up_proj.weight");
            double[][] inner = Each(gate, (row, t) => [.. row.Select((g, i) => g / (1 + Math.Exp(-g)) * up[t][i])]);
            Add(x, Linear(inner, at + "mlp.down_proj.weight"));
            states?.Add(Each(x, row => [.. row]));
        }

        x = Each(x, row => Norm(row, "model.norm.weight"));
        states?.Add(x);
        return Product(Round(x), _head);
    }

    // The quotient is a float32, as are what is cached and its scale.
    double Cache(double x, float scale) => CacheType switch
    {
        KvCacheType.BFloat16 => NearestBFloat16.Round(x),
        KvCacheType.Float8E4M3 => E4M3.Decode(E4M3.Encode((float)x / scale)) * scale,
        KvCacheType.Float8E5M2 => E5M2.Decode(E5M2.Encode((float)x)),
        _ => x,
    };

    int Int(string key) => _config[key]!.GetValue<int>();

    double[] Norm(double[] x, string name)
    {
        double[] weight = [.. _weights[name].Select(row => row[0])];
        double scale = 1 / Math.Sqrt(x.Sum(value => value * value) / x.Length + _config["rms_norm_eps"]!.GetValue<double>());
        return [.. x.Select((value, i) => value * scale * weight[i])];
    }

    double[] Heads(double[] row, int position, int size, string norm)
    {
        double[] result = new double[row.Length];
        double theta = _config["rope_theta"]!.GetValue<double>();
        (double Sin, double Cos)[] angles = [.. Enumerable.Range(0, size / 2).Select(i => Math.SinCos(position * Math.Pow(theta, -2.0 * i / size)))];
        for (int head = 0; head < row.Length; head += size)
        {
            double[] x = Norm(row[head..(head + size)], norm);
            for (int i = 0; i < size / 2; i++)
            {
                result[head + i] = x[i] * angles[i].Cos - x[i + size / 2] * angles[i].Sin;
                result[head + i + size / 2] = x[i + size / 2] * angles[i].Cos + x[i] * angles[i].Sin;
            }
        }

        return result;
    }

    double[][] Linear(double[][] x, string name)
    {
        x = (_dynamic || Static) && _quantized.Contains(name) ? Each(x, row => Quantize(row, name)) : Round(x);
        return Product(x, _weights[name]);
    }

    double[][] Round(double[][] x) => RoundInputs ? Each(x, row => [.. row.Select(NearestBFloat16.Round)]) : x;

    static double[][] Product(double[][] x, double[][] weight) => Each(x, row => [.. weight.Select(w => Dot(w, row))]);

    // A loop: with LINQ half of many tests' time was here.
    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    double[] Quantize(double[] x, string name)
    {
        double[] result = new double[x.Length];
        int length = Static || Group == 0 ? x.Length : Group;
        for (int g = 0; g < x.Length; g += length)
        {
            int end = Math.Min(x.Length, g + length);
            float scale = Static ? _inputScales[name] : MathF.Min(MathF.Max(x[g..end].Max(value => MathF.Abs((float)value)), 1e-10f), Bound) / 448;
            scale = PowersOfTwo ? (float)Math.Pow(2, Math.Ceiling(Math.Log2(scale))) : scale;
            for (int i = g; i < end; i++)
            {
                result[i] = E4M3.Decode(E4M3.Encode((float)x[i] / scale)) * scale;
            }
        }

        return result;
    }

    static void Add(double[][] x, double[][] delta)
    {
        for (int t = 0; t < x.Length; t++)
        {
            for (int i = 0; i < x[t].Length; i++)
            {
                x[t][i] += delta[t][i];
            }
        }
    }

    static double[][] Each(double[][] rows, Func<double[], double[]> map) => [.. rows.Select(map)];

    static double[][] Each(double[][] rows, Func<double[], int, double[]> map) => [.. rows.Select(map)];

    // A vector becomes a column: one value a row.
    static double[][] Matrix(TensorView tensor)
    {
        int columns = tensor.Shape.Length == 2 ? (int)tensor.Shape[1] : 1;
        double[] values = tensor.DataType switch
        {
            DataType.Float8E4M3FN => [.. tensor.Bytes.ToArray().Select(E4M3.Decode)],
            DataType.BFloat16 => [.. tensor.AsSpan<ushort>().ToArray().Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))],
            DataType.Float16 => [.. tensor.AsSpan<Half>().ToArray().Select(half => (double)half)],
            _ => [.. tensor.AsSpan<float>().ToArray().Select(value => (double)value)],
        };
        return [.. values.Chunk(columns)];
    }
}
