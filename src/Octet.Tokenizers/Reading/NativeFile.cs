using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Octet.Tokenizers.Reading;

/// <summary>A whole file in native memory, given back when disposed.</summary>
sealed unsafe class NativeFile : IDisposable
{
    /// <summary>The longest file that is read. Published ones have up to 35 MB; as many tokens as are allowed take some 250 MB.</summary>
    internal const int MaxBytes = 512 << 20;

    readonly int _length;
    byte* _data;

    /// <exception cref="IOException">The file is not there, is longer than <see cref="MaxBytes"/>, or changes while it is read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a directory.</exception>
    internal NativeFile(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(file);
        if (length > MaxBytes)
        {
            throw new IOException($"{length} bytes, expected at most {MaxBytes}");
        }

        _length = (int)length;
        _data = (byte*)NativeMemory.Alloc((nuint)Math.Max(_length, 1));
        try
        {
            for (int read = 0; read < _length;)
            {
                int count = RandomAccess.Read(file, new Span<byte>(_data + read, _length - read), read);
                read += count > 0 ? count : throw new EndOfStreamException("the file became shorter while it was read");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ReadOnlySpan<byte> Bytes => new(_data, _length);

    public void Dispose()
    {
        NativeMemory.Free(_data);
        _data = null;
    }
}
