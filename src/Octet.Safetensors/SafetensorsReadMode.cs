namespace Octet.Safetensors;

/// <summary>How a file's bytes are reached.</summary>
public enum SafetensorsReadMode
{
    /// <summary>The file is mapped into memory: tensors are used in place, pages are read when they are touched.</summary>
    MemoryMap,

    /// <summary>
    /// The header is read at opening, tensors when they are copied; nothing is mapped. For network file systems, where a page
    /// fault costs a round trip, and for unified memory, where a mapped file is held twice.
    /// </summary>
    Positional,
}
