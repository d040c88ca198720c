namespace Octet.Safetensors;

/// <summary>
/// Writes a file or a sharded checkpoint whose tensors' bytes come in pieces, in any order and from several threads: what
/// <see cref="SafetensorsWriter"/> writes, for who makes two tensors out of one, such as codes and scales. Every place is known before the
/// first byte, so that memory holds only the pieces at hand, and up to 64 MiB that wait for their neighbours.
/// </summary>
/// <remarks>
/// Files appear whole or not at all, as <see cref="SafetensorsWriter"/> has it: nothing is under its name before <see cref="Commit"/>,
/// and disposing without it removes what was written.
/// </remarks>
public sealed class CheckpointWriter : IDisposable
{
    readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    readonly List<AtomicFile> _files = [];
    readonly BlockGatherer _blocks = new();
    readonly List<string> _paths = [];
    readonly string? _directory;
    readonly ReadOnlyMemory<byte>? _index;
    bool _committed;
    volatile bool _failed;

    CheckpointWriter(string? directory, IEnumerable<(string Path, IEnumerable<TensorSource> Tensors)> files, ReadOnlyMemory<byte>? index, SafetensorsWriterOptions options)
    {
        _directory = directory;
        _index = index;
        try
        {
            foreach ((string path, IEnumerable<TensorSource> tensors) in files)
            {
                var content = FileContent.Create(tensors, options);
                var file = new AtomicFile(path, content.Length);
                _files.Add(file);
                _paths.Add(path);
                BlockGatherer.Target target = new(file.WriteAt, content.Length);
                _blocks.Write(target, 0, content.Header.Span);
                foreach ((TensorSource tensor, long offset) in content.Places)
                {
                    _places.Add(tensor.Name, new Place(target, path, tensor, offset));
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Begins one file. Its space on the disk is reserved at once.</summary>
    /// <param name="path">The file; replaced when all is there. Its directory must exist.</param>
    /// <param name="tensors">Names, types and shapes; bytes that they have of their own are not written.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="SafetensorsException">As for <see cref="SafetensorsWriter.Write(string, IEnumerable{TensorSource}, SafetensorsWriterOptions?, CancellationToken)"/>.</exception>
    public static CheckpointWriter CreateFile(string path, IEnumerable<TensorSource> tensors, SafetensorsWriterOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new CheckpointWriter(null, [(Path.GetFullPath(path), FileContent.Distinct(tensors))], null, options ?? SafetensorsWriterOptions.Default);
    }

    /// <summary>
    /// Begins a checkpoint in the Hugging Face layout, cut into shards and named as
    /// <see cref="SafetensorsWriter.WriteSharded"/> does. The space of all shards on the disk is reserved at once.
    /// </summary>
    /// <param name="directory">The directory; created if need be.</param>
    /// <param name="tensors">Names, types and shapes; shards are filled in this order. Bytes that they have of their own are not written.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="SafetensorsException">As for <see cref="SafetensorsWriter.WriteSharded"/>.</exception>
    public static CheckpointWriter CreateSharded(string directory, IEnumerable<TensorSource> tensors, SafetensorsWriterOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        options ??= SafetensorsWriterOptions.Default;
        directory = Path.GetFullPath(directory);
        List<List<TensorSource>> shards = ShardedWriter.Cut(FileContent.Distinct(tensors), options.MaxShardSize);
        ShardedWriter.Create(directory);
        return new CheckpointWriter(
            directory,
            shards.Select((shard, i) => (Path.Combine(directory, ShardedWriter.Name(i, shards.Count)), (IEnumerable<TensorSource>)shard)),
            shards.Count > 1 ? ShardedWriter.Index(shards) : (ReadOnlyMemory<byte>?)null,
            options);
    }

    /// <summary>Writes some bytes of a tensor. Safe to call from several threads. No byte may be written twice.</summary>
    /// <param name="tensor">The name.</param>
    /// <param name="offset">The first byte, from the tensor's beginning.</param>
    /// <param name="bytes">Little-endian, row-major.</param>
    /// <exception cref="ArgumentException">No tensor has this name, or some of the bytes have been written before; then nothing is written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not inside the tensor.</exception>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.IoError"/>.</exception>
    public void Write(string tensor, long offset, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        if (!_places.TryGetValue(tensor, out Place? place))
        {
            throw new ArgumentException($"there is no tensor {SafetensorsException.Quote(tensor)} in what is written", nameof(tensor));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, place.Tensor.ByteLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, place.Tensor.ByteLength - offset, nameof(bytes));
        if (!place.Written.TryAdd(offset, bytes.Length))
        {
            throw new ArgumentException($"some of the bytes {offset}-{offset + bytes.Length - 1} of tensor {SafetensorsException.Quote(tensor)} have been written before: each byte is written once", nameof(offset));
        }

        try
        {
            _blocks.Write(place.File, place.Offset + offset, bytes);
        }
        catch
        {
            _failed = true;
            throw;
        }
    }

    /// <summary>Brings everything to the disk and gives the files their names; of a sharded checkpoint older files are removed.</summary>
    /// <returns>The paths of the files written, the index last.</returns>
    /// <exception cref="SafetensorsException">
    /// <see cref="SafetensorsError.InvalidTensorView"/> where bytes of a tensor are missing; <see cref="SafetensorsError.IoError"/>, also
    /// where an earlier write failed.
    /// </exception>
    public IReadOnlyList<string> Commit()
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        if (_failed)
        {
            throw new SafetensorsException(SafetensorsError.IoError, $"{SafetensorsException.Line(_paths[0])}: an earlier write failed: begin again", _paths[0]);
        }

        foreach (Place place in _places.Values)
        {
            place.RequireComplete();
        }

        _blocks.Flush();
        if (_index is { } index)
        {
            string path = Path.Combine(_directory!, SafetensorsCheckpoint.IndexName);
            _files.Add(new AtomicFile(path, index.Length));
            _paths.Add(path);
            _files[^1].WriteAt(0, index.Span);
        }

        _files.ForEach(file => file.Complete());
        _files.ForEach(file => file.Commit());
        _committed = true;
        if (_directory is not null)
        {
            ShardedWriter.RemoveStale(_directory, _paths);
        }

        return _paths.AsReadOnly();
    }

    /// <summary>Removes what was written, unless it was committed.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    sealed class Place(BlockGatherer.Target file, string path, TensorSource tensor, long offset)
    {
        internal BlockGatherer.Target File => file;

        internal TensorSource Tensor => tensor;

        internal long Offset => offset;

        internal WrittenRanges Written { get; } = new();

        internal void RequireComplete()
        {
            if (Written.Total != tensor.ByteLength)
            {
                throw new SafetensorsException(
                    SafetensorsError.InvalidTensorView,
                    $"tensor {SafetensorsException.Quote(tensor.Name)}, {TensorSize.Describe(tensor.DataType, tensor.Shape)}, needs {tensor.ByteLength} bytes, {Written.Total} were written",
                    path,
                    tensor.Name);
            }
        }
    }
}
