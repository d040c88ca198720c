using System.Text.Json.Nodes;
using Octet.Backends.Cpu;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Backends;

namespace Octet.Tests.Models;

/// <summary>
/// Against what Hugging Face transformers computes: checkpoints and logits in Goldens, made by tools/goldens/make_goldens.py, which says what
/// each kind of logits is.
/// </summary>
public class TransformersTests
{
    static readonly string s_goldens = Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Goldens");

    public static TheoryData<string> Checkpoints => [.. Directory.EnumerateDirectories(s_goldens).Select(directory => Path.GetFileName(directory)!).Order()];

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Logits_are_those_of_transformers(string checkpoint)
    {
        using var goldens = SafetensorsFile.Open(Path.Combine(s_goldens, checkpoint, "goldens.safetensors"));
        int[] ids = Ids(goldens);
        foreach (string kind in (string[])["logits", "logits_dequantized"])
        {
            if (!goldens.TryGetTensor(kind, out TensorView? _))
            {
                continue;
            }

            double[][] expected = Rows(goldens, kind);
            foreach ((string name, CpuKernels kernels) in KernelSets.All)
            {
                using LanguageModel model = LogitsTests.Open(Model(checkpoint), kernels);
                LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, $"{checkpoint}, {kind}, {name}");
            }
        }
    }

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="mode">How inputs are quantised.</param>
    /// <param name="exact">
    /// Positions that agree to float32. An input on a rounding border may fall to either side, and reaches all later positions: one does in
    /// octet-tiny at position 16. cuBLAS, which computed the static kind, sums FP8 products in fewer bits than float32 has.
    /// </param>
    [Theory]
    [InlineData("block-f32", ActivationMode.Dynamic, 24)]
    [InlineData("octet-tiny", ActivationMode.Dynamic, 15)]
    [InlineData("tensor-static", ActivationMode.Static, 0)]
    public void Quantised_activations_give_what_a_GPU_does(string checkpoint, ActivationMode mode, int exact)
    {
        using var goldens = SafetensorsFile.Open(Path.Combine(s_goldens, checkpoint, "goldens.safetensors"));
        int[] ids = Ids(goldens);
        double[][] expected = Rows(goldens, "logits_fp8");
        using var quantized = LanguageModel.Load(Model(checkpoint), new() { KvCache = KvCacheType.Float32, Activation = mode });
        using var wide = LanguageModel.Load(Model(checkpoint), new() { KvCache = KvCacheType.Float32 });
        double[] near = LogitsTests.Errors(expected, LogitsTests.Score(quantized, ids));
        double[] far = LogitsTests.Errors(expected, LogitsTests.Score(wide, ids));
        Assert.True(near.Count(error => error < 1e-5) >= exact, $"{checkpoint}: {string.Join(' ', near)}");
        Assert.True(Median(near) < 0.6 * Median(far), $"{checkpoint}: {Median(near)} from the GPU with quantised activations, {Median(far)} without");
    }

    [Fact]
    public void A_conversation_has_the_text_and_the_ids_of_transformers()
    {
        JsonObject report = JsonNode.Parse(File.ReadAllText(Path.Combine(s_goldens, "report.json")))!["octet-tiny"]!.AsObject();
        using LanguageModel model = LanguageModel.Load(BuiltInModel.Path);
        string text = model.ChatTemplate!.Render(report["messages"]!, tools: null, addGenerationPrompt: true);
        Assert.Equal((string?)report["text"], text);
        Assert.Equal(report["all_ids"]!.AsArray().Select(id => (int)id!), model.Tokenizer!.Encode(text));
    }

    static string Model(string checkpoint) => checkpoint == "octet-tiny" ? BuiltInModel.Path : Path.Combine(s_goldens, checkpoint);

    static int[] Ids(SafetensorsFile goldens) => [.. goldens["ids"].AsSpan<long>().ToArray().Select(id => (int)id)];

    static double[][] Rows(SafetensorsFile goldens, string name)
    {
        TensorView logits = goldens[name];
        float[] all = logits.AsSpan<float>().ToArray();
        return [.. all.Chunk((int)logits.Shape[1]).Select(row => row.Select(value => (double)value).ToArray())];
    }

    static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
