using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace Octet.Safetensors;

/// <summary>
/// A safetensors file, opened for reading: a path, a stream, a <see cref="RangeReader"/> or memory. Opening validates the header
/// completely (in the reference implementation's order) and touches nothing else: a file of any size opens at once, and its
/// data is read when tensors are.
/// </summary>
/// <remarks>
/// <para>A file from <see cref="Open(string)"/> is mapped into memory until it is disposed of. Spans and pointers taken from its tensors
/// must not be used after that; every member but <see cref="Path"/> then throws <see cref="ObjectDisposedException"/>. Reading from
/// several threads is safe, and so is disposing while others copy; disposing while another thread still uses a span is not.</para>
/// <para>Replacing the file by renaming another over it, as <see cref="SafetensorsWriter"/> does, leaves the mapping as it was
/// (Windows refuses the renaming). Cutting the file short in place makes later reads fault: do not.</para>
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    readonly TensorView[] _tensors;
    readonly Dictionary<string, TensorView> _byName;

    readonly ReadOnlyCollection<TensorView> _tensorList;
    readonly ReadOnlyDictionary<string, string> _metadata;
    readonly long _dataOffset;

    SafetensorsFile(FileBytes bytes, Header header, string path)
    {
        Bytes = bytes;
        Path = path;
        _dataOffset = header.DataOffset;
        _metadata = header.Metadata.AsReadOnly();
        _tensors = new TensorView[header.Entries.Length];
        _byName = new Dictionary<string, TensorView>(_tensors.Length);
        for (int i = 0; i < _tensors.Length; i++)
        {
            _tensors[i] = new TensorView(this, header.Entries[i], _dataOffset);
            _byName.Add(_tensors[i].Name, _tensors[i]);
        }

        _tensorList = Array.AsReadOnly(_tensors);
    }

    /// <summary>The file's full path, or the name given at opening.</summary>
    public string Path { get; }

    /// <summary>The file's length in bytes.</summary>
    public long Length => Live(Bytes.Length);

    /// <summary>Where the data begins in the file: 8 plus the header's length.</summary>
    public long DataOffset => Live(_dataOffset);

    /// <summary>The header's <c>__metadata__</c>; empty where the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => Live(_metadata);

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorView> Tensors => Live(_tensorList);

    internal FileBytes Bytes { get; }

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.TensorNotFound"/>: the file has none of that name.</exception>
    public TensorView this[string name] => TryGetTensor(name, out TensorView? tensor)
        ? tensor
        : throw new SafetensorsException(
            SafetensorsError.TensorNotFound,
            $"{SafetensorsException.Line(Path)}: there is no tensor {SafetensorsException.Quote(name)} among the file's {_tensors.Length}",
            Path,
            name);

    /// <summary>Opens and validates a file, mapped read-only.</summary>
    /// <param name="path">The file; a symbolic link is followed.</param>
    /// <exception cref="SafetensorsException">The file cannot be opened or is not valid safetensors; see <see cref="SafetensorsException.Error"/>.</exception>
    public static SafetensorsFile Open(string path) => Open(path, SafetensorsReadMode.MemoryMap);

    /// <summary>Opens and validates a file, mapped or read on demand.</summary>
    /// <param name="path">The file; a symbolic link is followed.</param>
    /// <param name="mode">How its bytes are reached.</param>
    /// <exception cref="SafetensorsException">The file cannot be opened or is not valid safetensors; see <see cref="SafetensorsException.Error"/>.</exception>
    public static SafetensorsFile Open(string path, SafetensorsReadMode mode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (mode is not (SafetensorsReadMode.MemoryMap or SafetensorsReadMode.Positional))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "not a way of reading");
        }

        string full = System.IO.Path.GetFullPath(path);
        return Create(LocalFile.Open(full, mode), full);
    }

    /// <summary>
    /// Opens and validates a file in a stream. One that can seek is the file from its first byte, and is read where tensors are
    /// copied, one read at a time; nobody else may use it meanwhile. One that cannot seek is read to its end, into memory.
    /// </summary>
    /// <param name="stream">The stream. It is disposed of with the file, and where opening fails.</param>
    /// <param name="name">What errors call the file.</param>
    /// <param name="leaveOpen">Whether the stream stays open after the file.</param>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    /// <exception cref="SafetensorsException">
    /// The stream holds no valid safetensors file, or <see cref="SafetensorsError.IoError"/>: reading fails, or more bytes come from a
    /// stream that cannot seek than an array holds.
    /// </exception>
    public static SafetensorsFile Open(Stream stream, string name, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        if (!stream.CanRead)
        {
            throw new ArgumentException("the stream cannot be read", nameof(stream));
        }

        if (stream.CanSeek)
        {
            return Open(new StreamRangeReader(stream, name, leaveOpen), name);
        }

        try
        {
            return Parse(StreamContent.ReadAll(stream, name, Array.MaxLength), name);
        }
        finally
        {
            if (!leaveOpen)
            {
                stream.Dispose();
            }
        }
    }

    /// <summary>Opens and validates a file that is read through a reader, such as <see cref="HttpRangeReader"/>.</summary>
    /// <param name="reader">The reader. It is disposed of with the file, and where opening fails.</param>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="SafetensorsException">The bytes are not a valid safetensors file, or the reader cannot read them.</exception>
    public static SafetensorsFile Open(RangeReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(name);
        return Create(new RangedBytes(reader), name);
    }

    /// <inheritdoc cref="Open(RangeReader, string)"/>
    /// <param name="reader">The reader. It is disposed of with the file, and where opening fails.</param>
    /// <param name="name">What errors call the file.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public static async Task<SafetensorsFile> OpenAsync(RangeReader reader, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(name);
        RangedBytes bytes = new(reader);
        try
        {
            return new SafetensorsFile(bytes, await Header.ReadAsync(bytes, name, cancellationToken).ConfigureAwait(false), name);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Validates a file that is already in memory. The memory is not copied and must not change.</summary>
    /// <param name="file">All bytes of the file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="SafetensorsException">The bytes are not a valid safetensors file.</exception>
    public static SafetensorsFile Parse(ReadOnlyMemory<byte> file, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Create(new MemoryBytes(file), name);
    }

    /// <summary>Finds a tensor by name.</summary>
    /// <returns>Whether the file has a tensor of that name.</returns>
    public bool TryGetTensor(string name, [MaybeNullWhen(false)] out TensorView tensor)
    {
        ArgumentNullException.ThrowIfNull(name);
        Bytes.ThrowIfDisposed();
        return _byName.TryGetValue(name, out tensor);
    }

    /// <summary>Unmaps or closes the file, at once or when the last copy under way on another thread has ended. Spans and pointers into it must no longer be used.</summary>
    public void Dispose() => Bytes.Dispose();

    static SafetensorsFile Create(FileBytes bytes, string path)
    {
        try
        {
            return new SafetensorsFile(bytes, Header.Read(bytes, path), path);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    T Live<T>(T value)
    {
        Bytes.ThrowIfDisposed();
        return value;
    }
}
