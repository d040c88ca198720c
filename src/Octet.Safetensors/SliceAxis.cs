namespace Octet.Safetensors;

/// <summary>What a slice takes of one of its tensor's dimensions; a selected one is no dimension of the slice.</summary>
readonly record struct SliceAxis(long Start, long Count, long Step, bool IsSelected)
{
    /// <summary>A part of this part, which counts in the steps of this one.</summary>
    internal SliceAxis Part(long start, long count, long step, bool select) =>
        new(Start + (start * Step), count, count > 1 ? step * Step : 1, select);
}
