using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public class BadModelTests
{
    const string Weight = "model.layers.0.mlp.up_proj.weight";
    const string Scale = Weight + "_scale_inv";

    [Theory]
    [InlineData("missing scale", Weight, "without its scale")]
    [InlineData("extra tensor", "model.layers.9.mlp.extra.weight", "does not have")]
    [InlineData("mis-shaped scale", Scale, "expected [3, 2]")]
    [InlineData("NaN scale", Scale, "NaN")]
    [InlineData("missing tensor", "model.norm.weight", "missing")]
    [InlineData("unknown architecture", "GrokForCausalLM", "Qwen3ForCausalLM")]
    [InlineData("unknown quantization", "awq", "integers")]
    public void A_checkpoint_that_is_not_right_is_refused_by_name(string damage, params string[] fragments)
    {
        using var model = new TestModel(Damaged(damage));

        AssertError(Run("run", model.Path, "hello"), 1, fragments);
    }

    [Theory]
    [InlineData("empty directory", "holds no model", "config.json")]
    [InlineData("truncated", "model.safetensors")]
    [InlineData("no weights", "model.safetensors")]
    [InlineData("corrupt header", "model.safetensors")]
    [InlineData("config is not JSON", "config.json")]
    [InlineData("no tokenizer", "tokenizer.json")]
    [InlineData("broken tokenizer", "tokenizer.json")]
    [InlineData("no template", "chat template")]
    [InlineData("broken template", "line 1")]
    public void A_directory_that_is_not_right_is_refused_with_the_file(string damage, params string[] fragments)
    {
        using var model = new TestModel();
        string weights = Path.Combine(model.Path, "model.safetensors");
        switch (damage)
        {
            case "empty directory":
                Directory.Delete(model.Path, recursive: true);
                Directory.CreateDirectory(model.Path);
                break;
            case "truncated":
                using (FileStream file = File.OpenWrite(weights))
                {
                    file.SetLength(file.Length - 5);
                }

                break;
            case "no weights":
                File.Delete(weights);
                break;
            case "corrupt header":
                using (FileStream file = File.OpenWrite(weights))
                {
                    file.Position = 8;
                    file.WriteByte((byte)'?');
                }

                break;
            case "config is not JSON":
                model.Write("config.json", "{\"model_type\":");
                break;
            case "no tokenizer":
                File.Delete(Path.Combine(model.Path, "tokenizer.json"));
                break;
            case "broken tokenizer":
                model.Write("tokenizer.json", "{\"model\":{\"type\":\"BPE\"");
                break;
            case "no template":
                File.Delete(Path.Combine(model.Path, "chat_template.jinja"));
                break;
            default:
                model.Write("chat_template.jinja", "{% for m in messages %}{{ m.content }}");
                break;
        }

        AssertError(Run("run", model.Path, "hello"), 1, fragments);
    }

    [Theory]
    [InlineData("the context holds 16", "--context", "16", "a prompt that is longer than that")]
    [InlineData("at most 512", "--context", "513", "hello")]
    [InlineData("the prompt is empty", "")]
    public void A_prompt_or_a_context_that_does_not_fit_is_refused(string fragment, params string[] arguments)
    {
        using var model = new TestModel();

        AssertError(Run([.. (string[])["run", model.Path], .. arguments]), 1, fragment);
    }

    [Fact]
    public void More_context_than_memory_is_refused()
    {
        using var model = new TestModel(new SyntheticCheckpoint { MaxPositionEmbeddings = int.MaxValue });

        AssertError(Run("run", model.Path, "--context", "2147483647", "hello"), 1, "tokens fit");
    }

    [Theory]
    [InlineData("mmx")]
    [InlineData("AVX2")]
    public void An_unknown_instruction_set_is_refused(string name)
    {
        using var model = new TestModel();

        AssertError(Run(["score", model.Path, "--ids", "1,2"], null, ("OCTET_CPU", name)), 1, $"OCTET_CPU={name}", "scalar");
    }

    [Fact]
    public void A_token_id_beyond_the_vocabulary_is_refused()
    {
        using var model = new TestModel(tokenizer: false);

        AssertError(Run("run", model.Path, "--ids", "1,301"), 1, "301", "0 to 300");
    }

    static SyntheticCheckpoint Damaged(string damage) => new()
    {
        Edit = tensors =>
        {
            switch (damage)
            {
                case "missing scale":
                    tensors.RemoveAll(tensor => tensor.Name == Scale);
                    break;
                case "extra tensor":
                    tensors.Add(new TensorSource("model.layers.9.mlp.extra.weight", DataType.BFloat16, [1], new byte[2]));
                    break;
                case "mis-shaped scale":
                    Replace(tensors, Scale, new TensorSource(Scale, DataType.BFloat16, [2, 3], new byte[12]));
                    break;
                case "NaN scale":
                    Replace(tensors, Scale, new TensorSource(Scale, DataType.BFloat16, [3, 2], Enumerable.Repeat((byte)0x7F, 12).Select((value, i) => i % 2 == 0 ? (byte)0xC0 : value).ToArray()));
                    break;
                case "missing tensor":
                    tensors.RemoveAll(tensor => tensor.Name == "model.norm.weight");
                    break;
            }
        },
        EditConfig = config =>
        {
            if (damage == "unknown architecture")
            {
                config["architectures"] = new JsonArray("GrokForCausalLM");
                config["model_type"] = "grok";
            }
            else if (damage == "unknown quantization")
            {
                config["quantization_config"]!["quant_method"] = "awq";
            }
        },
    };

    static void Replace(List<TensorSource> tensors, string name, TensorSource tensor) => tensors[tensors.FindIndex(other => other.Name == name)] = tensor;
}
