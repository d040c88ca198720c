using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class CheckpointTests
{
    const string Index = "model.safetensors.index.json";

    static void Shard(TemporaryDirectory directory, string name, params string[] tensors) =>
        Bytes.Save(directory.At(name), [.. tensors.Select(tensor => new TensorSource(tensor, DataType.UInt8, [1], new byte[] { 7 }))]);

    static SafetensorsException Refusal(TemporaryDirectory directory, string? index = null)
    {
        if (index is not null)
        {
            File.WriteAllText(directory.At(Index), index);
        }

        return Assert.Throws<SafetensorsException>(() => SafetensorsCheckpoint.Open(directory.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.safetensors")]
    public void A_directory_or_its_file_opens(string name)
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "model.safetensors", "a", "b");

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.At(name));

        Assert.Equal(directory.At("model.safetensors"), checkpoint.Path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(2, checkpoint.TotalBytes);
        Assert.True(checkpoint.TryGetTensor("b", out _));
        Assert.Equal(SafetensorsError.TensorNotFound, Assert.Throws<SafetensorsException>(() => checkpoint["c"]).Error);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"one","b":"two"}}""")]
    [InlineData("""{"metadata":{"total_size":1.5e9,"x":[{}]},"weight_map":{"b":"two","a":"one"}}""")]
    [InlineData("""{"metadata":{"total_size":99},"weight_map":{"a":"one","b":"two"},"other":null}""")]
    [InlineData("\uFEFF{\"weight_map\":{\"a\":\"one\",\"b\":\"two\"},\"metadata\":null}\n")]
    public void An_index_joins_its_shards_whatever_its_metadata_says(string index)
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");
        Shard(directory, "two", "b");
        File.WriteAllText(directory.At("other.index.json"), index);

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.At("other.index.json"));

        Assert.Equal(["one", "two"], checkpoint.Files.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal(2, checkpoint.TotalBytes);
        Assert.Equal("two", Path.GetFileName(checkpoint["b"].File.Path));
    }

    [Fact]
    public void Shards_are_read_without_being_mapped()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");
        Shard(directory, "two", "b");
        File.WriteAllText(directory.At(Index), """{"weight_map":{"a":"one","b":"two"}}""");

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path, SafetensorsReadMode.Positional);

        Assert.All(checkpoint.Tensors, tensor => Assert.False(tensor.IsInPlace));
        byte[] copy = new byte[1];
        checkpoint["b"].CopyTo(copy);
        Assert.Equal(7, copy[0]);
    }

    [Fact]
    public void The_single_file_is_preferred_to_an_index()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "model.safetensors", "single");
        File.WriteAllText(directory.At(Index), "not read");

        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);

        Assert.Equal("single", Assert.Single(checkpoint.Tensors).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map":[]}""")]
    [InlineData("""{"weight_map":{"a":1}}""")]
    [InlineData("""{"weight_map":{},"weight_map":{}}""")]
    [InlineData("""{"weight_map":{"a":"\ud800"}}""")]
    [InlineData("""{"weight_map":{"a":""}}""")]
    [InlineData("""{"weight_map":{"a":".."}}""")]
    [InlineData("""{"weight_map":{"a":"../model.safetensors"}}""")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""")]
    [InlineData("""{"weight_map":{"a":"sub/model.safetensors"}}""")]
    [InlineData("""{"weight_map":{"a":"sub\\model.safetensors"}}""")]
    [InlineData("""{"weight_map":{"a":"C:model.safetensors"}}""")]
    public void An_index_of_another_form_or_reaching_outside_is_refused(string index)
    {
        using TemporaryDirectory directory = new();

        SafetensorsException refused = Refusal(directory, index);

        Assert.Equal(SafetensorsError.InvalidIndex, refused.Error);
        Assert.Equal(directory.At(Index), refused.FilePath);
    }

    [Fact]
    public void A_tensor_named_twice_in_the_index_is_refused()
    {
        using TemporaryDirectory directory = new();

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","a":"two"}}""");

        Assert.Equal((SafetensorsError.DuplicateName, "a"), (refused.Error, refused.TensorName));
    }

    [Fact]
    public void A_missing_shard_is_named_with_a_tensor_that_needs_it()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","b":"two"}}""");

        Assert.Equal((SafetensorsError.MissingShard, directory.At("two"), "b"), (refused.Error, refused.FilePath, refused.TensorName));
    }

    [Fact]
    public void A_tensor_absent_from_its_shard_is_named()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","b":"one"}}""");

        Assert.Equal((SafetensorsError.TensorNotInShard, "b"), (refused.Error, refused.TensorName));
        Assert.EndsWith("the index places tensor 'b' in 'one', which does not hold it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_in_another_shard_than_the_index_says_is_named()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a", "b");
        Shard(directory, "two", "c");

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","b":"two","c":"two"}}""");

        Assert.Equal((SafetensorsError.TensorNotInShard, "b"), (refused.Error, refused.TensorName));
        Assert.Contains("it is in 'one'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    public void A_tensor_in_two_shards_is_named_with_both(string indexed)
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a", "b");
        Shard(directory, "two", "b", "c");

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","b":"?","c":"two"}}""".Replace("?", indexed, StringComparison.Ordinal));

        Assert.Equal((SafetensorsError.DuplicateName, "b"), (refused.Error, refused.TensorName));
        Assert.Contains("in two shards, 'one' and 'two'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_index_does_not_name_is_named()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a", "b");

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one"}}""");

        Assert.Equal((SafetensorsError.TensorNotInIndex, "b"), (refused.Error, refused.TensorName));
    }

    [Fact]
    public void A_damaged_shard_is_named()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");
        Shard(directory, "two", "b");
        using (FileStream stream = File.OpenWrite(directory.At("two")))
        {
            stream.SetLength(stream.Length - 1);
        }

        SafetensorsException refused = Refusal(directory, """{"weight_map":{"a":"one","b":"two"}}""");

        Assert.Equal((SafetensorsError.MetadataIncompleteBuffer, directory.At("two")), (refused.Error, refused.FilePath));
    }

    [Theory]
    [InlineData(null, "has neither model.safetensors nor model.safetensors.index.json")]
    [InlineData("pytorch_model.bin", "'pytorch_model.bin' is not read, because a Python pickle runs code")]
    public void A_directory_without_a_checkpoint_says_what_was_looked_for(string? present, string says)
    {
        using TemporaryDirectory directory = new();
        if (present is not null)
        {
            File.WriteAllBytes(directory.At(present), []);
        }

        SafetensorsException refused = Refusal(directory);

        Assert.Equal(SafetensorsError.FileNotFound, refused.Error);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("nothing.json")]
    public void A_path_that_leads_nowhere_is_said(string name)
    {
        using TemporaryDirectory directory = new();

        SafetensorsException refused = Assert.Throws<SafetensorsException>(() => SafetensorsCheckpoint.Open(directory.At(name)));

        Assert.Equal((SafetensorsError.FileNotFound, directory.At(name)), (refused.Error, refused.FilePath));
    }

    [Fact]
    public void A_mutated_index_opens_or_is_refused_with_a_typed_error()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a", "c");
        Shard(directory, "two", "b");
        byte[] index = """{"metadata":{"total_size":3},"weight_map":{"a":"one","b":"two","c":"one"}}"""u8.ToArray();
        Random random = new(7);
        HashSet<SafetensorsError> errors = [];
        int opened = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] mutated = [.. index];
            mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            mutated[random.Next(mutated.Length)] ^= (byte)(random.Next(2) << random.Next(8));
            File.WriteAllBytes(directory.At(Index), mutated);
            try
            {
                using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);
                Assert.Equal(3, checkpoint.Tensors.Count);
                opened++;
            }
            catch (SafetensorsException e)
            {
                errors.Add(e.Error);
            }
        }

        Assert.True(opened > 10);
        Assert.Superset(new HashSet<SafetensorsError> { SafetensorsError.InvalidIndex, SafetensorsError.MissingShard, SafetensorsError.TensorNotInIndex }, errors);
    }

    [Fact]
    public void Disposal_closes_every_file()
    {
        using TemporaryDirectory directory = new();
        Shard(directory, "one", "a");
        Shard(directory, "two", "b");
        File.WriteAllText(directory.At(Index), """{"weight_map":{"a":"one","b":"two"}}""");
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(directory.Path);

        checkpoint.Dispose();

        Assert.All(checkpoint.Tensors, tensor => Assert.Throws<ObjectDisposedException>(() => tensor.Bytes.Length));
    }
}
