using System.Text.Json.Nodes;
using Octet.Checkpoints;
using Octet.Cli.IO;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Cli.Inspection;

/// <summary>The report as one JSON object.</summary>
static class ReportJson
{
    internal static JsonObject Create(CheckpointReport report)
    {
        SafetensorsCheckpoint checkpoint = report.Checkpoint;
        var json = new JsonObject
        {
            ["path"] = checkpoint.Path,
            ["files"] = new JsonArray([.. checkpoint.Files.Select(file => new JsonObject { ["path"] = file.Path, ["bytes"] = file.Length })]),
            ["tensor_count"] = checkpoint.Tensors.Count,
            ["parameter_count"] = checkpoint.Tensors.Where(tensor => !Quantization.IsScale(checkpoint, tensor.Name) && !report.Unread.ContainsKey(tensor.Name)).Sum(tensor => QuantizedLayer.Of(checkpoint, tensor, report.Quantized, report.Formats)?.Weights ?? tensor.ElementCount),
            ["tensor_bytes"] = checkpoint.TotalBytes,
            ["scheme"] = report.Scheme,
            ["dtypes"] = new JsonObject(report.Totals.Select(total => KeyValuePair.Create(total.Type.SafetensorsName(), (JsonNode?)new JsonObject
            {
                ["tensors"] = total.Tensors,
                ["elements"] = total.Elements,
                ["bytes"] = total.Bytes,
            }))),
            ["metadata"] = new JsonObject(checkpoint.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["shared_tensors"] = new JsonObject(report.SharedNames.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
        if (report.Config is { } config)
        {
            json["config"] = Config(config);
        }
        else if (report.Encoder is { } encoder)
        {
            json["encoder"] = new JsonObject
            {
                ["architecture"] = report.EncoderArchitecture,
                ["hidden_size"] = encoder.HiddenSize,
                ["intermediate_size"] = encoder.Inner,
                ["num_hidden_layers"] = encoder.Layers.Count,
                ["num_attention_heads"] = encoder.Heads,
                ["vocab_size"] = encoder.VocabSize,
                ["max_tokens"] = encoder.MaxTokens,
                ["labels"] = encoder.Classifier?.Labels,
            };
        }
        else if (report.ConfigProblem is { } problem)
        {
            json["config_problem"] = problem;
        }

        if (report.FormatProblem is { } unknown)
        {
            json["format_problem"] = unknown;
        }

        if (report.Unread.Count > 0)
        {
            json["unread_tensors"] = new JsonObject(report.Unread.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        }

        json["tensors"] = new JsonArray([.. checkpoint.Tensors.Select(tensor => Tensor(tensor, report))]);
        if (report.Problems is { } problems)
        {
            json["verified"] = problems.Count == 0;
            json["problems"] = new JsonArray([.. problems.Select(found => (JsonNode)found)]);
            json["warnings"] = new JsonArray([.. report.Warnings.Select(found => (JsonNode)found)]);
        }

        return json;
    }

    static JsonObject Tensor(TensorView tensor, CheckpointReport report)
    {
        var json = new JsonObject
        {
            ["name"] = tensor.Name,
            ["dtype"] = tensor.DataType.SafetensorsName(),
            ["shape"] = new JsonArray([.. tensor.Shape.ToArray().Select(length => (JsonNode)length)]),
            ["bytes"] = tensor.ByteLength,
            ["file"] = Path.GetFileName(tensor.File.Path),
        };
        if (report.Statistics is { } statistics)
        {
            TensorStatistics values = statistics[tensor.Name];
            json["statistics"] = new JsonObject
            {
                ["min"] = JsonOutput.Number(values.Min),
                ["max"] = JsonOutput.Number(values.Max),
                ["mean"] = JsonOutput.Number(values.Mean),
                ["nan"] = values.NaN,
                ["infinite"] = values.Infinite,
            };
            if (report.ScaledStatistics!.TryGetValue(tensor.Name, out ScaledStatistics scaled))
            {
                json["scaled_statistics"] = new JsonObject
                {
                    ["min"] = JsonOutput.Number(scaled.Min),
                    ["max"] = JsonOutput.Number(scaled.Max),
                    ["mean"] = JsonOutput.Number(scaled.Mean),
                    ["amax"] = JsonOutput.Number(scaled.Amax),
                    ["amax_row"] = scaled.AmaxRow,
                    ["saturated"] = scaled.Saturated,
                    ["zeros"] = scaled.Zeros,
                };
            }
        }

        return json;
    }

    static JsonObject Config(ModelConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray([.. config.Architectures.Select(name => (JsonNode)name)]),
            ["model_type"] = config.ModelType,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.NumHiddenLayers,
            ["num_attention_heads"] = config.NumAttentionHeads,
            ["num_key_value_heads"] = config.NumKeyValueHeads,
            ["head_dim"] = config.HeadDim,
            ["vocab_size"] = config.VocabSize,
            ["max_position_embeddings"] = config.MaxPositionEmbeddings,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
        };
        if (config.QuantizationConfig is { } quantization)
        {
            json["quantization_config"] = new JsonObject
            {
                ["quant_method"] = quantization.QuantMethod,
                ["fmt"] = quantization.Fmt,
                ["activation_scheme"] = quantization.ActivationScheme,
                ["weight_block_size"] = quantization.WeightBlockSize is { } block ? new JsonArray(block.Rows, block.Columns) : null,
            };
        }

        return json;
    }
}
