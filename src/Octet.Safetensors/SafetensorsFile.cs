using System.Diagnostics.CodeAnalysis;

namespace Octet.Safetensors;

/// <summary>
/// A safetensors file, opened for reading. Opening validates the header completely (in the reference implementation's
/// order) and touches nothing else: a file of any size opens at once, and its pages are read when tensors are.
/// </summary>
/// <remarks>
/// <para>A file from <see cref="Open"/> is mapped into memory until it is disposed of. Spans and pointers taken from its tensors
/// must not be used after that; every member called after that throws <see cref="ObjectDisposedException"/>. Reading from
/// several threads is safe; disposing while another thread still uses a span is not.</para>
/// <para>Replacing the file by renaming another over it, as <see cref="SafetensorsWriter"/> does, leaves the mapping as it was
/// (Windows refuses the renaming). Cutting the file short in place makes later reads fault: do not.</para>
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    readonly TensorView[] _tensors;
    readonly Dictionary<string, TensorView> _byName;

    SafetensorsFile(FileBytes bytes, string path)
    {
        Header header = Header.Read(bytes, path);
        Bytes = bytes;
        Path = path;
        Length = bytes.Length;
        DataOffset = header.DataOffset;
        Metadata = header.Metadata.AsReadOnly();
        _tensors = new TensorView[header.Entries.Length];
        _byName = new Dictionary<string, TensorView>(_tensors.Length);
        for (int i = 0; i < _tensors.Length; i++)
        {
            _tensors[i] = new TensorView(this, header.Entries[i]);
            _byName.Add(_tensors[i].Name, _tensors[i]);
        }

        Tensors = Array.AsReadOnly(_tensors);
    }

    /// <summary>The file's full path, or the name given to <see cref="Parse"/>.</summary>
    public string Path { get; }

    /// <summary>The file's length in bytes.</summary>
    public long Length { get; }

    /// <summary>Where the data begins in the file: 8 plus the header's length.</summary>
    public long DataOffset { get; }

    /// <summary>The header's <c>__metadata__</c>; empty where the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorView> Tensors { get; }

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
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.GetFullPath(path);
        return Create(MappedBytes.Open(full), full);
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
        return _byName.TryGetValue(name, out tensor);
    }

    /// <summary>Unmaps the file. Spans and pointers into it must no longer be used.</summary>
    public void Dispose() => Bytes.Dispose();

    static SafetensorsFile Create(FileBytes bytes, string path)
    {
        try
        {
            return new SafetensorsFile(bytes, path);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }
}
