using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Checkpoints;

/// <summary>A model whose config ties its output layer to the embedding, and whose files store one all the same.</summary>
public class TiedOutputTests
{
    const string Head = "lm_head.weight";
    const string Embedding = "model.embed_tokens.weight";

    static readonly SyntheticCheckpoint s_small = new() { Layers = 1, MaxPositionEmbeddings = 64 };
    static readonly int[] s_ids = LogitsTests.Ids(5, s_small.VocabSize);

    [Fact]
    public void The_embedding_stored_a_second_time_is_skipped_without_a_word()
    {
        (float[][] expected, _) = Score(s_small);
        (float[][] logits, IReadOnlyList<string> notices) = Score(s_small with { StoreHead = true });
        Assert.Equal(expected, logits);
        Assert.Empty(notices);
    }

    [Theory]
    [InlineData(DataType.Float32, 0f)]
    [InlineData(DataType.Float32, 0.0001f)]
    public void One_of_a_wider_type_that_rounds_to_the_embedding_is_the_embedding(DataType type, float off)
    {
        (float[][] expected, _) = Score(s_small);
        (float[][] logits, IReadOnlyList<string> notices) = Score(s_small with
        {
            Edit = tensors => tensors.Add(Floats(type, Values(tensors).Select(value => value * (1 + off)))),
        });
        Assert.Equal(expected, logits);
        Assert.Empty(notices);
    }

    [Theory]
    [InlineData(DataType.BFloat16, LmHead.AsStored)]
    [InlineData(DataType.BFloat16, LmHead.Float8)]
    [InlineData(DataType.Float32, LmHead.AsStored)]
    public void One_with_other_values_counts_and_is_told(DataType type, LmHead head)
    {
        SyntheticCheckpoint own = s_small with { Edit = tensors => tensors.Add(Floats(type, Values(tensors).Select(value => value * 1.5f))) };
        (float[][] expected, IReadOnlyList<string> silent) = Score(own with { EditConfig = config => config["tie_word_embeddings"] = false }, head);
        (float[][] logits, IReadOnlyList<string> notices) = Score(own, head);
        Assert.Equal(expected, logits);
        Assert.Empty(silent);
        string notice = Assert.Single(notices);
        Assert.Contains("tie_word_embeddings", notice, StringComparison.Ordinal);
        Assert.Contains(Head, notice, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_differs_in_its_last_value_only_counts()
    {
        (_, IReadOnlyList<string> notices) = Score(s_small with
        {
            Edit = tensors =>
            {
                float[] values = [.. Values(tensors)];
                values[^1] += 1;
                tensors.Add(Floats(DataType.BFloat16, values));
            },
        });
        Assert.Single(notices);
    }

    [Fact]
    public void One_of_another_shape_is_refused()
    {
        var error = Assert.Throws<ModelException>(() => Score(s_small with { Edit = tensors => tensors.Add(new TensorSource(Head, DataType.BFloat16, [300, 160], new byte[300 * 160 * 2])) }));
        Assert.Equal(Head, error.TensorName);
        Assert.Contains("[300, 160], expected [301, 160]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void One_that_is_damaged_names_the_place(float value)
    {
        var error = Assert.Throws<ModelException>(() => Score(s_small with
        {
            Edit = tensors =>
            {
                float[] values = [.. Values(tensors)];
                values[7 * 160 + 3] = value;
                tensors.Add(Floats(DataType.BFloat16, values));
            },
        }));
        Assert.Equal(Head, error.TensorName);
        Assert.Contains("[7, 3]", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModelError.Damaged, error.Error);
    }

    [Fact]
    public void Codes_without_their_scale_are_refused_where_the_config_says_that_there_are_some()
    {
        var error = Assert.Throws<ModelException>(() => Score(s_small with { Edit = tensors => tensors.Add(new TensorSource(Head, DataType.Float8E4M3FN, [301, 160], new byte[301 * 160])) }));
        Assert.Equal(Head, error.TensorName);
        Assert.Contains("without its scale", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quantised_one_counts_and_is_told()
    {
        SyntheticCheckpoint own = s_small with
        {
            Edit = tensors =>
            {
                byte[] codes = new byte[301 * 160];
                new Random(3).NextBytes(codes);
                tensors.Add(new TensorSource(Head, DataType.Float8E4M3FN, [301, 160], codes.Select(code => (byte)(code & 0xBF)).ToArray()));
                tensors.Add(new TensorSource(Head + "_scale_inv", DataType.Float32, [3, 2], MemoryMarshal.AsBytes<float>([0.1f, 0.2f, 0.3f, 0.2f, 0.1f, 0.2f]).ToArray()));
            },
        };
        (float[][] expected, _) = Score(own with { EditConfig = config => config["tie_word_embeddings"] = false });
        (float[][] logits, IReadOnlyList<string> notices) = Score(own);
        Assert.Equal(expected, logits);
        Assert.Contains("quantised", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_only_the_output_layer_is_stored_it_is_the_embedding_too()
    {
        (float[][] expected, _) = Score(s_small);
        (float[][] logits, IReadOnlyList<string> notices) = Score(s_small with { StoreHead = true, Edit = tensors => tensors.RemoveAll(tensor => tensor.Name == Embedding) });
        Assert.Equal(expected, logits);
        Assert.Contains("used as the embedding", Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public void A_published_head_that_differs_gives_what_transformers_5_computes()
    {
        using LanguageModel model = LanguageModel.Load(Fixtures.Case("loader", "02-tied-head-differs", "differs"), new() { KvCache = KvCacheType.Float32 });
        ScoreResult score = model.Score([5, 17, 3, 44, 60, 1, 2, 9, 33, 21]);

        // 73.509408 is numpy's in double precision for 1.5 times the embedding; stored in bfloat16 that is off by 2^-9 at most.
        Assert.Equal(73.509408, score.NegativeLogLikelihood, 73.5 / 512);
        Assert.Single(model.Notices);
    }

    [Fact]
    public void A_published_quantised_head_opens()
    {
        using LanguageModel model = LanguageModel.Load(Fixtures.Case("loader", "11-quantised-tied-head-message", "m"));
        Assert.Contains("quantised", Assert.Single(model.Notices), StringComparison.Ordinal);
    }

    static (float[][] Logits, IReadOnlyList<string> Notices) Score(SyntheticCheckpoint checkpoint, LmHead head = LmHead.AsStored)
    {
        using var directory = new TemporaryDirectory();
        checkpoint.Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { LmHead = head });
        return (LogitsTests.Score(model, s_ids), model.Notices);
    }

    static float[] Values(List<TensorSource> tensors)
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "one.safetensors");
        SafetensorsWriter.Write(path, [tensors.Single(tensor => tensor.Name == Embedding)]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        float[] values = new float[file[Embedding].ElementCount];
        BFloat16.ConvertToSingle(file[Embedding].AsSpan<BFloat16>(), values);
        return values;
    }

    static TensorSource Floats(DataType type, IEnumerable<float> values)
    {
        float[] all = [.. values];
        if (type == DataType.Float32)
        {
            return new TensorSource(Head, type, [301, 160], MemoryMarshal.AsBytes<float>(all).ToArray());
        }

        var rounded = new BFloat16[all.Length];
        BFloat16.ConvertFromSingle(all, rounded);
        return new TensorSource(Head, type, [301, 160], MemoryMarshal.AsBytes<BFloat16>(rounded).ToArray());
    }
}
