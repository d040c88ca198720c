using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Checkpoints;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Backends;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

public class Float8HeadTests
{
    public static TheoryData<bool, string> Heads => new()
    {
        { true, nameof(DataType.BFloat16) },
        { false, nameof(DataType.BFloat16) },
        { false, nameof(DataType.Float16) },
        { true, nameof(DataType.Float32) },
    };

    [Theory]
    [MemberData(nameof(Heads))]
    public void Logits_are_those_of_the_head_in_E4M3(bool tied, string type)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Layers = 1, Tied = tied, WideType = Enum.Parse<DataType>(type) };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(20, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, float8Head: true).Forward(ids);
        double[][] stored = new DoubleReference(directory.Path).Forward(ids);
        foreach ((string name, CpuKernels kernels) in KernelSets.All)
        {
            using LanguageModel model = Open(directory.Path, kernels);
            float[][] found = LogitsTests.Score(model, ids);
            LogitsTests.AssertClose(expected, found, 1e-5, $"{type}, tied {tied}, on {name}");
            Assert.All(LogitsTests.Errors(stored, found), error => Assert.InRange(error, 0.003, 0.1));
        }
    }

    [Fact]
    public void Prefill_and_decode_use_the_same_head()
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Layers = 1 };
        checkpoint.Write(directory.Path);
        int[] ids = LogitsTests.Ids(5, checkpoint.VocabSize);
        double[][] expected = new DoubleReference(directory.Path, float8Head: true).Forward(ids);
        using LanguageModel model = Open(directory.Path, InstructionSet.Choose(null));
        using InferenceSession session = model.CreateSession();
        float[] logits = new float[checkpoint.VocabSize];
        for (int i = 0; i < ids.Length; i++)
        {
            session.Evaluate([ids[i]], logits);
            Assert.InRange(LogitsTests.Error(expected[i], logits), 0, 1e-5);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_decoded_token_reads_the_copy_and_one_row_of_the_embedding(bool tied)
    {
        using var directory = new TemporaryDirectory();
        SyntheticCheckpoint checkpoint = new() { Tied = tied };
        checkpoint.Write(directory.Path);
        using LanguageModel stored = LogitsTests.Open(directory.Path, InstructionSet.Choose(null));
        using LanguageModel copied = Open(directory.Path, InstructionSet.Choose(null));
        long rows = checkpoint.VocabSize;
        long columns = checkpoint.HiddenSize;
        long head = (rows * columns) + (rows * sizeof(float));
        long row = tied ? 2 * columns : 0;
        Assert.Equal(stored.BytesPerToken - (2 * rows * columns) + head + row, copied.BytesPerToken);
    }

    [Fact]
    public void A_row_of_zeros_and_rows_at_the_ends_of_the_range_keep_their_size()
    {
        float[] row = [0, 0, 448, -448, 1e-30f, -5e-31f, 3e38f, 1e38f];
        using var directory = new TemporaryDirectory();
        using CpuWeight copy = Copy(directory, row, rows: 4, columns: 2, threads: 2);
        unsafe
        {
            Assert.Equal([1, 1, 1e-30f / 448, 3e38f / 448], Enumerable.Range(0, 4).Select(i => *copy.Scales(i)));
            Assert.Equal([0x00, 0x00, 0x7E, 0xFE, 0x7E, 0xF6, 0x7E, E4M3.Encode(1e38f / (3e38f / 448))], new ReadOnlySpan<byte>(copy.Row(0), 8).ToArray());
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_change_a_code()
    {
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 3001 * 7).Select(_ => (float)(random.NextDouble() - 0.5))];
        using var directory = new TemporaryDirectory();
        using CpuWeight one = Copy(directory, values, 3001, 7, threads: 1);
        using CpuWeight five = Copy(directory, values, 3001, 7, threads: 5);
        unsafe
        {
            Assert.True(new ReadOnlySpan<byte>(one.Row(0), values.Length).SequenceEqual(new ReadOnlySpan<byte>(five.Row(0), values.Length)));
            Assert.True(new ReadOnlySpan<float>(one.Scales(0), 3001).SequenceEqual(new ReadOnlySpan<float>(five.Scales(0), 3001)));
        }
    }

    [Fact]
    public void A_head_with_a_value_that_is_not_finite_is_refused_by_name_and_place()
    {
        using var directory = new TemporaryDirectory();
        float[] values = new float[20];
        values[13] = float.NaN;
        var error = Assert.Throws<ModelException>(() => Copy(directory, values, rows: 5, columns: 4, threads: 2).Dispose());
        Assert.Equal("head", error.TensorName);
        Assert.Contains("[3, 1] is NaN", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    static LanguageModel Open(string path, CpuKernels kernels)
        => LanguageModel.Load(path, new() { KvCache = KvCacheType.Float32, Threads = 2, LmHead = LmHead.Float8 }, kernels);

    static CpuWeight Copy(TemporaryDirectory directory, float[] values, int rows, int columns, int threads)
    {
        string path = Path.Combine(directory.Path, "head.safetensors");
        SafetensorsWriter.Write(path, [TensorSource.Create("head", [rows, columns], (ReadOnlyMemory<float>)values)]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using var backend = new CpuBackend(InstructionSet.Choose(null), threads, ActivationMode.WeightOnly);
        return (CpuWeight)backend.CreateFloat8(new LinearTensor(file["head"], null));
    }
}
