namespace Octet;

/// <summary>What kind of failure a <see cref="ModelException"/> is: who can do something about it.</summary>
public enum ModelError
{
    /// <summary>The caller asked for what cannot be done: a prompt that is too long, an id out of range, a destination that is there already.</summary>
    InvalidInput,

    /// <summary>There is no such model.</summary>
    NotFound,

    /// <summary>No room at the moment, or on this machine: the key/value cache or the memory is full.</summary>
    Full,

    /// <summary>A file of the model is cut, contradicts itself or another, or gives numbers that are none.</summary>
    Damaged,

    /// <summary>The model may be right, and this version does not implement what it needs.</summary>
    Unsupported,

    /// <summary>A file or directory cannot be read or written.</summary>
    Inaccessible,

    /// <summary>More requests at once than the model takes, or it takes none any more: <see cref="ModelException.RetryAfter"/> says when another try may do.</summary>
    Busy,

    /// <summary>The device that computes has failed or was lost. Where the message asks for it, the program has to be started again before a model computes there.</summary>
    DeviceFailed,
}
