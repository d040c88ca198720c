using Microsoft.Win32.SafeHandles;

namespace Octet.Safetensors;

/// <summary>Reads a file by its handle at positions, without mapping it.</summary>
sealed class FileRangeReader(SafeFileHandle handle, long length, string path) : RangeReader
{
    public override long Length => length;

    public override void Read(long offset, Span<byte> destination)
    {
        int done = 0;
        try
        {
            // The system may give less than was asked for, though only 0 means the end.
            while (done < destination.Length)
            {
                int read = RandomAccess.Read(handle, destination[done..], offset + done);
                if (read == 0)
                {
                    throw Short(path, offset, destination.Length, done);
                }

                done += read;
            }
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw Failed(path, offset + done, e);
        }
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        int done = 0;
        try
        {
            while (done < destination.Length)
            {
                int read = await RandomAccess.ReadAsync(handle, destination[done..], offset + done, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw Short(path, offset, destination.Length, done);
                }

                done += read;
            }
        }
        catch (IOException e) when (e is not SafetensorsException)
        {
            throw Failed(path, offset + done, e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }
}
