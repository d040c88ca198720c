namespace Octet.Safetensors;

/// <summary>
/// What is taken of one dimension: an index, which drops the dimension, or a range, with a step if wanted. Made from an
/// <see cref="int"/>, a <see cref="long"/>, an <see cref="Index"/> or a <see cref="Range"/> where one is expected.
/// </summary>
public readonly struct TensorRange
{
    // From the end where negative: ~0 is the end itself, ~1 the last index.
    readonly long _start;
    readonly long _end;
    readonly long _step;

    /// <summary>A range, with a step.</summary>
    /// <param name="range">First index and end, which is excluded.</param>
    /// <param name="step">From one index to the next; at least 1.</param>
    public TensorRange(Range range, long step = 1)
        : this(Encode(range.Start), Encode(range.End), step, isIndex: false) =>
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);

    /// <summary>A range of a dimension that may be longer than an <see cref="int"/> counts.</summary>
    /// <param name="start">The first index.</param>
    /// <param name="end">The index after the last.</param>
    /// <param name="step">From one index to the next; at least 1.</param>
    public TensorRange(long start, long end, long step = 1)
        : this(start, end, step, isIndex: false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(end);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
    }

    TensorRange(long start, long end, long step, bool isIndex)
    {
        _start = start;
        _end = end;
        _step = step;
        IsIndex = isIndex;
    }

    /// <summary>Whether this is one index, which drops the dimension.</summary>
    public bool IsIndex { get; }

    /// <summary>One index.</summary>
    public static implicit operator TensorRange(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new TensorRange(index, 0, 1, isIndex: true);
    }

    /// <summary>One index.</summary>
    public static implicit operator TensorRange(int index) => (long)index;

    /// <summary>One index, which may count from the end.</summary>
    public static implicit operator TensorRange(Index index) => new(Encode(index), 0, 1, isIndex: true);

    /// <summary>A range, which may count from the end.</summary>
    public static implicit operator TensorRange(Range range) => new(range);

    /// <summary><c>3</c>, <c>0..128</c>, <c>^64..^0</c>, <c>0..128 by 2</c>.</summary>
    public override string ToString() =>
        _step == 0 ? ".." : IsIndex ? Text(_start) : $"{Text(_start)}..{Text(_end)}{(_step > 1 ? $" by {_step}" : "")}";

    /// <summary>In a dimension of this length; false where the index or range is not inside it.</summary>
    internal bool TryResolve(long dimension, out long start, out long count, out long step)
    {
        // The default value is the whole dimension.
        (long first, long end, step) = _step == 0 ? (0, dimension, 1) : (Resolve(_start, dimension), Resolve(_end, dimension), _step);
        start = first;
        if (IsIndex)
        {
            count = 1;
            return first >= 0 && first < dimension;
        }

        count = end <= first ? 0 : ((end - first - 1) / step) + 1;
        return first >= 0 && first <= end && end <= dimension;
    }

    static long Encode(Index index) => index.IsFromEnd ? ~(long)index.Value : index.Value;

    static long Resolve(long encoded, long dimension) => encoded >= 0 ? encoded : dimension - ~encoded;

    static string Text(long encoded) => encoded >= 0 ? $"{encoded}" : $"^{~encoded}";
}
