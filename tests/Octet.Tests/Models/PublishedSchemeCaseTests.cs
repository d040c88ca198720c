using Octet.Numerics;
using Octet.Safetensors;
using Octet.Testing;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

/// <summary>Files of the kinds that public reports describe, each against the model that it means.</summary>
public class PublishedSchemeCaseTests
{
    public static TheoryData<string, int, int> Cases => new()
    {
        { "07-modelopt-mixed-with-blocks/blocks-4d", 128, 128 },
        { "07-modelopt-mixed-with-blocks/lower-case", 128, 128 },
        { "08-block-structure-string/m", 128, 128 },
        { "09-raw-fp8-biases-convs-experts/qwen3-all-fp8", 0, 0 },
        { "14-mlx-u8-codes/m", 128, 128 },
        { "15-schemes-not-read/quark", 0, 0 },
        { "15-schemes-not-read/mxfp8", 1, 32 },
        { "15-schemes-not-read/fp8-1x32-u8", 1, 32 },
        { "15-schemes-not-read/torchao-fqn", 1, 0 },
        { "15-schemes-not-read/auto-round", 1, 0 },
        { "15-schemes-not-read/head-listed-as-unquantised", 1, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_are_those_of_the_plain_twin(string path, int blockRows, int blockColumns)
    {
        string directory = Fixtures.Case(["loader", .. path.Split('/')]);
        int[] ids = [5, 17, 3];
        double[][] expected = new DoubleReference(directory, meant: PlainTwin.Meant(directory, blockRows, blockColumns)).Forward(ids);
        using LanguageModel model = LanguageModel.Load(directory, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, path);
    }

    [Theory]
    [InlineData(DataType.Float8E4M3FN)]
    [InlineData(DataType.Float8E5M2)]
    public void A_model_that_was_cast_to_fp8_as_a_whole_is_what_its_codes_are(DataType type)
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { LinearType = DataType.BFloat16, MaxPositionEmbeddings = 64, Edit = tensors => tensors.AddRange(Take(tensors).Select(old => new TensorSource(old.Name, type, old.Shape, Codes(type, old)))) }.Write(directory.Path);
        int[] ids = [5, 17, 3];
        double[][] expected = new DoubleReference(directory.Path, meant: PlainTwin.Meant(directory.Path, 0, 0)).Forward(ids);
        using LanguageModel model = LanguageModel.Load(directory.Path, new() { KvCache = KvCacheType.Float32 });
        LogitsTests.AssertClose(expected, LogitsTests.Score(model, ids), 1e-5, $"{type}");
    }

    static List<TensorSource> Take(List<TensorSource> tensors)
    {
        List<TensorSource> all = [.. tensors];
        tensors.Clear();
        return all;
    }

    // Any codes of about the size that weights have: 0.02 to 2, and 1 for the norms' places.
    static byte[] Codes(DataType type, TensorSource tensor)
    {
        (int low, int high) = type == DataType.Float8E5M2 ? (0x24, 0x3C) : (0x0A, 0x38);
        var random = new Random(tensor.Name.Length);
        long count = tensor.Shape.ToArray().Aggregate(1L, (a, b) => a * b);
        bool isVector = tensor.Shape.Length == 1;
        return [.. Enumerable.Range(0, (int)count).Select(_ => (byte)(isVector ? high - random.Next(4) : random.Next(low, high - 16) | (random.Next(2) << 7)))];
    }
}
