using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>One tensor as the header states it, unchecked: offsets may lie anywhere, dimensions above long.MaxValue are negative.</summary>
readonly record struct HeaderEntry(string Name, DataType DataType, long[] Shape, ulong Begin, ulong End);
