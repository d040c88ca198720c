namespace Octet.Safetensors;

/// <summary>Which bytes of a tensor have been written, in pieces that come in any order and from several threads: each byte once.</summary>
sealed class WrittenRanges
{
    readonly Lock _lock = new();

    // Pieces that touch are joined: starts in order, and where each ends.
    readonly SortedSet<long> _starts = [];
    readonly Dictionary<long, long> _ends = [];

    /// <summary>Bytes written.</summary>
    internal long Total { get; private set; }

    /// <summary>Takes a piece for written.</summary>
    /// <returns>False: some of it is already, and nothing has changed.</returns>
    internal bool TryAdd(long offset, long length)
    {
        if (length == 0)
        {
            return true;
        }

        lock (_lock)
        {
            long end = offset + length;
            long? before = Last(0, offset);
            long? behind = First(offset, long.MaxValue);
            if ((before is { } earlier && _ends[earlier] > offset) || behind < end)
            {
                return false;
            }

            long start = offset;
            if (before is { } left && _ends[left] == offset)
            {
                start = left;
            }

            if (behind == end)
            {
                end = _ends[end];
                _starts.Remove(behind.Value);
                _ends.Remove(behind.Value);
            }

            _starts.Add(start);
            _ends[start] = end;
            Total += length;
            return true;
        }
    }

    // An empty view's extremes are 0, which may be a start outside it.
    long? Last(long from, long to) => Within(_starts.GetViewBetween(from, to).Max, from, to);

    long? First(long from, long to) => Within(_starts.GetViewBetween(from, to).Min, from, to);

    long? Within(long start, long from, long to) => start >= from && start <= to && _starts.Contains(start) ? start : null;
}
