namespace Octet.Safetensors;

/// <summary>One file to be written: its header, and its tensors in the order of the file.</summary>
sealed class FileContent
{
    readonly TensorSource[] _tensors;
    readonly ReadOnlyMemory<byte> _header;

    FileContent(TensorSource[] tensors, SafetensorsWriterOptions options)
    {
        _tensors = HeaderWriter.FileOrder(tensors);
        _header = HeaderWriter.Write(_tensors, WithAliases(options.Metadata), options.Alignment);
        Length = checked(_header.Length + _tensors.Sum(tensor => tensor.ByteLength));
    }

    /// <summary>Of the file, in bytes.</summary>
    internal long Length { get; }

    /// <summary>The first bytes of the file.</summary>
    internal ReadOnlyMemory<byte> Header => _header;

    /// <summary>Where each tensor's bytes begin in the file.</summary>
    internal IEnumerable<(TensorSource Tensor, long Offset)> Places
    {
        get
        {
            long offset = _header.Length;
            foreach (TensorSource tensor in _tensors)
            {
                yield return (tensor, offset);
                offset += tensor.ByteLength;
            }
        }
    }

    /// <param name="tensors">As <see cref="Distinct"/> gives them.</param>
    /// <param name="options">The metadata and the alignment.</param>
    internal static FileContent Create(IEnumerable<TensorSource> tensors, SafetensorsWriterOptions options) => new([.. tensors], options);

    /// <summary>The tensors under the names that they are stored under. No two may share a name, be it an alias.</summary>
    internal static TensorSource[] Distinct(IEnumerable<TensorSource> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorSource[] stored = [.. tensors.Select(tensor => tensor.UnderFirstName())];
        HashSet<string> names = new(stored.Length);
        foreach (string name in stored.SelectMany(tensor => tensor.Aliases.Prepend(tensor.Name)))
        {
            if (!names.Add(name))
            {
                throw new SafetensorsException(
                    SafetensorsError.DuplicateName, $"two tensors to be written are named {SafetensorsException.Quote(name)}: names must differ", null, name);
            }
        }

        return stored;
    }

    internal void WriteTo(Stream destination, string? path, CancellationToken cancellationToken)
    {
        try
        {
            destination.Write(_header.Span);
        }
        catch (IOException e) when (path is not null)
        {
            throw AtomicFile.Failed(path, e);
        }

        foreach (TensorSource tensor in _tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using TensorStream stream = new(destination, tensor, path, cancellationToken);
            tensor.WriteTo(stream);
            stream.RequireComplete();
        }
    }

    IReadOnlyDictionary<string, string> WithAliases(IReadOnlyDictionary<string, string> metadata)
    {
        Dictionary<string, string>? all = null;
        foreach (TensorSource tensor in _tensors)
        {
            foreach (string alias in tensor.Aliases)
            {
                all ??= new Dictionary<string, string>(metadata);
                if (!all.TryAdd(alias, tensor.Name))
                {
                    throw new SafetensorsException(
                        SafetensorsError.DuplicateName,
                        $"the metadata already has the key {SafetensorsException.Quote(alias)}, under which tensor {SafetensorsException.Quote(tensor.Name)} records that name of its own: leave the key out",
                        null,
                        alias);
                }
            }
        }

        return all ?? metadata;
    }
}
