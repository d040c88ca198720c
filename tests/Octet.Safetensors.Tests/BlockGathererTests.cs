namespace Octet.Safetensors.Tests;

public class BlockGathererTests
{
    const int Block = BlockStream.BlockBytes;

    [Theory]
    [InlineData(32, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    public void Pieces_in_any_order_become_the_file(int mostOpen, int threads)
    {
        byte[] expected = Bytes(3 * Block + 12_345);
        var recorder = new Recorder(expected.Length);
        var blocks = new BlockGatherer(mostOpen);
        var file = new BlockGatherer.Target(recorder.Write, expected.Length);
        (int Start, int Count)[] pieces = Pieces(expected.Length);
        new Random(7).Shuffle(pieces);
        Parallel.ForEach(pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece => blocks.Write(file, piece.Start, expected.AsSpan(piece.Start, piece.Count)));
        blocks.Flush();
        Assert.True(expected.AsSpan().SequenceEqual(recorder.Bytes));
        Assert.Equal(expected.Length, recorder.Writes.Sum(write => write.Length));
        Assert.All(recorder.Writes, write => Assert.Equal(write.Start / Block, (write.Start + write.Length - 1) / Block));
    }

    [Fact]
    public void Pieces_in_order_from_several_places_are_written_as_whole_blocks()
    {
        // As a quantiser writes: codes of two tensors by turns, each in order, neither beginning with a block.
        byte[] expected = Bytes(5 * Block);
        var recorder = new Recorder(expected.Length);
        var blocks = new BlockGatherer();
        var file = new BlockGatherer.Target(recorder.Write, expected.Length);
        const int Second = 2 * Block + 500, Piece = 300_000;
        for (int i = 0; i < 3 * Block; i += Piece)
        {
            foreach ((int start, int end) in ((int, int)[])[(0, Second), (Second, expected.Length)])
            {
                int from = Math.Min(end, start + i);
                blocks.Write(file, from, expected.AsSpan(from, Math.Min(end, from + Piece) - from));
            }
        }

        // All is there before the end.
        Assert.Equal([0, Block, 2 * Block, 3 * Block, 4 * Block], recorder.Writes.Select(write => write.Start).Order());
        Assert.All(recorder.Writes, write => Assert.Equal(Block, write.Length));
        blocks.Flush();
        Assert.Equal(5, recorder.Writes.Count);
        Assert.True(expected.AsSpan().SequenceEqual(recorder.Bytes));
    }

    [Fact]
    public void Files_share_the_blocks_that_memory_holds()
    {
        var recorders = Enumerable.Range(0, 5).Select(_ => new Recorder(Block)).ToArray();
        var blocks = new BlockGatherer(mostOpen: 3);
        var files = recorders.Select(recorder => new BlockGatherer.Target(recorder.Write, Block)).ToArray();
        foreach (BlockGatherer.Target file in files)
        {
            blocks.Write(file, 0, [1, 2, 3]);
        }

        Assert.Equal([1, 1, 0, 0, 0], recorders.Select(recorder => recorder.Writes.Count));
        foreach (BlockGatherer.Target file in files)
        {
            blocks.Write(file, 3, new byte[Block - 3]);
        }

        blocks.Flush();
        Assert.All(recorders, recorder => Assert.Equal([1, 2, 3, 0], recorder.Bytes[..4]));
        Assert.All(recorders, recorder => Assert.Equal(Block, recorder.Writes.Sum(write => write.Length)));
    }

    static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    static (int Start, int Count)[] Pieces(int length)
    {
        var random = new Random(3);
        List<(int, int)> pieces = [];
        for (int at = 0, count; at < length; at += count)
        {
            count = Math.Min(length - at, random.Next(5) == 0 ? random.Next(2 * Block) : random.Next(1, 100_000));
            pieces.Add((at, count));
        }

        return [.. pieces];
    }

    sealed class Recorder(int length)
    {
        readonly Lock _lock = new();

        internal byte[] Bytes { get; } = new byte[length];

        internal List<(long Start, int Length)> Writes { get; } = [];

        internal void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(Bytes.AsSpan((int)offset));
            lock (_lock)
            {
                Writes.Add((offset, bytes.Length));
            }
        }
    }
}
