using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>Classes that compute what another does, of which the oracle has a program: its checkpoint under their names, with their own keys.</summary>
public sealed class RelatedFamilyTests(OracleModels models) : IDisposable
{
    const string DeepSeek = "deepseek_v3 --fp8 block --set n_group=1 --set topk_group=1 --set first_k_dense_replace=1 --set rope_scaling=null";
    const string Qwen2 = "qwen2 --fp8 channel";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(DeepSeek, """{"architectures":["Glm4MoeLiteForCausalLM"],"model_type":"glm4_moe_lite","scoring_func":null,"topk_method":null}""")]
    [InlineData(DeepSeek, """{"architectures":["Glm4MoeLiteForCausalLM"],"model_type":"glm4_moe_lite","first_k_dense_replace":null}""")]
    [InlineData(Qwen2, """{"architectures":["SeedOssForCausalLM"],"model_type":"seed_oss","attention_bias":true,"attention_out_bias":false,"head_dim":64,"mlp_bias":false,"use_sliding_window":null,"max_window_layers":null}""")]
    [InlineData(Qwen2, """{"architectures":["SeedOssForCausalLM"],"model_type":"seed_oss","head_dim":64}""")]
    public void Logits_are_those_of_the_class_that_computes_the_same(string options, string keys)
    {
        double[][] expected = models.Get(options).Expected;
        string model = Copy(options, keys);
        foreach ((string name, CpuKernels kernels) in KernelSets.For(keys))
        {
            using LanguageModel opened = LogitsTests.Open(model, kernels, chunk: 33);
            LogitsTests.AssertClose(expected, LogitsTests.Score(opened, OracleModels.Ids), 1e-5, $"{keys} on {name}");
        }
    }

    [Fact]
    public void Layers_may_be_listed_as_dense_and_sparse()
    {
        double[][] expected = models.Get(DeepSeek).Expected;
        int layers = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(models.Get(DeepSeek).Path, "config.json")))!["num_hidden_layers"]!;
        string types = string.Join(',', Enumerable.Range(0, layers).Select(layer => layer == 0 ? "\"dense\"" : "\"sparse\""));
        using LanguageModel opened = LogitsTests.Open(Copy(DeepSeek, $$"""{"architectures":["Glm4MoeLiteForCausalLM"],"model_type":"glm4_moe_lite","first_k_dense_replace":3,"mlp_layer_types":[{{types}}]}"""), ScalarKernels.Instance);
        LogitsTests.AssertClose(expected, LogitsTests.Score(opened, OracleModels.Ids), 1e-5, types);
    }

    [Theory]
    [InlineData("[\"sparse\"]")]
    [InlineData("[\"dense\",\"other\"]")]
    public void A_list_of_layers_that_is_none_is_refused(string types)
    {
        ModelException error = Assert.Throws<ModelException>(() => LanguageModel.Load(Copy(DeepSeek, $$"""{"architectures":["Glm4MoeLiteForCausalLM"],"model_type":"glm4_moe_lite","mlp_layer_types":{{types}}}""")));
        Assert.Contains("mlp_layer_types is", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The oracle's checkpoint with other keys; null removes one.</summary>
    string Copy(string options, string keys)
    {
        string from = models.Get(options).Path;
        string to = Path.Combine(_directory.Path, "model");
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        string path = Path.Combine(to, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            config.Remove(key);
            if (value is not null)
            {
                config[key] = value.DeepClone();
            }
        }

        File.WriteAllText(path, config.ToJsonString());
        return to;
    }
}
