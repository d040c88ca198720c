using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

/// <summary>From every scheme that is read to those that are written: what comes out is the source's own weights, rounded once, and loads.</summary>
public class SchemeMatrixTests
{
    static readonly QuantizationScheme[] s_targets = [.. Enum.GetValues<QuantizationScheme>().Where(scheme => scheme != QuantizationScheme.BFloat16)];

    /// <summary>Each source with one target by turns, so that each target has many sources.</summary>
    public static TheoryData<string, QuantizationScheme> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, QuantizationScheme>();
            int i = 0;
            foreach (string source in WeightScheme.All.Keys)
            {
                pairs.Add(source, s_targets[i++ % s_targets.Length]);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_scheme_becomes_any_other(string source, QuantizationScheme target)
    {
        using var directory = new TemporaryDirectory();
        string from = Directory.CreateDirectory(Path.Combine(directory.Path, "from")).FullName;
        string to = Path.Combine(directory.Path, "to");
        SyntheticCheckpoint checkpoint = new() { Scheme = WeightScheme.All[source](), Layers = 1, MaxPositionEmbeddings = 64 };
        checkpoint.Write(from);

        CheckpointQuantizer.Run(from, to, new() { Scheme = target }, TestContext.Current.CancellationToken);

        Dictionary<string, double[][]> written = [];
        using (var file = SafetensorsCheckpoint.Open(to))
        {
            foreach ((string name, double[][] meant) in checkpoint.Meant)
            {
                (int rows, int columns) = (meant.Length, meant[0].Length);
                (double[] weights, double[] steps, double[] saturation) = QuantizedWeights.Read(file, name, rows, columns);
                for (int i = 0; i < weights.Length; i++)
                {
                    double value = meant[i / columns][i % columns];
                    bool saturated = Math.Abs(value) >= saturation[i] * 0.99999 && Math.Abs(weights[i]) == saturation[i];
                    if (!saturated && !(Math.Abs(value - weights[i]) <= steps[i] * 0.5001))
                    {
                        Assert.Fail($"{name}[{i}]: {value} became {weights[i]}");
                    }
                }

                written[name] = [.. weights.Chunk(columns)];
            }

            string[] linear = [.. checkpoint.Meant.Keys];
            string[] suffixes = [".weight", ".weight_scale_inv", ".weight_scale", ".weight_packed", ".weight_global_scale"];
            Assert.DoesNotContain(file.Tensors, tensor => linear.Any(name => tensor.Name.StartsWith(name, StringComparison.Ordinal) && !suffixes.Contains(tensor.Name[name.Length..])));
            Assert.All(file.Files, one => Assert.Equal(["format"], one.Metadata.Keys));
        }

        string method = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(to, "config.json")))!["quantization_config"]!["quant_method"]!;
        Assert.Equal(target == QuantizationScheme.Block ? "fp8" : "compressed-tensors", method);
        int[] ids = LogitsTests.Ids(8, checkpoint.VocabSize);
        using LanguageModel model = LanguageModel.Load(to, new() { Threads = 2, KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(new DoubleReference(to, meant: written).Forward(ids), LogitsTests.Score(model, ids), 1e-5, $"{source} to {target}");
    }
}
