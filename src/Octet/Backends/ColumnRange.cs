namespace Octet.Backends;

/// <summary>Some columns of a buffer.</summary>
readonly record struct ColumnRange(Activations Buffer, int First, int Count);
