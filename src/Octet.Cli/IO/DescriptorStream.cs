using System.Runtime.InteropServices;

namespace Octet.Cli.IO;

/// <summary>
/// Writes to a descriptor of the process as <c>write</c> does, on Linux and macOS. .NET's console stream takes a reader that has gone for success, and
/// switches the cursor keys and the keypad of the terminal for good; a file stream writes to a file at a position of its own.
/// </summary>
/// <param name="descriptor">1 or 2.</param>
/// <param name="mayBeGone">Whether what nobody can read any more is passed over.</param>
sealed partial class DescriptorStream(int descriptor, bool mayBeGone) : Stream
{
    const int Interrupted = 4;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <exception cref="IOException">It cannot be written; the result code is the system's error number.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            nint written = Write(descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == (OperatingSystem.IsMacOS() ? 35 : 11))
            {
                // EAGAIN: somebody who shares the terminal or pipe does not want to wait at it, and it is full.
                Thread.Sleep(1);
            }
            else if (error != Interrupted)
            {
                if (mayBeGone)
                {
                    return;
                }

                throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nuint count);
}
