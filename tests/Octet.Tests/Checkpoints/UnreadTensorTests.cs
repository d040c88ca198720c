using System.Runtime.InteropServices;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Checkpoints;

/// <summary>A model does not fail for tensors that no weight depends on; what is wrong with one of them is an error all the same.</summary>
public class UnreadTensorTests
{
    const string Attention = "model.layers.0.self_attn";

    public static TheoryData<string> Names =>
    [
        Attention + ".q_scale",
        Attention + ".attn.q_scale",
        Attention + ".attn.k_scale",
        Attention + ".attn.v_scale",
        Attention + ".prob_output_scale",
        Attention + ".attn.prob_scale",
        Attention + ".q_proj.act_scale",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_are_those_without_it(string name)
    {
        float[][] expected = Score(_ => { });
        Assert.Equal(expected, Score(tensors => tensors.Add(Floats(name, [1], 0.02f))));
        Assert.Equal(expected, Score(tensors => tensors.Add(Floats(name, [], 0.02f))));
    }

    [Theory]
    [InlineData(Attention + ".q_scale", 0f)]
    [InlineData(Attention + ".q_scale", float.NaN)]
    [InlineData(Attention + ".prob_output_scale", -1f)]
    [InlineData(Attention + ".q_proj.act_scale", float.PositiveInfinity)]
    public void A_scale_that_is_no_positive_number_is_refused(string name, float value)
    {
        var error = Assert.Throws<ModelException>(() => Score(tensors => tensors.Add(Floats(name, [1], value))));
        Assert.Equal(name, error.TensorName);
        Assert.Contains("expected a finite number above 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".weight_zero_point")]
    [InlineData(".input_zero_point")]
    public void An_offset_of_zero_is_skipped_and_any_other_refused(string suffix)
    {
        string name = Attention + ".q_proj" + suffix;
        Assert.Equal(Score(_ => { }), Score(tensors => tensors.Add(new TensorSource(name, DataType.Int8, [128, 1], new byte[128]))));
        byte[] one = new byte[128];
        one[77] = 1;
        var error = Assert.Throws<ModelException>(() => Score(tensors => tensors.Add(new TensorSource(name, DataType.Int8, [128, 1], one))));
        Assert.Equal(name, error.TensorName);
        Assert.Contains("not implemented", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_skipped_is_told_with_its_reason()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1, Edit = tensors => tensors.Add(Floats(Attention + ".q_scale", [1], 0.02f)) }.Write(directory.Path);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);
        var ledger = new WeightLedger(checkpoint, null);
        ledger.SkipUnread();
        (TensorView tensor, string reason) = Assert.Single(ledger.Skipped);
        Assert.Equal(Attention + ".q_scale", tensor.Name);
        Assert.Contains("queries", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("q-scale")]
    [InlineData("mxfp4-fp8-attention")]
    public void Models_with_scales_of_attention_open_and_compute_as_without_them(string name)
    {
        int[] ids = [5, 17, 3, 44];
        string source = Fixtures.Case("loader", "05-attention-scales-refused", name);
        using var directory = new TemporaryDirectory();
        using (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(source))
        {
            SafetensorsWriter.Write(
                Path.Combine(directory.Path, "model.safetensors"),
                [.. checkpoint.Tensors.Where(tensor => !tensor.Name.EndsWith("q_scale", StringComparison.Ordinal)).Select(tensor => new TensorSource(tensor))]);
        }

        File.Copy(Path.Combine(source, "config.json"), Path.Combine(directory.Path, "config.json"));
        using LanguageModel without = LanguageModel.Load(directory.Path);
        using LanguageModel model = LanguageModel.Load(source);
        Assert.Equal(LogitsTests.Score(without, ids), LogitsTests.Score(model, ids));
    }

    static float[][] Score(Action<List<TensorSource>> edit)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Layers = 1, MaxPositionEmbeddings = 64, Edit = edit };
        checkpoint.Write(directory.Path);
        using LanguageModel model = LanguageModel.Load(directory.Path);
        return LogitsTests.Score(model, LogitsTests.Ids(5, checkpoint.VocabSize));
    }

    static TensorSource Floats(string name, long[] shape, float value) => new(name, DataType.Float32, shape, MemoryMarshal.AsBytes([value]).ToArray());
}
