namespace Octet.Safetensors;

/// <summary>
/// What is wrong with a file, a checkpoint or a tensor to be written. The first twelve kinds are those of the
/// reference implementation (<c>safetensors/src/tensor.rs</c>, <c>SafeTensorError</c>) and are raised under the same conditions.
/// </summary>
public enum SafetensorsError
{
    /// <summary>The file is shorter than the eight bytes that hold the header's length.</summary>
    HeaderTooSmall,

    /// <summary>The header is, or would be, longer than 100,000,000 bytes.</summary>
    HeaderTooLarge,

    /// <summary>The header's length reaches beyond the end of the file.</summary>
    InvalidHeaderLength,

    /// <summary>The header is not UTF-8.</summary>
    InvalidHeader,

    /// <summary>The header is not JSON of the format's shape, or names an unknown dtype.</summary>
    InvalidHeaderDeserialization,

    /// <summary>A tensor does not begin where the one before it ends, or ends before it begins.</summary>
    InvalidOffset,

    /// <summary>The size computed from a shape and a dtype does not fit.</summary>
    ValidationOverflow,

    /// <summary>The elements of a sub-byte dtype do not fill whole bytes.</summary>
    MisalignedSlice,

    /// <summary>A tensor's byte range is not what its shape and dtype need.</summary>
    TensorInvalidInfo,

    /// <summary>The file is shorter or longer than its header promises.</summary>
    MetadataIncompleteBuffer,

    /// <summary>No tensor has the name asked for.</summary>
    TensorNotFound,

    /// <summary>The bytes supplied for a tensor are not as many as its shape and dtype need.</summary>
    InvalidTensorView,

    /// <summary>Two tensors, or two keys of the metadata, have the same name; or two shards hold the same tensor.</summary>
    DuplicateName,

    /// <summary>A tensor has a name that the format cannot hold, or that some readers would not find again: one with a NUL.</summary>
    InvalidTensorName,

    /// <summary>Metadata to be written contains text that is not valid Unicode.</summary>
    InvalidMetadata,

    /// <summary>There is no such file, or the directory holds no checkpoint.</summary>
    FileNotFound,

    /// <summary>The file system refused: no permission, not a regular file, disk full, in use.</summary>
    IoError,

    /// <summary>The index of a sharded checkpoint is not of the expected form, or names a shard outside its own directory.</summary>
    InvalidIndex,

    /// <summary>A shard that the index names is not there.</summary>
    MissingShard,

    /// <summary>The index places a tensor in a shard that does not hold it.</summary>
    TensorNotInShard,

    /// <summary>A shard holds a tensor that the index does not name.</summary>
    TensorNotInIndex,
}
