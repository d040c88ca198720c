using Octet.Numerics;

namespace Octet.Safetensors.Tests;

public class CheckpointWriterTests
{
    // In the order of the file: by type, then by name.
    static readonly (string Name, DataType Type, long[] Shape)[] s_tensors =
    [
        ("b.weight_scale", DataType.Float32, [3]),
        ("z", DataType.BFloat16, [5, 2]),
        ("a.weight", DataType.Float8E4M3FN, [7, 9]),
        ("b.weight", DataType.Float8E4M3FN, [100]),
        ("empty", DataType.UInt8, [0, 4]),
    ];

    [Fact]
    public void Pieces_in_any_order_from_several_threads_give_the_bytes_of_the_plain_writer()
    {
        using TemporaryDirectory directory = new();
        byte[][] data = Data();
        SafetensorsWriter.Write(directory.At("plain"), s_tensors.Select((tensor, i) => new TensorSource(tensor.Name, tensor.Type, tensor.Shape, data[i])), cancellationToken: TestContext.Current.CancellationToken);

        using (var writer = CheckpointWriter.CreateFile(directory.At("pieces"), Places()))
        {
            WriteAll(writer, data);
            Assert.False(File.Exists(directory.At("pieces")));
            Assert.Equal([directory.At("pieces")], writer.Commit());
        }

        Assert.Equal(File.ReadAllBytes(directory.At("plain")), File.ReadAllBytes(directory.At("pieces")));
        Assert.Equal(["pieces", "plain"], directory.FileNames);
    }

    [Theory]
    [InlineData(100, 3)]
    [InlineData(1000, 1)]
    public void A_sharded_checkpoint_has_the_files_of_the_plain_writer(long maxShardSize, int files)
    {
        using TemporaryDirectory plain = new();
        using TemporaryDirectory pieces = new();
        byte[][] data = Data();
        var options = new SafetensorsWriterOptions { MaxShardSize = maxShardSize };
        SafetensorsWriter.WriteSharded(plain.Path, s_tensors.Select((tensor, i) => new TensorSource(tensor.Name, tensor.Type, tensor.Shape, data[i])), options, TestContext.Current.CancellationToken);
        File.WriteAllText(pieces.At("model.safetensors"), "an older checkpoint, which would be read instead");

        using (var writer = CheckpointWriter.CreateSharded(pieces.Path, Places(), options))
        {
            WriteAll(writer, data);
            writer.Commit();
        }

        Assert.Equal(plain.FileNames, pieces.FileNames);
        Assert.Equal(files, plain.FileNames.Length);
        Assert.All(plain.FileNames, name => Assert.Equal(File.ReadAllBytes(plain.At(name)), File.ReadAllBytes(pieces.At(name))));
    }

    [Fact]
    public void One_half_given_twice_is_refused_and_nothing_is_committed()
    {
        using TemporaryDirectory directory = new();
        using (var writer = CheckpointWriter.CreateFile(directory.At("file"), [new TensorSource("t", DataType.UInt8, [8])]))
        {
            writer.Write("t", 0, [1, 2, 3, 4]);
            Assert.Throws<ArgumentException>(() => writer.Write("t", 0, [5, 6, 7, 8]));
            Assert.Equal(SafetensorsError.InvalidTensorView, Assert.Throws<SafetensorsException>(() => writer.Commit()).Error);

            writer.Write("t", 4, [5, 6, 7, 8]);
            writer.Commit();
        }

        using var file = SafetensorsFile.Open(directory.At("file"));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], file["t"].Bytes.ToArray());
    }

    /// <summary>Against the definition: a set of the bytes that were written.</summary>
    [Fact]
    public void Bytes_are_written_once_whatever_the_pieces()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int length = random.Next(1, 60);
            var written = new HashSet<int>();
            var ranges = new WrittenRanges();
            for (int piece = 0; piece < 200; piece++)
            {
                int offset = random.Next(0, length + 1);
                int count = random.Next(0, Math.Min(8, length - offset) + 1);
                int[] bytes = [.. Enumerable.Range(offset, count)];
                bool isNew = !bytes.Any(written.Contains);
                Assert.Equal(isNew, ranges.TryAdd(offset, count));
                written.UnionWith(isNew ? bytes : []);
                Assert.Equal(written.Count, ranges.Total);
            }
        }
    }

    [Fact]
    public void Pieces_in_any_order_take_time_in_proportion_to_their_number()
    {
        int[] order = [.. Enumerable.Range(0, 400_000)];
        new Random(1).Shuffle(order);
        var ranges = new WrittenRanges();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (int piece in order)
        {
            Assert.True(ranges.TryAdd(piece * 2L, 1));
        }

        // A list of pieces would move 4 bytes for each pair: minutes.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), watch.Elapsed.ToString());
    }

    [Fact]
    public void What_is_not_complete_is_not_kept()
    {
        using TemporaryDirectory directory = new();
        using (var writer = CheckpointWriter.CreateFile(directory.At("f"), Places()))
        {
            writer.Write("z", 0, new byte[19]);
            SafetensorsException error = Assert.Throws<SafetensorsException>(writer.Commit);
            Assert.Equal(SafetensorsError.InvalidTensorView, error.Error);
            Assert.Contains("were written", error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Bytes_outside_a_tensor_and_unknown_names_are_refused()
    {
        using TemporaryDirectory directory = new();
        using var writer = CheckpointWriter.CreateFile(directory.At("f"), Places());
        Assert.Throws<ArgumentException>(() => writer.Write("y", 0, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write("z", 19, [1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write("z", -1, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write("z", 21, []));
    }

    [Fact]
    public void A_place_without_bytes_is_refused_by_the_plain_writer()
    {
        using TemporaryDirectory directory = new();
        Assert.Throws<InvalidOperationException>(() => Bytes.Save(directory.At("f"), new TensorSource("a", DataType.UInt8, [1])));
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_an_error_that_names_it()
    {
        using TemporaryDirectory directory = new();
        SafetensorsException error = Assert.Throws<SafetensorsException>(() => CheckpointWriter.CreateFile(directory.At("missing/f"), Places()));
        Assert.Equal(SafetensorsError.FileNotFound, error.Error);
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
    }

    static IEnumerable<TensorSource> Places() => s_tensors.Select(tensor => new TensorSource(tensor.Name, tensor.Type, tensor.Shape));

    static byte[][] Data()
    {
        var random = new Random(5);
        return [.. s_tensors.Select(tensor =>
        {
            byte[] bytes = new byte[tensor.Shape.Aggregate(1L, (product, length) => product * length) * tensor.Type.BitSize() / 8];
            random.NextBytes(bytes);
            return bytes;
        })];
    }

    static void WriteAll(CheckpointWriter writer, byte[][] data)
    {
        const int Piece = 13;
        var pieces = data.SelectMany((bytes, i) => Enumerable.Range(0, (bytes.Length + Piece - 1) / Piece).Select(n => (Tensor: i, Offset: n * Piece))).ToArray();
        new Random(6).Shuffle(pieces);
        Parallel.ForEach(pieces, piece => writer.Write(s_tensors[piece.Tensor].Name, piece.Offset, data[piece.Tensor].AsSpan(piece.Offset, Math.Min(Piece, data[piece.Tensor].Length - piece.Offset))));
    }
}
