using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Tests.Reference;

/// <summary>BERT, RoBERTa and ModernBERT in double precision, written from the formulas and sharing nothing with the engine but the file reader.</summary>
sealed class EncoderReference
{
    readonly JsonNode _config;
    readonly Dictionary<string, double[][]> _weights = [];
    readonly string _prefix;
    readonly bool _isModern, _isRoberta;

    /// <param name="directory">The checkpoint.</param>
    /// <param name="meant">Weights of modules that are stored as codes.</param>
    internal EncoderReference(string directory, IReadOnlyDictionary<string, double[][]>? meant = null)
    {
        _config = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json")))!;
        string architecture = _config["architectures"]![0]!.GetValue<string>();
        _isModern = architecture.StartsWith("ModernBert", StringComparison.Ordinal);
        _isRoberta = architecture.Contains("Roberta", StringComparison.Ordinal);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory);
        foreach (TensorView tensor in checkpoint.Tensors)
        {
            if (tensor.DataType is DataType.Float32 or DataType.Float16 or DataType.BFloat16)
            {
                _weights[tensor.Name] = Matrix(tensor);
            }
        }

        foreach ((string module, double[][] weight) in meant ?? new Dictionary<string, double[][]>())
        {
            _weights[module + ".weight"] = weight;
        }

        string words = _isModern ? "embeddings.tok_embeddings.weight" : "embeddings.word_embeddings.weight";
        _prefix = _weights.Keys.Single(name => name.EndsWith(words, StringComparison.Ordinal))[..^words.Length];
    }

    /// <summary>The last hidden state of every token.</summary>
    internal double[][] Forward(int[] ids, int[]? types = null) => _isModern ? Modern(ids) : Bert(ids, types ?? new int[ids.Length]);

    /// <summary>What the classifier gives.</summary>
    internal double[] Classify(int[] ids, int[]? types = null)
    {
        double[][] states = Forward(ids, types);
        double[] first = states[0];
        if (_isModern)
        {
            double[] pooled = _config["classifier_pooling"]?.GetValue<string>() == "mean" ? Mean(states) : first;
            return Dense(Norm(Dense(pooled, "head.dense").Select(Gelu).ToArray(), "head.norm", 1e-5), "classifier");
        }

        return _isRoberta
            ? Dense([.. Dense(first, "classifier.dense").Select(Math.Tanh)], "classifier.out_proj")
            : Dense([.. Dense(first, _prefix + "pooler.dense").Select(Math.Tanh)], "classifier");
    }

    internal static double[] Mean(double[][] rows) => [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Average(row => row[i]))];

    internal static double[] Unit(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(value => value * value));
        return [.. vector.Select(value => value / length)];
    }

    double[][] Bert(int[] ids, int[] types)
    {
        string e = _prefix + "embeddings.";
        double epsilon = _config["layer_norm_eps"]!.GetValue<double>();
        int padding = _config["pad_token_id"]!.GetValue<int>();
        int[] positions = new int[ids.Length];
        int counted = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            positions[i] = !_isRoberta ? i : ids[i] == padding ? padding : padding + ++counted;
        }

        double[][] x = [.. ids.Select((id, i) => Norm(
            Sum(Sum(_weights[e + "word_embeddings.weight"][id], _weights[e + "position_embeddings.weight"][positions[i]]), _weights[e + "token_type_embeddings.weight"][types[i]]), e + "LayerNorm", epsilon))];
        for (int layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            string at = $"{_prefix}encoder.layer.{layer}.";
            double[][] attended = Attend(
                Each(x, row => Dense(row, at + "attention.self.query")), Each(x, row => Dense(row, at + "attention.self.key")), Each(x, row => Dense(row, at + "attention.self.value")), int.MaxValue);
            x = [.. x.Zip(attended, (row, a) => Norm(Sum(row, Dense(a, at + "attention.output.dense")), at + "attention.output.LayerNorm", epsilon))];
            Func<double, double> function = _config["hidden_act"]!.GetValue<string>() switch { "gelu" => Gelu, "relu" => value => Math.Max(0, value), _ => GeluTanh };
            x = [.. x.Select(row => Norm(Sum(row, Dense([.. Dense(row, at + "intermediate.dense").Select(function)], at + "output.dense")), at + "output.LayerNorm", epsilon))];
        }

        return x;
    }

    double[][] Modern(int[] ids)
    {
        const double Epsilon = 1e-5;
        int width = Int("hidden_size");
        double[][] x = [.. ids.Select(id => Norm(_weights[_prefix + "embeddings.tok_embeddings.weight"][id], _prefix + "embeddings.norm", Epsilon))];
        for (int layer = 0; layer < Int("num_hidden_layers"); layer++)
        {
            string at = $"{_prefix}layers.{layer}.";
            bool isLocal = layer % Int("global_attn_every_n_layers") != 0;
            double theta = _config[isLocal ? "local_rope_theta" : "global_rope_theta"]!.GetValue<double>();
            double[][] all = Each(x, row => Dense(layer == 0 ? row : Norm(row, at + "attn_norm", Epsilon), at + "attn.Wqkv"));
            double[][] q = [.. all.Select((row, t) => Rotate(row[..width], t, theta))];
            double[][] k = [.. all.Select((row, t) => Rotate(row[width..(2 * width)], t, theta))];
            double[][] attended = Attend(q, k, Each(all, row => row[(2 * width)..]), isLocal ? Int("local_attention") / 2 : int.MaxValue);
            x = [.. x.Zip(attended, (row, a) => Sum(row, Dense(a, at + "attn.Wo")))];
            x = Each(x, row =>
            {
                double[] both = Dense(Norm(row, at + "mlp_norm", Epsilon), at + "mlp.Wi");
                int inner = both.Length / 2;
                return Sum(row, Dense([.. Enumerable.Range(0, inner).Select(i => Gelu(both[i]) * both[inner + i])], at + "mlp.Wo"));
            });
        }

        return Each(x, row => Norm(row, _prefix + "final_norm", Epsilon));
    }

    // Loops here and in Dense: with LINQ most of the time of all tests of encoders was here.
    double[][] Attend(double[][] q, double[][] k, double[][] v, int reach)
    {
        int heads = Int("num_attention_heads");
        int size = q[0].Length / heads;
        double[][] output = [.. q.Select(row => new double[row.Length])];
        for (int t = 0; t < q.Length; t++)
        {
            for (int head = 0; head < q[t].Length; head += size)
            {
                int[] seen = [.. Enumerable.Range(0, k.Length).Where(p => Math.Abs(p - t) <= reach)];
                double[] scores = [.. seen.Select(p => Math.Exp(Dot(q[t].AsSpan(head, size), k[p].AsSpan(head, size)) / Math.Sqrt(size)))];
                double total = scores.Sum();
                for (int n = 0; n < seen.Length; n++)
                {
                    double weight = scores[n] / total;
                    for (int i = head; i < head + size; i++)
                    {
                        output[t][i] += weight * v[seen[n]][i];
                    }
                }
            }
        }

        return output;
    }

    double[] Rotate(double[] row, int position, double theta)
    {
        int size = row.Length / Int("num_attention_heads");
        double[] result = new double[row.Length];
        for (int head = 0; head < row.Length; head += size)
        {
            for (int i = 0; i < size / 2; i++)
            {
                double angle = position * Math.Pow(theta, -2.0 * i / size);
                result[head + i] = (row[head + i] * Math.Cos(angle)) - (row[head + i + (size / 2)] * Math.Sin(angle));
                result[head + i + (size / 2)] = (row[head + i + (size / 2)] * Math.Cos(angle)) + (row[head + i] * Math.Sin(angle));
            }
        }

        return result;
    }

    double[] Norm(double[] x, string name, double epsilon)
    {
        double[][] weight = _weights.GetValueOrDefault(name + ".weight") ?? _weights[name + ".gamma"];
        double[][]? bias = _weights.GetValueOrDefault(name + ".bias") ?? _weights.GetValueOrDefault(name + ".beta");
        double mean = x.Average();
        double deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + epsilon);
        return [.. x.Select((value, i) => ((value - mean) / deviation * weight[i][0]) + (bias is null ? 0 : bias[i][0]))];
    }

    double[] Dense(double[] x, string name)
    {
        double[][]? bias = _weights.GetValueOrDefault(name + ".bias");
        return [.. _weights[name + ".weight"].Select((row, i) => Dot(row, x) + (bias is null ? 0 : bias[i][0]))];
    }

    static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Assert.Equal(a.Length, b.Length);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    int Int(string key) => _config[key]!.GetValue<int>();

    static double Gelu(double x) => x * NormalDistribution(x);

    static double GeluTanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    /// <summary>
    /// The integral of the normal density from 0 to x, and one half: the density times x + x³/3 + x⁵/(3·5) + x⁷/(3·5·7) + ..., a series that has
    /// terms of one sign and ends where they no longer count.
    /// </summary>
    internal static double NormalDistribution(double x)
    {
        if (Math.Abs(x) > 8.5)
        {
            return x > 0 ? 1 : 0;
        }

        double term = x;
        double sum = x;
        for (int odd = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); odd += 2)
        {
            term *= x * x / odd;
            sum += term;
        }

        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }

    static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    static double[][] Each(double[][] rows, Func<double[], double[]> map) => [.. rows.Select(map)];

    // A vector becomes a column: one value a row.
    static double[][] Matrix(TensorView tensor)
    {
        int columns = tensor.Shape.Length == 2 ? (int)tensor.Shape[1] : 1;
        double[] values = tensor.DataType switch
        {
            DataType.BFloat16 => [.. tensor.AsSpan<ushort>().ToArray().Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))],
            DataType.Float16 => [.. tensor.AsSpan<Half>().ToArray().Select(half => (double)half)],
            _ => [.. tensor.AsSpan<float>().ToArray().Select(value => (double)value)],
        };
        return [.. values.Chunk(columns)];
    }
}
