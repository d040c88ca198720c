using System.Text;
using System.Text.Json.Nodes;
using Octet.Quantization;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tests.Checkpoints;

/// <summary>Every JSON file of a model, each with what one program reads and another does not: refused in one typed line, or of no consequence.</summary>
public sealed class JsonFilesTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public JsonFilesTests()
    {
        foreach (string file in Directory.GetFiles(BuiltInModel.Path))
        {
            File.Copy(file, At(Path.GetFileName(file)));
        }
    }

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string> Names =>
    [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "hf_quant_config.json",
        "model.safetensors.index.json",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_byte_order_mark_is_accepted(string name)
    {
        PrepareFor(name);
        File.WriteAllBytes(At(name), [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(At(name))]);

        Assert.NotNull(Use());
        CheckpointQuantizer.Run(_directory.Path, At("quantized"), new QuantizationOptions { Scheme = QuantizationScheme.Channel });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_key_that_is_there_twice_is_refused(string name)
    {
        PrepareFor(name);
        string text = File.ReadAllText(At(name));
        string key = JsonNode.Parse(text)!.AsObject().First().Key;
        Write(name, $"{{\"{key}\": null,{text.AsSpan(text.IndexOf('{', StringComparison.Ordinal) + 1)}");

        Refused(name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_key_that_is_there_twice_inside_of_a_value_is_refused_or_of_no_consequence(string name)
    {
        PrepareFor(name);
        JsonObject root = JsonNode.Parse(File.ReadAllText(At(name)))!.AsObject();
        root["octet_test"] = "here";
        Write(name, root.ToJsonString().Replace("\"here\"", """{"a": 1, "a": 2}""", StringComparison.Ordinal));

        Try();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_of_a_surrogate_pair_is_refused_or_of_no_consequence_wherever_it_stands(string name)
    {
        PrepareFor(name);
        JsonNode root = JsonNode.Parse(File.ReadAllText(At(name)))!;
        foreach (string path in (string[])[.. Strings(root, "").Take(40), "a key"])
        {
            JsonNode changed = root.DeepClone();
            if (path == "a key")
            {
                changed.AsObject().Insert(0, "octet-half", 1);
                Write(name, changed.ToJsonString().Replace("octet-half", "\\ud800", StringComparison.Ordinal));
            }
            else
            {
                Replace(changed, path.Split('/')[1..], "octet-half");
                Write(name, changed.ToJsonString().Replace("octet-half", "\\ud800", StringComparison.Ordinal));
            }

            Try();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_that_is_cut_or_not_UTF8_is_refused(string name)
    {
        PrepareFor(name);
        byte[] whole = File.ReadAllBytes(At(name));
        File.WriteAllBytes(At(name), whole[..(whole.Length / 2)]);
        Refused(name);
        File.WriteAllBytes(At(name), [.. "{\""u8, 0xE9, .. "\":1}"u8]);
        Refused(name);
    }

    /// <summary>What needs the file is there: an index wants shards, the others an object.</summary>
    void PrepareFor(string name)
    {
        switch (name)
        {
            case "special_tokens_map.json":
                Write(name, """{"eos_token":"<|im_end|>","bos_token":{"content":"<|im_start|>"}}""");
                break;
            case "hf_quant_config.json":
                JsonObject config = JsonNode.Parse(File.ReadAllText(At("config.json")))!.AsObject();
                JsonNode quantization = config["quantization_config"]!.DeepClone();
                Write(name, quantization.ToJsonString());
                break;
            case "model.safetensors.index.json":
                File.Move(At("model.safetensors"), At("model-00001-of-00001.safetensors"));
                using (SafetensorsFile weights = SafetensorsFile.Open(At("model-00001-of-00001.safetensors")))
                {
                    Write(name, new JsonObject { ["weight_map"] = new JsonObject(weights.Tensors.Select(tensor => KeyValuePair.Create(tensor.Name, (JsonNode?)"model-00001-of-00001.safetensors"))) }.ToJsonString());
                }

                break;
        }
    }

    /// <summary>Reads every file, as a program does that answers a question.</summary>
    string Use()
    {
        using LanguageModel model = LanguageModel.Load(_directory.Path, new() { Threads = 1 });
        string text = model.Render([new ChatTurn("user", "hi")]);
        return model.Tokenizer!.Decode(model.Encode(text, addSpecialTokens: false));
    }

    /// <summary>The message of the refusal, which is one line of a public type; null where there was none.</summary>
    string? Try()
    {
        try
        {
            Use();
            return null;
        }
        catch (Exception e) when (e is ModelException or SafetensorsException or TokenizerException or ChatTemplateException)
        {
            Assert.DoesNotContain('\n', e.Message);
            return e.Message;
        }
    }

    void Refused(string name)
    {
        // Model Optimizer's file is read where config.json has no quantization_config.
        string? message = Try();
        if (name != "hf_quant_config.json")
        {
            Assert.NotNull(message);
            Assert.Contains(name, message, StringComparison.Ordinal);
        }
    }

    static IEnumerable<string> Strings(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.SelectMany(member => Strings(member.Value, $"{path}/{member.Key.Replace("/", "", StringComparison.Ordinal)}")),
        JsonArray items => items.Take(2).SelectMany((item, i) => Strings(item, $"{path}/{i}")),
        JsonValue value when value.TryGetValue(out string? _) => [path],
        _ => [],
    };

    static void Replace(JsonNode node, string[] path, string text)
    {
        for (int i = 0; i + 1 < path.Length; i++)
        {
            node = node is JsonArray items ? items[int.Parse(path[i], System.Globalization.CultureInfo.InvariantCulture)]! : node[path[i]]!;
        }

        if (node is JsonArray last)
        {
            last[int.Parse(path[^1], System.Globalization.CultureInfo.InvariantCulture)] = text;
        }
        else
        {
            node[path[^1]] = text;
        }
    }

    string At(string name) => Path.Combine(_directory.Path, name);

    void Write(string name, string text) => File.WriteAllText(At(name), text, new UTF8Encoding(false));
}
