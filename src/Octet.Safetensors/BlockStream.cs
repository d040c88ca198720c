namespace Octet.Safetensors;

/// <summary>
/// Cuts what is written where blocks of a file end, so that a file with a buffer of a block writes whole ones: Linux then keeps each in one huge page while the file is in
/// its cache, and who maps it reads it faster than in many small ones.
/// </summary>
/// <param name="file">The file, at its beginning.</param>
sealed class BlockStream(Stream file) : Stream
{
    /// <summary>A huge page on x64, and on Arm64 with pages of 4 KB.</summary>
    internal const int BlockBytes = 2 << 20;

    long _position;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count = (int)Math.Min(buffer.Length, BlockBytes - _position % BlockBytes);
            file.Write(buffer[..count]);
            _position += count;
            buffer = buffer[count..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => file.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
