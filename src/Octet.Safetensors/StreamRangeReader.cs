namespace Octet.Safetensors;

/// <summary>Reads a stream that can seek; one read at a time, since a stream has one position.</summary>
sealed class StreamRangeReader(Stream stream, string name, bool leaveOpen) : RangeReader
{
    readonly SemaphoreSlim _turn = new(1);

    public override long Length { get; } = stream.Length;

    public override void Read(long offset, Span<byte> destination)
    {
        _turn.Wait();
        try
        {
            stream.Position = offset;
            int read = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            RequireAll(offset, destination.Length, read);
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw Failed(name, offset, e);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            stream.Position = offset;
            int read = await stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            RequireAll(offset, destination.Length, read);
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw Failed(name, offset, e);
        }
        finally
        {
            _turn.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _turn.Dispose();
        if (!leaveOpen)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }

    void RequireAll(long offset, int wanted, int read)
    {
        if (read != wanted)
        {
            throw Short(name, offset, wanted, read);
        }
    }
}
