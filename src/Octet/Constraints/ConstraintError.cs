namespace Octet;

/// <summary>What kind of failure a <see cref="ConstraintException"/> is.</summary>
public enum ConstraintError
{
    /// <summary>The schema, pattern or grammar is broken: what it says has no meaning.</summary>
    Invalid,

    /// <summary>It has a meaning, and this version cannot hold a model to it.</summary>
    Unsupported,

    /// <summary>It is larger, deeper or more ambiguous than the limits allow.</summary>
    TooLarge,

    /// <summary>No text satisfies it, or none that the tokenizer can write.</summary>
    Unsatisfiable,
}
