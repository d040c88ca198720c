using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Octet.Safetensors;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Models;

/// <summary>A family's checkpoint of which some layers are stored in another way: with random codes.</summary>
static class QuantisedFamily
{
    // About what keeps outputs as large as inputs of 32 to 64 columns.
    const double Spread = 0.2;

    /// <param name="family">As <see cref="FamilyCheckpoint"/> has it.</param>
    /// <param name="scheme">How the layers are stored, as <see cref="WeightScheme"/> has it.</param>
    /// <param name="layers">A regular expression for the names of their modules.</param>
    /// <param name="directory">Where the model is written.</param>
    /// <param name="inner">What the layers of experts have between them; null: as the family's.</param>
    internal static void Write(string family, string scheme, string layers, string directory, int? inner = null)
    {
        FamilyCheckpoint.Write(family, directory);
        WeightScheme stored = WeightScheme.All[scheme]();
        string weights = Path.Combine(directory, "model.safetensors");
        string config = Path.Combine(directory, "config.json");
        List<TensorSource> tensors = [];
        int count = 0;
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            foreach (TensorView tensor in file.Tensors)
            {
                string module = tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? tensor.Name[..^".weight".Length] : "";
                if (Regex.IsMatch(module, layers))
                {
                    bool isDown = module.EndsWith("down_proj", StringComparison.Ordinal);
                    int rows = isDown ? (int)tensor.Shape[0] : inner ?? (int)tensor.Shape[0];
                    int columns = isDown ? inner ?? (int)tensor.Shape[1] : (int)tensor.Shape[1];
                    stored.Write(new WeightScheme.Layer(module, rows, columns, Spread, new Random(++count), tensors));
                }
                else
                {
                    tensors.Add(new TensorSource(tensor.Name, tensor.DataType, tensor.Shape.ToArray(), tensor.Bytes.ToArray()));
                }
            }
        }

        Assert.True(count > 0, $"{family} has no layers {layers}");
        JsonObject json = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        json["quantization_config"] = stored.Config?.DeepClone();
        if (inner is not null)
        {
            json["moe_intermediate_size"] = inner;
        }

        File.WriteAllText(config, json.ToJsonString());
        SafetensorsWriter.Write(weights, tensors);
    }
}
