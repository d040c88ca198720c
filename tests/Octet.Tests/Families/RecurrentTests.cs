using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Generation;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Backends;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>
/// A recurrent state holds one length only: what is computed together, in turns, again, after a failure or in the place of another sequence
/// is what a session computes that is alone and never stops.
/// </summary>
public sealed class RecurrentTests(RecurrentTests.Fixture fixture) : IClassFixture<RecurrentTests.Fixture>
{
    // Two layers of 2 key heads of 32 and 4 value heads of 32: states of 4 * 32 * 32 and 3 inputs of 256 channels.
    const long StateBytes = 2 * ((4 * 32 * 32) + (3 * 256)) * sizeof(float);
    const int Tokens = 70;

    static readonly int[] s_ids = LogitsTests.Ids(Tokens, 320);

    [Fact]
    public void Sessions_that_decode_together_compute_what_each_does_alone()
    {
        using LanguageModel model = fixture.Open();
        InferenceSession[] sessions = [.. Enumerable.Range(0, 5).Select(_ => model.CreateSession())];
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].Evaluate(s_ids.AsSpan(i, i * 9), []);
        }

        float[] found = new float[sessions.Length * model.Config.VocabSize];
        for (int step = 0; step < 6; step++)
        {
            model.Evaluate(sessions, [.. sessions.Select((session, i) => s_ids[i + session.Length])], found);
            for (int i = 0; i < sessions.Length; i++)
            {
                int length = sessions[i].Length;
                AssertClose(Alone(model, s_ids.AsSpan(i, length)), found.AsSpan(i * model.Config.VocabSize, model.Config.VocabSize), $"session {i} at {length}");
            }
        }
    }

    [Fact]
    public void Sessions_that_take_turns_chunk_by_chunk_do_not_touch_each_other()
    {
        using LanguageModel model = fixture.Open(chunk: 8);
        using InferenceSession one = model.CreateSession();
        using InferenceSession other = model.CreateSession();
        float[] last = new float[one.VocabularySize];
        float[] otherLast = new float[one.VocabularySize];
        for (int at = 0; at < 48; at += 8)
        {
            one.Evaluate(s_ids.AsSpan(at, 8), last);
            other.Evaluate(s_ids.AsSpan(at + 16, 8), otherLast);
        }

        Assert.Equal(Alone(model, s_ids.AsSpan(0, 48)), last);
        Assert.Equal(Alone(model, s_ids.AsSpan(16, 48)), otherLast);
    }

    [Theory]
    [InlineData(70, 70)]
    [InlineData(69, 0)]
    [InlineData(33, 0)]
    [InlineData(0, 0)]
    public void A_sequence_that_is_cut_is_computed_again_from_its_beginning(int length, int computed)
    {
        using LanguageModel model = fixture.Open(chunk: 16);
        using InferenceSession session = model.CreateSession();
        session.Evaluate(s_ids, []);
        Assert.Equal(length, session.KeepPrefix([.. s_ids.AsSpan(0, length), 319]));
        Assert.Equal((length, computed), (session.Length, session.Computed));
        Assert.Equal(length == 0, session.Sequence.RecurrentPage < 0);
        float[] found = new float[session.VocabularySize];
        session.Evaluate([7], found);
        AssertClose(Alone(model, [.. s_ids.AsSpan(0, length), 7]), found, $"cut to {length}");
        Assert.Equal(length + 1, session.Computed);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(10, 1)]
    [InlineData(0, 0)]
    public void A_step_that_is_cancelled_between_layers_leaves_nothing_behind(int before, int lastLayer)
    {
        using LanguageModel model = fixture.Open();
        using InferenceSession session = model.CreateSession();
        session.Evaluate(s_ids.AsSpan(0, before), []);
        Cancel(session, s_ids.AsSpan(before, 20), place => place == lastLayer);
        Assert.Equal((before, 0), (session.Length, session.Computed));
        float[] found = new float[session.VocabularySize];
        session.Evaluate(s_ids.AsSpan(before, 5), found);
        AssertClose(Alone(model, s_ids.AsSpan(0, before + 5)), found, "after a cancelled step");
    }

    [Fact]
    public void A_cancelled_chunk_leaves_the_tokens_of_those_before_it()
    {
        using LanguageModel model = fixture.Open(chunk: 8);
        using InferenceSession session = model.CreateSession();
        int chunks = 0;
        Cancel(session, s_ids.AsSpan(0, 40), place => place == 0 && ++chunks == 3);
        Assert.Equal((16, 0), (session.Length, session.Computed));

        float[] found = new float[session.VocabularySize];
        session.Evaluate(s_ids.AsSpan(16), found);
        AssertClose(Alone(model, s_ids), found, "after a cancelled chunk");
    }

    [Fact]
    public async Task What_is_computed_again_can_be_cancelled_and_begun_once_more()
    {
        using LanguageModel model = fixture.Open(chunk: 2);
        int[] ids = LogitsTests.Ids(400, 320);
        using InferenceSession session = model.CreateSession();
        session.Evaluate(ids, []);
        session.Truncate(399);
        using var cancellation = new CancellationTokenSource();
        Task watch = Task.Run(() =>
        {
            SpinWait.SpinUntil(() => session.Computed >= 4);
            cancellation.Cancel();
        }, TestContext.Current.CancellationToken);
        Assert.Throws<OperationCanceledException>(() => session.Evaluate([1, 2], [], cancellation.Token));
        await watch;
        Assert.Equal(399, session.Length);
        Assert.InRange(session.Computed, 0, 398);
        float[] found = new float[session.VocabularySize];
        session.Evaluate([1], found, TestContext.Current.CancellationToken);
        AssertClose(Alone(model, [.. ids.AsSpan(0, 399), 1]), found, "computed again twice");
    }

    [Fact]
    public void A_page_that_another_sequence_left_counts_as_zeros()
    {
        using LanguageModel model = fixture.Open();
        float[] expected = Alone(model, s_ids.AsSpan(0, 9));
        InferenceSession first = model.CreateSession();
        first.Evaluate(s_ids, []);
        int page = first.Sequence.RecurrentPage;
        first.Dispose();
        using InferenceSession next = model.CreateSession();
        float[] found = new float[next.VocabularySize];
        next.Evaluate(s_ids.AsSpan(0, 9), found);
        Assert.Equal(page, next.Sequence.RecurrentPage);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void More_sequences_than_there_are_states_are_refused_until_one_ends()
    {
        // A quarter for states: two. What is left holds more tokens than these have.
        using LanguageModel model = fixture.OpenWith(new() { KvCacheBytes = 8 * StateBytes });
        InferenceSession[] sessions = [model.CreateSession(), model.CreateSession(), model.CreateSession()];
        sessions[0].Evaluate([1], []);
        sessions[1].Evaluate([2], []);
        var error = Assert.Throws<ModelException>(() => sessions[2].Evaluate([3], []));
        Assert.Equal(ModelError.Full, error.Error);
        Assert.Equal((0, -1), (sessions[2].Sequence.Capacity, sessions[2].Sequence.RecurrentPage));
        sessions[0].Dispose();
        sessions[2].Evaluate([3], []);
        Assert.Equal(1, sessions[2].Length);
    }

    [Fact]
    public void States_are_counted_where_memory_is_planned()
    {
        using LanguageModel model = fixture.OpenWith(new() { KvCacheBytes = 8 * StateBytes });

        // Keys and values of one layer, 2 heads of 64 in float32.
        const long Page = 32 * 2 * 2 * 64 * sizeof(float);
        Assert.Equal((2 * StateBytes) + (6 * StateBytes / Page * Page), model.KvCacheBytes);
        Assert.Equal(6 * StateBytes / Page * 32, model.ContextLength);
    }

    [Fact]
    public void Keys_and_values_are_those_of_the_layer_that_has_some()
    {
        using LanguageModel model = fixture.Open();
        Assert.Equal(["model.layers.1.self_attn"], model.AttentionNames);
        using InferenceSession session = model.CreateSession();
        session.Evaluate(s_ids, []);
        (float key, float value) = Assert.Single(session.CacheMagnitudes());
        Assert.True(key > 0 && value > 0);
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel one = fixture.OpenWith(new() { Threads = 1 }, kernels);
            using LanguageModel three = fixture.OpenWith(new() { Threads = 3 }, kernels);
            Assert.True(Alone(one, s_ids).AsSpan().SequenceEqual(Alone(three, s_ids)), name);
        }
    }

    [Fact]
    public void What_predicts_further_tokens_and_what_sees_is_left()
    {
        using var directory = new TemporaryDirectory();
        string path = OracleTests.GenerateModel(directory.Path, "qwen3_5_text --wrap --set num_hidden_layers=1 --set layer_types=[\"linear_attention\"]");
        float[] expected;
        using (LanguageModel model = LanguageModel.Load(path, new() { Threads = 2 }))
        {
            expected = Alone(model, s_ids.AsSpan(0, 5));
        }

        string file = Path.Combine(path, "model.safetensors");
        List<TensorSource> tensors = [Extra("mtp.layers.0.self_attn.q_proj.weight"), Extra("mtp.fc.weight"), Extra("model.visual.blocks.0.attn.qkv.weight")];
        using (SafetensorsCheckpoint whole = SafetensorsCheckpoint.Open(path))
        {
            SafetensorsWriter.Write(file + ".new", [.. whole.Tensors.Select(tensor => new TensorSource(tensor)), .. tensors]);
        }

        File.Move(file + ".new", file, overwrite: true);
        using (LanguageModel model = LanguageModel.Load(path, new() { Threads = 2 }))
        {
            Assert.Equal(expected, Alone(model, s_ids.AsSpan(0, 5)));
            Assert.Contains(model.Notices, notice => notice.Contains("1 tensors belong to parts that do not read text (model.visual)", StringComparison.Ordinal));
        }

        static TensorSource Extra(string name) => new(name, DataType.BFloat16, [4, 4], new byte[32]);
    }

    static void Cancel(InferenceSession session, ReadOnlySpan<int> ids, Func<int, bool> isTime)
    {
        using var cancellation = new CancellationTokenSource();
        int[] copy = ids.ToArray();
        Assert.Throws<OperationCanceledException>(() => session.Score(copy, (_, _) => { }, (place, _, _, _) =>
        {
            if (isTime(place))
            {
                cancellation.Cancel();
            }
        }, cancellation.Token));
    }

    static float[] Alone(LanguageModel model, ReadOnlySpan<int> ids)
    {
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[session.VocabularySize];
        session.Evaluate(ids, logits);
        return logits;
    }

    static void AssertClose(float[] expected, ReadOnlySpan<float> found, string what)
    {
        double error = LogitsTests.Error([.. expected.Select(value => (double)value)], found.ToArray());
        Assert.True(error <= 1e-5, $"{what}: relative error {error:e2}");
    }

    /// <summary>The checkpoint of all tests: a recurrent layer on both sides of one with attention.</summary>
    public sealed class Fixture : IDisposable
    {
        readonly TemporaryDirectory _directory = new();
        readonly Lock _lock = new();
        string? _path;

        internal LanguageModel Open(int chunk = 256) => OpenWith(new() { PrefillChunk = chunk });

        internal LanguageModel OpenWith(LanguageModelOptions options, CpuKernels? kernels = null)
        {
            lock (_lock)
            {
                _path ??= OracleTests.GenerateModel(_directory.Path, "qwen3_5_text --set num_hidden_layers=3 --set layer_types=[\"linear_attention\",\"full_attention\",\"linear_attention\"]");
            }

            return LanguageModel.Load(_path, options with { KvCache = KvCacheType.Float32, Threads = options.Threads ?? 2 }, kernels ?? InstructionSet.Float32.First(set => set.IsSupported).Kernels);
        }

        public void Dispose() => _directory.Dispose();
    }
}
