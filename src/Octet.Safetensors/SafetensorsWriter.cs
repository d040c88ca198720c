namespace Octet.Safetensors;

/// <summary>
/// Writes safetensors with the reference implementation's own bytes: tensors by dtype, largest alignment first, then by
/// name, whatever order they are given in. Tensors are written one at a time; a model is never held in memory.
/// </summary>
/// <remarks>
/// Files appear whole or not at all: each is written under a temporary name in its directory, flushed to the disk, and
/// renamed; the directory is flushed too where the system can. A file that is replaced hands on its permissions. An exception from a tensor's callback, or cancellation, leaves the old file and no temporary one. A symbolic
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
        FileContent content = FileContent.Create(FileContent.Distinct(tensors), options ?? SafetensorsWriterOptions.Default);
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
        FileContent.Create(FileContent.Distinct(tensors), options ?? SafetensorsWriterOptions.Default).WriteTo(destination, null, cancellationToken);
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

    /// <summary>Exchanges the <c>__metadata__</c> of a file for another. The tensors, their order and the text of their entries stay as they are.</summary>
    /// <param name="path">A valid file, of whatever layout. A symbolic link is replaced by an edited copy, not followed.</param>
    /// <param name="metadata">The whole new metadata; empty removes it.</param>
    /// <param name="cancellationToken">Heeded until the file is changed.</param>
    /// <remarks>
    /// <para>Where the new metadata fits into the space of the old (unused space is left as blanks inside the header, which is valid
    /// JSON) and all bytes that change lie within one block of 4,096, they are written into the file at once and flushed: the file's
    /// size does not matter. A failure or the end of the process leaves the old header or the new. Loss of power does too, on disks
    /// that write 4,096 bytes as a unit; on others the header's block may be torn. A file opened by another process at that very
    /// moment may be read half changed; files already open are not affected.</para>
    /// <para>Otherwise the file is written anew beside the old one, its data copied and aligned as before, and renamed, as
    /// <see cref="Write(string, IEnumerable{TensorSource}, SafetensorsWriterOptions?, CancellationToken)"/> does: whatever happens,
    /// the old file or the new one is there, whole. That takes the time and the space of a copy.</para>
    /// </remarks>
    /// <exception cref="SafetensorsException">
    /// The file is not valid, <see cref="SafetensorsError.HeaderTooLarge"/>, <see cref="SafetensorsError.InvalidMetadata"/>, or
    /// <see cref="SafetensorsError.IoError"/>: it is marked read-only, or cannot be written. The file is unchanged.
    /// </exception>
    /// <exception cref="ArgumentException">A value of the metadata is null. The file is unchanged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the file is unchanged.</exception>
    public static void EditMetadata(string path, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(metadata);
        MetadataEdit.Apply(Path.GetFullPath(path), metadata, cancellationToken);
    }
}
