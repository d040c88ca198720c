using System.Collections.ObjectModel;

namespace Octet.Safetensors;

/// <summary>
/// The names under which a file or checkpoint does not store a tensor, but which its metadata says are those of a stored one. The Python
/// library's <c>save_model</c> and <see cref="TensorSource.Aliases"/> write them as <c>{other name: stored name}</c>.
/// </summary>
/// <remarks>
/// The metadata does not mark such entries. An entry counts as one where its value names a tensor that is stored and its key names
/// none; <c>{"format":"pt"}</c> would, in a file with a tensor <c>pt</c>.
/// </remarks>
public static class SharedTensorNames
{
    /// <summary>The other names of a file's tensors, each with the name that the tensor is stored under.</summary>
    public static IReadOnlyDictionary<string, string> Of(SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Find(file.Metadata, name => file.TryGetTensor(name, out _));
    }

    /// <summary>The other names of a checkpoint's tensors, each with the name that the tensor is stored under.</summary>
    public static IReadOnlyDictionary<string, string> Of(SafetensorsCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return Find(checkpoint.Metadata, name => checkpoint.TryGetTensor(name, out _));
    }

    static ReadOnlyDictionary<string, string> Find(IReadOnlyDictionary<string, string> metadata, Predicate<string> isStored) => metadata
        .Where(pair => pair.Value.Length > 0 && isStored(pair.Value) && !isStored(pair.Key))
        .ToDictionary()
        .AsReadOnly();
}
