using System.Text;
using Octet.Numerics;

namespace Octet.Safetensors.Tests;

/// <summary>One tensor under several names, as the Python library's <c>save_model</c> stores it: once, under the first sorted name.</summary>
public class SharedTensorTests
{
    static readonly SafetensorsWriterOptions s_bare = new() { Metadata = new Dictionary<string, string>() };

    static TensorSource Tensor(string name, params string[] aliases) =>
        new(name, DataType.UInt8, [2], Encoding.UTF8.GetBytes(name).AsMemory(name.Length - 2)) { Aliases = aliases };

    [Fact]
    public void The_bytes_are_written_once_and_the_other_names_recorded_in_the_metadata()
    {
        byte[] written = Bytes.Write([Tensor("model.embed_tokens.weight", "lm_head.weight"), Tensor("other")], s_bare);

        string header = """{"__metadata__":{"model.embed_tokens.weight":"lm_head.weight"},"lm_head.weight":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"other":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""";
        Assert.Equal(Bytes.File(header.PadRight((header.Length + 7) / 8 * 8), "hter"u8.ToArray()), written);
    }

    [Fact]
    public void Whichever_name_is_given_first_the_bytes_are_the_same()
    {
        byte[] one = Bytes.Write([new TensorSource("aa", DataType.UInt8, [1], new byte[1]) { Aliases = ["\U0001F600", "\uFF21"] }]);
        byte[] other = Bytes.Write([new TensorSource("\U0001F600", DataType.UInt8, [1], new byte[1]) { Aliases = ["\uFF21", "aa"] }]);

        Assert.Equal(one, other);
        using SafetensorsFile file = SafetensorsFile.Parse(one, "f");
        Assert.Equal(["aa"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(new Dictionary<string, string> { ["\uFF21"] = "aa", ["\U0001F600"] = "aa" }, SharedTensorNames.Of(file));
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void A_sharded_checkpoint_keeps_other_names_beside_their_tensor()
    {
        using TemporaryDirectory directory = new();
        SafetensorsWriter.WriteSharded(
            directory.Path,
            [Tensor("bb"), Tensor("zz", "cc"), Tensor("dd", "xx", "yy")],
            new SafetensorsWriterOptions { MaxShardSize = 2 },
            TestContext.Current.CancellationToken);

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);

        Assert.Equal(["bb", "cc", "dd"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("zz"u8.ToArray(), checkpoint["cc"].Bytes.ToArray());
        Assert.Equal(new Dictionary<string, string> { ["zz"] = "cc", ["xx"] = "dd", ["yy"] = "dd" }, SharedTensorNames.Of(checkpoint));
        Assert.Equal(
            (string[])["", "zz", "xx yy"],
            checkpoint.Files.Select(file => string.Join(' ', SharedTensorNames.Of(file).Keys.Order(StringComparer.Ordinal))));
    }

    [Fact]
    public void A_name_that_is_used_twice_is_refused()
    {
        Assert.All(
            (TensorSource[][])[[Tensor("aa", "bb"), Tensor("bb")], [Tensor("aa", "cc"), Tensor("bb", "cc")], [Tensor("aa", "aa")], [Tensor("aa", "bb", "bb")]],
            tensors => Assert.Equal(SafetensorsError.DuplicateName, Assert.Throws<SafetensorsException>(() => Bytes.Write(tensors)).Error));
        Assert.Equal(SafetensorsError.InvalidTensorName, Assert.Throws<SafetensorsException>(() => Tensor("aa", "__metadata__")).Error);
    }

    [Fact]
    public void A_name_that_is_a_key_of_the_metadata_is_refused_before_anything_is_written()
    {
        using TemporaryDirectory directory = new();
        TensorSource[] tensors = [Tensor("aa"), Tensor("bb", "format")];

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => Bytes.Write(tensors));
        Assert.Equal((SafetensorsError.DuplicateName, "format"), (refused.Error, refused.TensorName));
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.WriteSharded(
            directory.At("new"), tensors, new SafetensorsWriterOptions { MaxShardSize = 2 }, TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(directory.At("new")));
    }

    [Fact]
    public void Metadata_that_names_no_stored_tensor_or_a_stored_key_is_no_other_name()
    {
        SafetensorsWriterOptions options = new()
        {
            Metadata = new Dictionary<string, string> { ["format"] = "pt", ["aa"] = "bb", ["dropped"] = "gone", ["cc"] = "bb" },
        };

        using SafetensorsFile file = SafetensorsFile.Parse(Bytes.Write([Tensor("aa"), Tensor("bb")], options), "f");

        Assert.Equal(new Dictionary<string, string> { ["cc"] = "bb" }, SharedTensorNames.Of(file));
    }
}
