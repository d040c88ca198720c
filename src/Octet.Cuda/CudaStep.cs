using System.Numerics;
using Octet.Backends;
using Octet.Backends.Cpu;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// All that changes from step to step, in one piece of the card's memory that one copy fills: ids, positions, page tables, angles, tiles. Where what lies
/// follows from the number of rows alone, so that a recorded step finds it there again. A step in which every sequence has one row is filled up with rows of
/// nobody to a power of two.
/// </summary>
sealed unsafe class CudaStep : IDisposable
{
    /// <summary>The most rows that are filled up.</summary>
    internal const int MaxPadded = 512;

    const int Alignment = 16;

    readonly CudaContext _context;
    readonly CudaStream _stream;
    readonly Dictionary<Rotary, RotaryAngles> _angles = [];
    readonly List<Rotary> _rotaries = [];
    readonly List<(TileShape Shape, int Count)> _tileShapes = [];
    readonly List<(int Rows, int Count, bool IsWhole)> _runShapes = [];
    readonly StagedCopy[] _slots = [new(), new()];
    readonly Dictionary<KvSequence, int> _placed = [];
    DeviceBlock? _memory;
    int _slot;
    IReadOnlyList<KvCache> _caches = [];
    CudaRecurrentCache? _states;
    Batch? _batch;
    long _idsAt, _positionsAt, _tablesAt, _tilesAt, _runsAt, _anglesAt, _pagesAt;

    internal CudaStep(CudaContext context, CudaStream stream)
    {
        _context = context;
        _stream = stream;
    }

    /// <summary>Rows that kernels compute, those of nobody among them.</summary>
    internal int Rows { get; private set; }

    /// <summary>Whether every sequence has one row.</summary>
    internal bool IsDecode { get; private set; }

    /// <summary>Counts how often what lies on the card has moved: what was recorded before finds nothing any more.</summary>
    internal int Moves { get; private set; }

    internal ulong Ids => Base + (ulong)_idsAt;

    internal ulong Positions => Base + (ulong)_positionsAt;

    /// <summary>The addresses of all pages.</summary>
    internal ulong Pages => Base + (ulong)_pagesAt;

    ulong Base => _memory!.Address;

    /// <summary>Of each row, where the pages of its sequence begin among all.</summary>
    internal ulong Tables(KvCache cache) => Base + (ulong)(_tablesAt + (cache.Layout.Kind * (long)Rows * sizeof(int)));

    /// <summary>Rows of the same sequence, some at a time: first row and count of each.</summary>
    internal (ulong Address, int Count) Tiles(TileShape shape)
    {
        int index = _tileShapes.FindIndex(tiles => tiles.Shape == shape);
        if (index < 0)
        {
            index = _tileShapes.Count;
            _tileShapes.Add((shape, 0));
            Moves++;
            Send();
        }

        return (Base + (ulong)(_tilesAt + (index * 2L * Rows * sizeof(int))), _tileShapes[index].Count);
    }

    /// <summary>Rows of the same sequence, so many at a time at most, with where its states are (<see cref="Run"/>); and whether each sequence has one run.</summary>
    internal (ulong Address, int Count, bool IsWhole) Runs(int rows)
    {
        int index = _runShapes.FindIndex(runs => runs.Rows == rows);
        if (index < 0)
        {
            index = _runShapes.Count;
            _runShapes.Add((rows, 0, false));
            Moves++;
            Send();
        }

        return (Base + (ulong)(_runsAt + ((long)index * Rows * sizeof(Run))), _runShapes[index].Count, _runShapes[index].IsWhole);
    }

    /// <summary>Of each row a cosine for each pair, a sine for each, and what queries are multiplied with; the floats from one row to the next.</summary>
    internal (ulong Address, int Stride) Angles(Rotary rotary)
    {
        if (!_rotaries.Contains(rotary))
        {
            _rotaries.Add(rotary);
            Moves++;
            Send();
        }

        long at = _anglesAt;
        foreach (Rotary known in _rotaries)
        {
            if (ReferenceEquals(known, rotary))
            {
                break;
            }

            at += AngleBytes(known);
        }

        return (Base + (ulong)at, AngleStride(rotary));
    }

    /// <summary>Brings a step to the card.</summary>
    /// <param name="batch">Its rows.</param>
    /// <param name="cache">Where their sequences have pages.</param>
    /// <param name="fills">Whether rows of nobody may be added.</param>
    internal void Begin(Batch batch, StateCache cache, bool fills)
    {
        _batch = batch;
        _caches = cache.Kinds;
        _states = (CudaRecurrentCache?)cache.Recurrent;
        IsDecode = true;
        for (int row = 1; row < batch.Count; row++)
        {
            IsDecode &= !ReferenceEquals(batch.Sequences[row], batch.Sequences[row - 1]);
        }

        int padded = (int)BitOperations.RoundUpToPowerOf2((uint)batch.Count);
        Rows = fills && IsDecode && padded <= MaxPadded ? padded : batch.Count;
        Send();
    }

    public void Dispose()
    {
        _memory?.Dispose();
        foreach (StagedCopy slot in _slots)
        {
            slot.Dispose();
        }
    }

    void Send()
    {
        Batch batch = _batch!;
        int rows = Rows;
        _idsAt = 0;
        _positionsAt = Align((long)rows * sizeof(int));
        _tablesAt = Align(_positionsAt + ((long)rows * sizeof(int)));
        _tilesAt = Align(_tablesAt + ((long)_caches.Count * rows * sizeof(int)));
        _runsAt = Align(_tilesAt + (_tileShapes.Count * 2L * rows * sizeof(int)));
        _anglesAt = Align(_runsAt + ((long)_runShapes.Count * rows * sizeof(Run)));
        _pagesAt = _anglesAt;
        foreach (Rotary rotary in _rotaries)
        {
            _pagesAt += AngleBytes(rotary);
        }

        long pages = CountPages();
        long bytes = _pagesAt + (pages * sizeof(ulong));
        Reserve(bytes);
        StagedCopy slot = _slots[_slot ^= 1];
        byte* host = slot.Begin(_context, bytes);
        FillRows(batch, (int*)(host + _idsAt), (int*)(host + _positionsAt));
        FillTables(batch, (int*)(host + _tablesAt), (ulong*)(host + _pagesAt));
        for (int i = 0; i < _tileShapes.Count; i++)
        {
            _tileShapes[i] = (_tileShapes[i].Shape, FillTiles(_tileShapes[i].Shape, (int*)(host + _tilesAt) + (2L * i * rows)));
        }

        for (int i = 0; i < _runShapes.Count; i++)
        {
            _runShapes[i] = FillRuns(_runShapes[i].Rows, (Run*)(host + _runsAt) + ((long)i * rows));
        }

        float* angles = (float*)(host + _anglesAt);
        foreach (Rotary rotary in _rotaries)
        {
            FillAngles(batch, rotary, angles);
            angles += AngleBytes(rotary) / sizeof(float);
        }

        _stream.CopyToDevice(Base, host, bytes);
        slot.End(_context, _stream);
    }

    void Reserve(long bytes)
    {
        if (_memory is null || _memory.Bytes < bytes)
        {
            // Freed after what reads it: the driver waits for that.
            Moves++;
            _memory?.Dispose();
            _memory = null;
            _memory = _context.Allocate((long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(bytes, StagedCopy.FewestBytes)));
        }
    }

    long CountPages()
    {
        long pages = _caches.Count;
        foreach (KvCache cache in _caches)
        {
            _placed.Clear();
            foreach (SequenceState sequence in _batch!.Sequences)
            {
                KvSequence own = sequence.Of(cache);
                pages += _placed.TryAdd(own, 0) ? own.Capacity / KvCacheLayout.PageTokens : 0;
            }
        }

        return pages;
    }

    void FillRows(Batch batch, int* ids, int* positions)
    {
        batch.Ids.CopyTo(new Span<int>(ids, batch.Count));
        batch.Positions.CopyTo(new Span<int>(positions, batch.Count));
        new Span<int>(ids + batch.Count, Rows - batch.Count).Clear();
        new Span<int>(positions + batch.Count, Rows - batch.Count).Clear();
    }

    void FillTables(Batch batch, int* tables, ulong* pages)
    {
        int used = 0;
        foreach (KvCache cache in _caches)
        {
            var own = (CudaKvCache)cache;
            _placed.Clear();
            int* table = tables + (cache.Layout.Kind * Rows);
            pages[used] = own.SparePage;
            for (int row = batch.Count; row < Rows; row++)
            {
                table[row] = used;
            }

            used++;
            for (int row = 0; row < batch.Count; row++)
            {
                KvSequence sequence = batch.Sequences[row].Of(cache);
                if (!_placed.TryGetValue(sequence, out int first))
                {
                    first = used;
                    _placed.Add(sequence, first);
                    for (int page = 0; page < sequence.Capacity / KvCacheLayout.PageTokens; page++)
                    {
                        // Behind a window there is none, and nothing reads it.
                        pages[used++] = sequence.Page(page) is >= 0 and var number ? own.Page(number) : 0;
                    }
                }

                table[row] = first;
            }
        }
    }

    int FillTiles(TileShape shape, int* tiles)
    {
        int count = 0;
        for (int row = 0; row < Rows;)
        {
            int end = row + 1;
            while (end < _batch!.Count && ReferenceEquals(_batch.Sequences[end], _batch.Sequences[row]))
            {
                end++;
            }

            bool isMeant = end - row >= shape.Fewest && end - row < shape.Limit;
            for (; row < end; row += shape.Rows)
            {
                if (isMeant)
                {
                    tiles[2 * count] = row;
                    tiles[(2 * count++) + 1] = Math.Min(shape.Rows, end - row);
                }
            }

            row = end;
        }

        return count;
    }

    (int Rows, int Count, bool IsWhole) FillRuns(int rows, Run* runs)
    {
        int count = 0;
        bool isWhole = true;
        for (int row = 0; row < Rows;)
        {
            int first = row;
            int end = row + 1;
            while (end < _batch!.Count && ReferenceEquals(_batch.Sequences[end], _batch.Sequences[row]))
            {
                end++;
            }

            isWhole &= end - row <= rows;
            for (; row < end; row += Math.Min(rows, end - row))
            {
                runs[count++] = new Run(row, Math.Min(rows, end - row), row < _batch.Count ? States(row, row == first, end - row <= rows) : 0);
            }
        }

        return (rows, count, isWhole);
    }

    ulong States(int row, bool isFirst, bool isLast)
        => _states!.Page(_batch!.Sequences[row].RecurrentPage) | (_batch.Positions[row] == 0 ? Run.Begins : 0) | (isFirst ? Run.IsFirst : 0) | (isLast ? Run.IsLast : 0);

    void FillAngles(Batch batch, Rotary rotary, float* angles)
    {
        int stride = AngleStride(rotary);
        int pairs = rotary.Frequencies.Length;
        for (int row = 0; row < Rows; row++, angles += stride)
        {
            int position = row < batch.Count ? batch.Positions[row] : 0;
            Rotary turning = row < batch.Count && batch.Sequences[row].IsLong && rotary.Long is { } stretched ? stretched : rotary;
            if (!_angles.TryGetValue(turning, out RotaryAngles? table))
            {
                _angles.Add(turning, table = new RotaryAngles(turning));
            }

            table.Reach(position);
            table.At(position).CopyTo(new Span<float>(angles, 2 * pairs));
            angles[2 * pairs] = rotary.QueryFactor(position);
        }
    }

    long AngleBytes(Rotary rotary) => Align((long)Rows * AngleStride(rotary) * sizeof(float));

    static int AngleStride(Rotary rotary) => ((2 * rotary.Frequencies.Length) + 1 + 3) / 4 * 4;

    /// <summary>How a step's rows are cut.</summary>
    /// <param name="Rows">The most of a tile.</param>
    /// <param name="Fewest">Of sequences with at least so many rows of the step.</param>
    /// <param name="Limit">And with fewer than so many.</param>
    internal readonly record struct TileShape(int Rows, int Fewest, int Limit);

    /// <summary>Rows of a sequence, as <c>recur.cu</c> and <c>convolve.cu</c> take them.</summary>
    /// <param name="Row">The first.</param>
    /// <param name="Count">How many.</param>
    /// <param name="States">Where its states are, with flags in the lowest bits: states begin at lines of 64 bytes. 0: the rows are nobody's.</param>
    internal readonly record struct Run(int Row, int Count, ulong States)
    {
        /// <summary>The sequence begins with them.</summary>
        internal const ulong Begins = 1;

        /// <summary>Of those of the step they are its first.</summary>
        internal const ulong IsFirst = 2;

        internal const ulong IsLast = 4;
    }

    static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
