namespace Octet.Safetensors;

/// <summary>One file to be written: its header, and its tensors in the order of the file.</summary>
sealed class FileContent
{
    readonly TensorSource[] _tensors;
    readonly ReadOnlyMemory<byte> _header;

    FileContent(TensorSource[] tensors, SafetensorsWriterOptions options)
    {
        _tensors = HeaderWriter.FileOrder(tensors);
        _header = HeaderWriter.Write(_tensors, options);
        Length = checked(_header.Length + _tensors.Sum(tensor => tensor.ByteLength));
    }

    /// <summary>Of the file, in bytes.</summary>
    internal long Length { get; }

    internal static FileContent Create(IEnumerable<TensorSource> tensors, SafetensorsWriterOptions options)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorSource[] all = [.. tensors];
        RequireDistinct(all);
        return new FileContent(all, options);
    }

    internal static void RequireDistinct(TensorSource[] tensors)
    {
        HashSet<string> names = new(tensors.Length);
        foreach (TensorSource tensor in tensors)
        {
            if (!names.Add(tensor.Name))
            {
                throw new SafetensorsException(
                    SafetensorsError.DuplicateName,
                    $"two tensors to be written are named {SafetensorsException.Quote(tensor.Name)}: names must differ",
                    null,
                    tensor.Name);
            }
        }
    }

    internal void WriteTo(Stream destination, string? path, CancellationToken cancellation)
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
            cancellation.ThrowIfCancellationRequested();
            using TensorStream stream = new(destination, tensor, path, cancellation);
            tensor.WriteTo(stream);
            stream.RequireComplete();
        }
    }
}
