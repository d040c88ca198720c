using System.Globalization;
using Octet.Testing;
using Octet.Tests.Reference;
using Tensor = Octet.Tests.Reference.SparseCheckpoint.Tensor;

namespace Octet.Tests.Families;

/// <summary>
/// Models of every family in full size, their tensors as they are published, over files that take no disk: everything that is stored finds its
/// place or is known, nothing is missing. The lists of tensors are the oracle's (<c>published_headers.py</c>), made from published
/// <c>config.json</c> files; how many weights each has is known from elsewhere. Mixtures are cut to their first layers; OCTET_SLOW=1: whole ones too.
/// </summary>
public sealed class PublishedHeaderTests(PublishedHeaderTests.Lists lists) : IClassFixture<PublishedHeaderTests.Lists>, IDisposable
{
    const string Text = "belong to parts that do not read text (vision_tower, multi_modal_projector) and are left";
    const string Visual = "333 tensors belong to parts that do not read text (model.visual) and are left";

    static readonly bool s_slow = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Model and scheme; tensors; weights without their scales, as Hugging Face counts those of the published files (a byte of MXFP4 as two,
    /// and its scales); what is left with a notice.
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
        { "Devstral-Small-2-24B-Instruct-2512", "published", 1_145, 24_011_361_280, ["222 tensors " + Text] },
        { "Qwen3.5-9B", "published", 775, 9_653_104_368, ["15 tensors mtp.* are left", Visual] },
        { "Qwen3.5-9B", "block", 982, 9_653_104_368, ["22 tensors mtp.* are left", Visual] },
    };

    /// <summary>The same of mixtures.</summary>
    public static TheoryData<string, string, int, long, string[]> Mixtures => new()
    {
        { "Qwen3-30B-A3B", "published", 18_867, 30_532_122_624, [] },
        { "Qwen3-30B-A3B", "block", 37_491, 30_532_122_624, [] },
        { "GLM-4.6", "published", 44_689, 356_785_898_816, ["500 tensors model.layers.92.* are left"] },
        { "GLM-4.6", "channel", 88_540, 356_785_898_816, ["987 tensors model.layers.92.* are left"] },
        { "Qwen3.5-35B-A3B", "published", 1_045, 35_951_822_704, ["19 tensors mtp.* are left", Visual] },
        { "Qwen3.5-35B-A3B", "block", 64_196, 35_951_822_704, ["1560 tensors mtp.* are left", Visual] },
        { "gpt-oss-120b", "published", 687, 120_412_337_472, [] },
        { "DeepSeek-V3", "published", 91_991, 684_489_845_504, ["1564 tensors model.layers.61.* are left"] },
    };

    /// <summary>As many of their layers as there are kinds of them, and what is left with a notice.</summary>
    public static TheoryData<string, string, int, string[]> Cut => new()
    {
        { "Qwen3-30B-A3B", "published", 1, [] },
        { "Qwen3-30B-A3B", "block", 1, [] },
        { "GLM-4.6", "published", 4, ["500 tensors model.layers.4.* are left"] },
        { "GLM-4.6", "channel", 4, ["987 tensors model.layers.4.* are left"] },
        { "Qwen3.5-35B-A3B", "published", 4, ["19 tensors mtp.* are left", Visual] },
        { "Qwen3.5-35B-A3B", "block", 4, ["1560 tensors mtp.* are left", Visual] },
        { "gpt-oss-120b", "published", 2, [] },
        { "DeepSeek-V3", "published", 4, ["1564 tensors model.layers.4.* are left"] },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_tensor_finds_its_place(string model, string scheme, int tensors, long weights, string[] left)
    {
        Tensor[] published = lists.Get(model, scheme);
        Assert.Equal(tensors, published.Length);
        Assert.Equal(weights, published.Where(tensor => !IsScale(tensor)).Sum(tensor => tensor.Name.EndsWith("_blocks", StringComparison.Ordinal) ? 2 * tensor.Count : tensor.Count));
        RequireNotices(model, scheme, 0, left);
    }

    [Theory]
    [MemberData(nameof(Mixtures))]
    public void Every_tensor_of_a_whole_mixture_finds_its_place(string model, string scheme, int tensors, long weights, string[] left)
    {
        Assert.SkipUnless(s_slow, "whole mixtures: set OCTET_SLOW=1");
        Every_tensor_finds_its_place(model, scheme, tensors, weights, left);
    }

    [Theory]
    [MemberData(nameof(Cut))]
    public void Every_tensor_of_the_first_layers_finds_its_place(string model, string scheme, int layers, string[] left) => RequireNotices(model, scheme, layers, left);

    /// <summary>One that each family alone has, or that is stored as only this one's publisher does.</summary>
    [Theory]
    [InlineData("Llama-3.1-8B-Instruct", "channel", 0, "lm_head.weight")]
    [InlineData("Llama-3.1-8B-Instruct", "tensor", 0, "model.layers.31.mlp.down_proj.weight_scale")]
    [InlineData("Llama-3.2-1B-Instruct", "channel", 0, "model.layers.0.mlp.up_proj.weight_scale")]
    [InlineData("Qwen2.5-7B-Instruct", "published", 0, "model.layers.27.self_attn.k_proj.bias")]
    [InlineData("phi-4", "channel", 0, "model.layers.39.self_attn.qkv_proj.weight_scale")]
    [InlineData("gemma-3-1b-it", "published", 0, "model.layers.25.pre_feedforward_layernorm.weight")]
    [InlineData("Devstral-Small-2-24B-Instruct-2512", "published", 0, "language_model.model.layers.39.mlp.down_proj.weight_scale_inv")]
    [InlineData("Qwen3.5-9B", "block", 0, "model.language_model.layers.0.linear_attn.A_log")]
    [InlineData("Qwen3-30B-A3B", "published", 1, "model.layers.0.mlp.experts.127.up_proj.weight")]
    [InlineData("GLM-4.6", "channel", 4, "model.layers.3.mlp.gate.e_score_correction_bias")]
    [InlineData("Qwen3.5-35B-A3B", "published", 4, "model.language_model.layers.3.mlp.experts.down_proj")]
    [InlineData("gpt-oss-120b", "published", 2, "model.layers.1.self_attn.sinks")]
    [InlineData("DeepSeek-V3", "published", 4, "model.layers.0.self_attn.kv_a_layernorm.weight")]
    public void A_tensor_that_is_missing_is_named_and_so_is_one_too_many(string model, string scheme, int layers, string tensor)
    {
        Tensor[] published = lists.Get(model, scheme, layers);
        Tensor missing = Assert.Single(published, other => other.Name == tensor);
        var error = Assert.Throws<ModelException>(() => Load(model, scheme, layers, [.. published.Where(other => other != missing)]).Dispose());
        Assert.Equal(ModelError.Damaged, error.Error);
        Assert.Contains(tensor, error.Message, StringComparison.Ordinal);

        string more = tensor[..tensor.LastIndexOf('.')] + ".unknown";
        error = Assert.Throws<ModelException>(() => Load(model, scheme, layers, [.. published, new Tensor(more, "BF16", [4])]).Dispose());
        Assert.Equal((ModelError.Damaged, more), (error.Error, error.TensorName));
    }

    void RequireNotices(string model, string scheme, int layers, string[] left)
    {
        using LanguageModel loaded = Load(model, scheme, layers, lists.Get(model, scheme, layers));
        Assert.Equal(left.Length, loaded.Notices.Count);
        Assert.All(left, (notice, i) => Assert.Contains(notice, loaded.Notices[i], StringComparison.Ordinal));
    }

    // No memory for a context is needed, and none is taken.
    LanguageModel Load(string model, string scheme, int layers, Tensor[] tensors)
    {
        string directory = Directory.CreateDirectory(Path.Combine(_directory.Path, Guid.NewGuid().ToString())).FullName;
        File.Copy(lists.PathOf(model, scheme, layers, "config.json"), Path.Combine(directory, "config.json"));
        SparseCheckpoint.Write(directory, tensors);
        return LanguageModel.Load(directory, new() { ContextLength = 32, KvCacheBytes = 1 << 30, PrefillChunk = 1, Threads = 1 });
    }

    static bool IsScale(Tensor tensor) => ((string[])["_scale", "_scale_inv"]).Any(suffix => tensor.Name.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>The lists of all models, made together.</summary>
    public sealed class Lists : IDisposable
    {
        readonly TemporaryDirectory _directory = new();
        bool _areMade;

        internal string PathOf(string model, string scheme, int layers, string file)
        {
            Assert.SkipWhen(OperatingSystem.IsWindows(), "files of this size take the disk that they name");
            if (!_areMade)
            {
                string script = Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Families", "published_headers.py");
                IEnumerable<string> whole = Models.Concat(s_slow ? Mixtures : []).Select(row => $"{row.Data.Item1}:{row.Data.Item2}:0");
                IEnumerable<string> cut = Cut.Select(row => $"{row.Data.Item1}:{row.Data.Item2}:{row.Data.Item3}");
                NumpyProgram.Run(script, [Path.GetDirectoryName(Fixtures.Peer(Path.Combine("arch", "gen_arch.py")))!, _directory.Path, .. whole, .. cut]);
                _areMade = true;
            }

            return Path.Combine(_directory.Path, $"{model}-{scheme}-{layers}", file);
        }

        internal Tensor[] Get(string model, string scheme, int layers = 0)
            => [.. File.ReadLines(PathOf(model, scheme, layers, "tensors.tsv")).Select(line => line.Split('\t')).Select(parts => new Tensor(
                parts[0], parts[1], [.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(length => long.Parse(length, CultureInfo.InvariantCulture))]))];

        public void Dispose() => _directory.Dispose();
    }
}
