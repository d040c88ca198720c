using Octet.Backends.Cpu;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Whole models with keys and values in FP8, against double precision with the same rounding; scales under every published name, and wrong ones.</summary>
public class Float8CacheTests
{
    // Of the second layer's values some are beyond 448 of these.
    static readonly (float Key, float Value)[] s_scales = [(0.011f, 0.0137f), (0.0213f, 0.0041f)];

    static CpuKernels Best => InstructionSet.Float32.First(set => set.IsSupported).Kernels;

    public static TheoryData<KvCacheType, bool> Caches => new()
    {
        { KvCacheType.Float8E4M3, false },
        { KvCacheType.Float8E4M3, true },
        { KvCacheType.Float8E5M2, false },
        { KvCacheType.Float8E5M2, true },
    };

    [Theory]
    [MemberData(nameof(Caches))]
    public void Every_instruction_set_agrees_with_double_precision(KvCacheType type, bool scaled)
    {
        using var directory = new TemporaryDirectory();
        Checkpoint(scaled, ".k_scale", ".v_scale").Write(directory.Path);
        int[] ids = LogitsTests.Ids(40, 301);

        // E5M2 has no scales, whatever the checkpoint has.
        double[][] expected = new DoubleReference(directory.Path) { CacheType = type, CacheScales = scaled && type == KvCacheType.Float8E4M3 ? s_scales : null }.Forward(ids);
        double[][] exact = new DoubleReference(directory.Path).Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel model = Open(directory.Path, type, kernels);
            float[][] found = LogitsTests.Score(model, ids);
            AssertClose(expected, found, $"{type} on {name}");
            Assert.True(LogitsTests.Errors(exact, found).Average() > 0.005, "the rounding must show");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(33)]
    public void Any_chunking_agrees_with_double_precision(int chunk)
    {
        using var directory = new TemporaryDirectory();
        Checkpoint(true, ".k_scale", ".v_scale").Write(directory.Path);
        int[] ids = LogitsTests.Ids(70, 301);
        double[][] expected = new DoubleReference(directory.Path) { CacheType = KvCacheType.Float8E4M3, CacheScales = s_scales }.Forward(ids);
        using LanguageModel model = Open(directory.Path, KvCacheType.Float8E4M3, Best, chunk);
        AssertClose(expected, LogitsTests.Score(model, ids), $"chunks of {chunk}");
    }

    [Fact]
    public void Sequences_of_a_batch_agree_with_each_alone()
    {
        using var directory = new TemporaryDirectory();
        Checkpoint(true, ".k_scale", ".v_scale").Write(directory.Path);
        using LanguageModel model = Open(directory.Path, KvCacheType.Float8E4M3, Best);
        int[][] ids = [.. Enumerable.Range(0, 3).Select(i => LogitsTests.Ids(40 + i, 301)[..40])];
        InferenceSession[] sessions = [.. ids.Select(_ => model.CreateSession())];
        float[] logits = new float[3 * 301];
        for (int position = 0; position < 40; position++)
        {
            model.Evaluate(sessions, [.. ids.Select(row => row[position])], logits);
        }

        for (int i = 0; i < 3; i++)
        {
            double[] alone = [.. LogitsTests.Score(model, ids[i])[^1].Select(value => (double)value)];
            Assert.InRange(LogitsTests.Error(alone, logits[(i * 301)..((i + 1) * 301)]), 0, 0.02);
            sessions[i].Dispose();
        }
    }

    [Theory]
    [InlineData(".k_proj.k_scale", ".v_proj.v_scale")]
    [InlineData(".k_proj.output_scale", ".v_proj.output_scale")]
    public void Scales_are_found_under_every_published_name(string key, string value)
    {
        using var directory = new TemporaryDirectory();
        using var named = new TemporaryDirectory();
        Checkpoint(true, ".k_scale", ".v_scale").Write(directory.Path);
        Checkpoint(true, key, value).Write(named.Path);

        Assert.Equal(Score(directory.Path), Score(named.Path));
    }

    [Fact]
    public void One_scale_for_both_is_taken_where_there_are_no_two()
    {
        using var one = new TemporaryDirectory();
        using var two = new TemporaryDirectory();
        using var three = new TemporaryDirectory();
        static List<TensorSource> Of(params string[] suffixes) => [.. Enumerable.Range(0, 2).SelectMany(layer => suffixes.Select(suffix => Scale(layer, suffix, suffix == ".kv_scale" ? 0.02f : 0.03f)))];
        new SyntheticCheckpoint { Edit = tensors => tensors.AddRange(Of(".kv_scale")) }.Write(one.Path);
        new SyntheticCheckpoint { Edit = tensors => tensors.AddRange(Of(".k_scale", ".v_scale")) }.Write(two.Path);
        new SyntheticCheckpoint { Edit = tensors => tensors.AddRange(Of(".k_scale", ".v_scale", ".kv_scale")) }.Write(three.Path);
        int[] ids = LogitsTests.Ids(40, 301);
        double[][] expected = new DoubleReference(one.Path) { CacheType = KvCacheType.Float8E4M3, CacheScales = [(0.02f, 0.02f), (0.02f, 0.02f)] }.Forward(ids);

        AssertClose(expected, Score(one.Path), "kv_scale");
        Assert.Equal(Score(two.Path), Score(three.Path));
    }

    // compressed-tensors' strategy attn_head: [heads, 1, 1]. One of the layers has one for all, as an edited file may.
    [Fact]
    public void Scales_of_single_heads_are_used_for_these_heads()
    {
        using var directory = new TemporaryDirectory();
        (float Key, float Value)[] scales = [(0.011f, 0.0137f), (0.03f, 0.0041f), (0.0213f, 0.02f), (0.0213f, 0.005f)];
        new SyntheticCheckpoint
        {
            Edit = tensors => tensors.AddRange([HeadScales(0, ".k_scale", 0.011f, 0.03f), HeadScales(0, ".v_scale", 0.0137f, 0.0041f), Scale(1, ".k_scale", 0.0213f), HeadScales(1, ".v_scale", 0.02f, 0.005f)]),
        }.Write(directory.Path);
        int[] ids = LogitsTests.Ids(40, 301);
        double[][] expected = new DoubleReference(directory.Path) { CacheType = KvCacheType.Float8E4M3, CacheScales = scales }.Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel model = Open(directory.Path, KvCacheType.Float8E4M3, kernels);
            AssertClose(expected, LogitsTests.Score(model, ids), $"heads on {name}");
        }
    }

    [Fact]
    public void Quantos_unmeasured_scales_of_outputs_are_none_of_a_cache()
    {
        using var directory = new TemporaryDirectory();
        var checkpoint = new SyntheticCheckpoint { Scheme = WeightScheme.All["quanto"]() };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(20, 301);
        double[][] expected = new DoubleReference(directory.Path, meant: checkpoint.Meant) { CacheType = KvCacheType.Float8E4M3 }.Forward(ids);
        using LanguageModel model = Open(directory.Path, KvCacheType.Float8E4M3, Best);
        AssertClose(expected, LogitsTests.Score(model, ids), "quanto");
    }

    public static TheoryData<string, string> WrongScales => new()
    {
        { "negative", "model.layers.1.self_attn.v_scale: a scale of the key/value cache of -0.5, expected a finite number above 0" },
        { "zero", "model.layers.1.self_attn.v_scale: a scale of the key/value cache of 0, expected a finite number above 0" },
        { "NaN", "model.layers.1.self_attn.v_scale: a scale of the key/value cache of NaN, expected a finite number above 0" },
        { "three for two heads", "model.layers.1.self_attn.v_scale: a scale of the key/value cache of type Float32 and shape [3, 1, 1], expected one number or 2 in F32, BF16 or F16" },
        { "one head's negative", "model.layers.1.self_attn.v_scale: a scale of the key/value cache of -0.5, expected a finite number above 0" },
        { "no value", "tensor model.layers.1.self_attn.v_scale is missing: a scale of the key/value cache, and the checkpoint has model.layers.1.self_attn.k_scale" },
        { "no key", "tensor model.layers.1.self_attn.k_scale is missing: a scale of the key/value cache, and the checkpoint has model.layers.1.self_attn.v_scale" },
        { "no layer", "tensor model.layers.1.self_attn.k_scale is missing: a scale of the key/value cache, and the checkpoint has model.layers.0.self_attn.k_scale" },
    };

    [Theory]
    [MemberData(nameof(WrongScales))]
    public void Wrong_scales_are_refused_by_the_cache_that_wants_them(string wrong, string message)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint
        {
            Edit = tensors =>
            {
                tensors.AddRange([Scale(0, ".k_scale", 1), Scale(0, ".v_scale", 1)]);
                tensors.AddRange(wrong switch
                {
                    "no value" => [Scale(1, ".k_scale", 1)],
                    "no key" => [Scale(1, ".v_scale", 1)],
                    "no layer" => [],
                    "three for two heads" => [Scale(1, ".k_scale", 1), HeadScales(1, ".v_scale", 1, 1, 1)],
                    "one head's negative" => [Scale(1, ".k_scale", 1), HeadScales(1, ".v_scale", 1, -0.5f)],
                    _ => [Scale(1, ".k_scale", 1), Scale(1, ".v_scale", wrong == "negative" ? -0.5f : wrong == "zero" ? 0 : float.NaN)],
                });
            },
        }.Write(directory.Path);

        ModelException error = Assert.Throws<ModelException>(() => Open(directory.Path, KvCacheType.Float8E4M3, Best));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        foreach (KvCacheType type in (KvCacheType[])[KvCacheType.BFloat16, KvCacheType.Float32, KvCacheType.Float8E5M2])
        {
            Open(directory.Path, type, Best).Dispose();
        }
    }

    [Fact]
    public void A_cache_of_8_bits_takes_half_of_one_of_16()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(directory.Path);
        using LanguageModel wide = Open(directory.Path, KvCacheType.BFloat16, Best);
        using LanguageModel narrow = Open(directory.Path, KvCacheType.Float8E4M3, Best);
        Assert.Equal(wide.KvCacheBytesPerToken, 2 * narrow.KvCacheBytesPerToken);
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(directory.Path, (KvCacheType)4, Best));
    }

    static SyntheticCheckpoint Checkpoint(bool scaled, string key, string value) => new()
    {
        Edit = tensors =>
        {
            for (int layer = 0; scaled && layer < s_scales.Length; layer++)
            {
                tensors.AddRange([Scale(layer, key, s_scales[layer].Key), Scale(layer, value, s_scales[layer].Value)]);
            }
        },
    };

    static TensorSource Scale(int layer, string suffix, float value)
        => new($"model.layers.{layer}.self_attn{suffix}", DataType.Float32, [1], BitConverter.GetBytes(value));

    static TensorSource HeadScales(int layer, string suffix, params float[] values)
        => new($"model.layers.{layer}.self_attn{suffix}", DataType.Float32, [values.Length, 1, 1], values.SelectMany(BitConverter.GetBytes).ToArray());

    static LanguageModel Open(string path, KvCacheType type, CpuKernels kernels, int chunk = 256)
        => LanguageModel.Load(path, new() { KvCache = type, PrefillChunk = chunk, Threads = 2 }, kernels);

    static float[][] Score(string path)
    {
        using LanguageModel model = Open(path, KvCacheType.Float8E4M3, Best);
        return LogitsTests.Score(model, LogitsTests.Ids(40, 301));
    }

    // A number that lies on a rounding border may fall to either side: most positions agree closely, all roughly.
    static void AssertClose(double[][] expected, float[][] found, string what)
    {
        double[] errors = LogitsTests.Errors(expected, found);
        double median = errors.Order().ElementAt(errors.Length / 2);
        Assert.True(median < 1e-3 && errors.Max() < 0.02, $"{what}: relative error {median:e1} in the middle, {errors.Max():e1} at most");
    }
}
