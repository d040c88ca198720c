namespace Octet.Backends;

/// <summary>What the codes of a layer's (or head's) keys and those of its values are multiplied with: positive, finite numbers.</summary>
readonly record struct KvScale(float Key, float Value)
{
    internal static KvScale One { get; } = new(1, 1);
}
