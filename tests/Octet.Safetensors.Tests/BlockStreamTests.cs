namespace Octet.Safetensors.Tests;

public class BlockStreamTests
{
    [Fact]
    public void No_write_crosses_the_end_of_a_block_and_no_byte_is_lost()
    {
        var random = new Random(3);
        var written = new MemoryStream();
        var recorder = new Recorder();
        using var blocks = new BlockStream(recorder);
        foreach (int length in (int[])[100, 0, BlockStream.BlockBytes - 100, 1, 3 * BlockStream.BlockBytes, 17, BlockStream.BlockBytes + 5])
        {
            byte[] bytes = new byte[length];
            random.NextBytes(bytes);
            written.Write(bytes);
            if (length % 2 == 0)
            {
                blocks.Write(bytes);
            }
            else
            {
                blocks.Write([0, .. bytes, 0], 1, length);
            }
        }

        Assert.Equal(written.ToArray(), recorder.ToArray());
        Assert.All(recorder.Writes, write => Assert.Equal(write.Start / BlockStream.BlockBytes, (write.Start + write.Length - 1) / BlockStream.BlockBytes));
    }

    [Fact]
    public void It_only_writes()
    {
        using var blocks = new BlockStream(new MemoryStream());
        Assert.True(blocks.CanWrite);
        Assert.False(blocks.CanRead || blocks.CanSeek);
        Assert.Throws<NotSupportedException>(() => blocks.Read(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => blocks.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => blocks.SetLength(1));
        Assert.Throws<NotSupportedException>(() => blocks.Length);
        Assert.Throws<NotSupportedException>(() => blocks.Position);
        Assert.Throws<NotSupportedException>(() => blocks.Position = 1);
    }

    sealed class Recorder : MemoryStream
    {
        internal List<(long Start, int Length)> Writes { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Writes.Add((Position, buffer.Length));
            base.Write(buffer);
        }
    }
}
