using System.Globalization;
using Octet.Testing;
using Octet.Tests.Reference;
using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>
/// Models of every family in full size, their tensors as they are published, over files that take no disk: everything that is stored finds its
/// place or is known, nothing is missing. The lists of tensors are the oracle's (<c>published_headers.py</c>), made from published
/// <c>config.json</c> files; how many weights each has is known from elsewhere.
/// </summary>
public sealed class PublishedHeaderTests(PublishedHeaderTests.Lists lists) : IClassFixture<PublishedHeaderTests.Lists>, IDisposable
{
    const string Vision = "parts that do not read text (model.visual)";
    const string Images = "parts that do not read text (vision_tower, multi_modal_projector)";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Tensors, weights without their scales as Hugging Face counts the published files (a byte of MXFP4 holds two, and its scales count), and
    /// what is left with a notice.
    /// </summary>
    public static TheoryData<string, string, int, long, string[]> Models => new()
    {
        { "Llama-3.1-8B-Instruct", "published", 291, 8_030_261_248, [] },
        { "Llama-3.1-8B-Instruct", "channel", 515, 8_030_261_248, [] },
        { "Llama-3.1-8B-Instruct", "tensor", 739, 8_030_261_248, [] },
        { "Llama-3.2-1B-Instruct", "published", 146, 1_235_814_400, [] },
        { "Llama-3.2-1B-Instruct", "channel", 258, 1_235_814_400, [] },
        { "Qwen2.5-7B-Instruct", "published", 339, 7_615_616_512, [] },
        { "Qwen2.5-7B-Instruct", "channel", 535, 7_615_616_512, [] },
        { "phi-4", "published", 243, 14_659_507_200, [] },
        { "phi-4", "channel", 403, 14_659_507_200, [] },
        { "gemma-3-1b-it", "published", 340, 999_885_952, [] },
        { "Qwen3-30B-A3B", "published", 18_867, 30_532_122_624, [] },
        { "Qwen3-30B-A3B", "block", 37_491, 30_532_122_624, [] },
        { "GLM-4.6", "published", 44_689, 356_785_898_816, ["500 tensors model.layers.92.* are left"] },
        { "GLM-4.6", "channel", 88_540, 356_785_898_816, ["987 tensors model.layers.92.* are left"] },
        { "Devstral-Small-2-24B-Instruct-2512", "published", 1_145, 24_011_361_280, ["222 tensors belong to " + Images] },
        { "Qwen3.5-9B", "published", 775, 9_653_104_368, ["15 tensors mtp.* are left", "333 tensors belong to " + Vision] },
        { "Qwen3.5-9B", "block", 982, 9_653_104_368, ["22 tensors mtp.* are left", "333 tensors belong to " + Vision] },
        { "Qwen3.5-35B-A3B", "published", 1_045, 35_951_822_704, ["19 tensors mtp.* are left", "333 tensors belong to " + Vision] },
        { "Qwen3.5-35B-A3B", "block", 64_196, 35_951_822_704, ["1560 tensors mtp.* are left", "333 tensors belong to " + Vision] },
        { "gpt-oss-120b", "published", 687, 120_412_337_472, [] },
        { "DeepSeek-V3", "published", 91_991, 684_489_845_504, ["1564 tensors model.layers.61.* are left"] },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_tensor_finds_its_place(string name, string scheme, int tensors, long weights, string[] left)
    {
        Tensor[] published = lists.Get(name, scheme);
        using LanguageModel model = Load(name, scheme, published);
        Assert.Equal(tensors, published.Length);
        Assert.Equal(weights, published.Where(tensor => !IsScale(tensor)).Sum(tensor => tensor.Name.EndsWith("_blocks", StringComparison.Ordinal) ? 2 * tensor.Count : tensor.Count));
        Assert.Equal(left.Length, model.Notices.Count);
        Assert.All(left, (notice, i) => Assert.Contains(notice, model.Notices[i], StringComparison.Ordinal));
    }

    /// <summary>One that each family alone has, or that is stored as only this one's publisher does.</summary>
    [Theory]
    [InlineData("Llama-3.1-8B-Instruct", "channel", "lm_head.weight")]
    [InlineData("Llama-3.1-8B-Instruct", "tensor", "model.layers.31.mlp.down_proj.weight_scale")]
    [InlineData("Llama-3.2-1B-Instruct", "channel", "model.layers.0.mlp.up_proj.weight_scale")]
    [InlineData("Qwen2.5-7B-Instruct", "published", "model.layers.27.self_attn.k_proj.bias")]
    [InlineData("phi-4", "channel", "model.layers.39.self_attn.qkv_proj.weight_scale")]
    [InlineData("gemma-3-1b-it", "published", "model.layers.25.pre_feedforward_layernorm.weight")]
    [InlineData("Qwen3-30B-A3B", "published", "model.layers.47.mlp.experts.127.up_proj.weight")]
    [InlineData("GLM-4.6", "published", "model.layers.3.mlp.gate.e_score_correction_bias")]
    [InlineData("Devstral-Small-2-24B-Instruct-2512", "published", "language_model.model.layers.39.mlp.down_proj.weight_scale_inv")]
    [InlineData("Qwen3.5-9B", "block", "model.language_model.layers.0.linear_attn.A_log")]
    [InlineData("Qwen3.5-35B-A3B", "published", "model.language_model.layers.39.mlp.experts.down_proj")]
    [InlineData("gpt-oss-120b", "published", "model.layers.0.self_attn.sinks")]
    [InlineData("DeepSeek-V3", "published", "model.layers.0.self_attn.kv_a_layernorm.weight")]
    public void A_tensor_that_is_missing_is_named_and_so_is_one_too_many(string name, string scheme, string tensor)
    {
        Tensor[] published = lists.Get(name, scheme);
        Tensor missing = Assert.Single(published, other => other.Name == tensor);
        var error = Assert.Throws<ModelException>(() => Load(name, scheme, [.. published.Where(other => other != missing)]).Dispose());
        Assert.Equal(ModelError.Damaged, error.Error);
        Assert.Contains(tensor, error.Message, StringComparison.Ordinal);

        string more = tensor[..tensor.LastIndexOf('.')] + ".unknown";
        error = Assert.Throws<ModelException>(() => Load(name, scheme, [.. published, new Tensor(more, "BF16", [4])]).Dispose());
        Assert.Equal((ModelError.Damaged, more), (error.Error, error.TensorName));
    }

    // No memory for a context is needed, and none is taken.
    LanguageModel Load(string name, string scheme, Tensor[] tensors)
    {
        string directory = Directory.CreateDirectory(Path.Combine(_directory.Path, Guid.NewGuid().ToString())).FullName;
        File.Copy(lists.Config(name, scheme), Path.Combine(directory, "config.json"));
        SparseCheckpoint.Write(directory, tensors);
        return LanguageModel.Load(directory, new() { ContextLength = 32, KvCacheBytes = 1 << 30, PrefillChunk = 1, Threads = 1 });
    }

    static bool IsScale(Tensor tensor) => tensor.Name.EndsWith("_scale", StringComparison.Ordinal) || tensor.Name.EndsWith("_scale_inv", StringComparison.Ordinal);

    /// <summary>The lists of all models, made together.</summary>
    public sealed class Lists : IDisposable
    {
        readonly TemporaryDirectory _directory = new();
        bool _areMade;

        internal string Config(string model, string scheme) => Path.Combine(_directory.Path, $"{model}-{scheme}", "config.json");

        internal Tensor[] Get(string model, string scheme)
        {
            Assert.SkipWhen(OperatingSystem.IsWindows(), "files of this size take the disk that they name");
            if (!_areMade)
            {
                string[] models = [.. Models.Select(row => $"{row.Data.Item1}:{row.Data.Item2}")];
                NumpyProgram.Run(Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Families", "published_headers.py"), [Path.GetDirectoryName(Fixtures.Peer(Path.Combine("arch", "gen_arch.py")))!, _directory.Path, .. models]);
                _areMade = true;
            }

            return [.. File.ReadLines(Path.Combine(_directory.Path, $"{model}-{scheme}", "tensors.tsv")).Select(line => line.Split('\t')).Select(parts => new Tensor(
                parts[0], parts[1], [.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(length => long.Parse(length, CultureInfo.InvariantCulture))]))];
        }

        public void Dispose() => _directory.Dispose();
    }
}
