namespace Octet.Safetensors;

/// <summary>
/// Writes safetensors with the reference implementation's own bytes: tensors by dtype, largest alignment first, then by
/// name, whatever order they are given in. Tensors are written one at a time; a model is never held in memory.
/// </summary>
/// <remarks>
/// Files appear whole or not at all: each is written under a temporary name in its directory, flushed to the disk, and
/// renamed. An exception from a tensor's callback, or cancellation, leaves the old file and no temporary one. A symbolic
/// link at the destination is replaced, not followed.
/// </remarks>
public static class SafetensorsWriter
{
    /// <summary>Writes one file.</summary>
    /// <param name="path">The file; replaced if it exists. Its directory must exist.</param>
    /// <param name="tensors">The tensors, in any order; each one's bytes are asked for once, in the order of the file.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Heeded between and within tensors.</param>
    /// <exception cref="SafetensorsException">
    /// <see cref="SafetensorsError.DuplicateName"/>, <see cref="SafetensorsError.HeaderTooLarge"/>,
    /// <see cref="SafetensorsError.InvalidMetadata"/>, <see cref="SafetensorsError.InvalidTensorView"/> where a callback writes too
    /// much or too little, or <see cref="SafetensorsError.IoError"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Write(
        string path,
        IEnumerable<TensorSource> tensors,
        SafetensorsWriterOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileContent content = FileContent.Create(tensors, options ?? SafetensorsWriterOptions.Default);
        string full = Path.GetFullPath(path);
        using AtomicFile file = new(full, content.Length);
        content.WriteTo(file.Stream, full, cancellationToken);
        file.Complete();
        file.Commit();
    }

    /// <summary>Writes the same bytes to a stream, which stays open.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{TensorSource}, SafetensorsWriterOptions?, CancellationToken)"/>
    /// <param name="destination">A writable stream; need not seek.</param>
    /// <param name="tensors">The tensors, in any order.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Heeded between and within tensors.</param>
    public static void Write(
        Stream destination,
        IEnumerable<TensorSource> tensors,
        SafetensorsWriterOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        FileContent.Create(tensors, options ?? SafetensorsWriterOptions.Default).WriteTo(destination, null, cancellationToken);
    }

    /// <summary>
    /// Writes a checkpoint into a directory, in the Hugging Face layout: <c>model.safetensors</c> if everything fits in one
    /// shard, else <c>model-00001-of-0000N.safetensors</c> and so on with <c>model.safetensors.index.json</c>.
    /// </summary>
    /// <param name="directory">The directory; created if need be.</param>
    /// <param name="tensors">The tensors; shards are filled in this order, up to <see cref="SafetensorsWriterOptions.MaxShardSize"/>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Heeded between and within tensors.</param>
    /// <returns>The paths of the files written, the index last.</returns>
    /// <remarks>
    /// Nothing is renamed into place before every shard is complete, the index comes last, and then files of an earlier
    /// checkpoint with these names (<c>model.safetensors</c>, other <c>model-*-of-*.safetensors</c>, a left-over index) are removed,
    /// since they would be read instead.
    /// </remarks>
    /// <exception cref="SafetensorsException">As for <see cref="Write(string, IEnumerable{TensorSource}, SafetensorsWriterOptions?, CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<string> WriteSharded(
        string directory,
        IEnumerable<TensorSource> tensors,
        SafetensorsWriterOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return ShardedWriter.Write(Path.GetFullPath(directory), tensors, options ?? SafetensorsWriterOptions.Default, cancellationToken);
    }
}
