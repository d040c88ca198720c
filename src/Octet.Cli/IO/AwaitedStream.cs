namespace Octet.Cli.IO;

/// <summary>
/// Reads what comes when it comes; a signal ends the wait (<see cref="Standard.Await"/>). The source is the process's to close: closing what a read still
/// waits at could wait with it.
/// </summary>
sealed class AwaitedStream(Stream source) : Stream
{
    // A read that was left behind still writes here, never to the caller's memory.
    readonly byte[] _chunk = new byte[64 << 10];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="OperationCanceledException">A signal came.</exception>
    public override int Read(Span<byte> buffer)
    {
        int most = Math.Min(buffer.Length, _chunk.Length);
        int count = Standard.Await(() => source.Read(_chunk, 0, most));
        _chunk.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
