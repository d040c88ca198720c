namespace Octet.Numerics;

/// <summary>The shape of a row-major matrix and of the blocks that share a scale. The default value is an empty matrix.</summary>
public readonly record struct BlockShape
{
    // Less one, so that the default value has blocks of one element.
    readonly int _blockRows;
    readonly int _blockColumns;

    /// <summary>A matrix in blocks.</summary>
    /// <param name="rows">The rows of the matrix, 0 or more.</param>
    /// <param name="columns">The columns of the matrix, 0 or more.</param>
    /// <param name="blockRows">The rows of a block, 1 or more; those at the lower edge may have fewer.</param>
    /// <param name="blockColumns">The columns of a block, 1 or more; those at the right edge may have fewer.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below its range, or the matrix has more than 2^31 - 1 elements.</exception>
    public BlockShape(int rows, int columns, int blockRows, int blockColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockColumns, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rows * columns, int.MaxValue, nameof(rows));
        (Rows, Columns, _blockRows, _blockColumns) = (rows, columns, blockRows - 1, blockColumns - 1);
    }

    /// <summary>One scale for the matrix.</summary>
    /// <inheritdoc cref="PerGroup" path="//param[@name='rows']|//param[@name='columns']|//exception"/>
    public static BlockShape PerTensor(int rows, int columns) => new(rows, columns, Math.Max(rows, 1), Math.Max(columns, 1));

    /// <summary>One scale for each row: per output channel of weights [outputs, inputs], per token of activations [tokens, features].</summary>
    /// <inheritdoc cref="PerGroup" path="//param[@name='rows']|//param[@name='columns']|//exception"/>
    public static BlockShape PerRow(int rows, int columns) => new(rows, columns, 1, Math.Max(columns, 1));

    /// <summary>One scale for each column.</summary>
    /// <inheritdoc cref="PerGroup" path="//param[@name='rows']|//param[@name='columns']|//exception"/>
    public static BlockShape PerColumn(int rows, int columns) => new(rows, columns, Math.Max(rows, 1), 1);

    /// <summary>One scale for each group of consecutive elements of a row: 128 for activations of FP8 checkpoints, 32 in MX, 16 in NVFP4.</summary>
    /// <param name="rows">The rows of the matrix, 0 or more.</param>
    /// <param name="columns">The columns of the matrix, 0 or more.</param>
    /// <param name="length">The elements of a group, 1 or more; the last of a row may have fewer.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below its range, or the matrix has more than 2^31 - 1 elements.</exception>
    public static BlockShape PerGroup(int rows, int columns, int length) => new(rows, columns, 1, length);

    /// <summary>Groups in rows of a length, as many rows as there are elements.</summary>
    internal static BlockShape OfRows(int elements, int columns, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return elements % columns == 0
            ? PerGroup(elements / columns, columns, length)
            : throw new ArgumentException($"there are {elements} elements, expected whole rows of {columns}");
    }

    /// <summary>The rows of the matrix.</summary>
    public int Rows { get; }

    /// <summary>The columns of the matrix.</summary>
    public int Columns { get; }

    /// <summary>The rows of a block.</summary>
    public int BlockRows => _blockRows + 1;

    /// <summary>The columns of a block.</summary>
    public int BlockColumns => _blockColumns + 1;

    /// <summary>The rows of the matrix of scales, ceil(rows / block rows).</summary>
    public int ScaleRows => Ceiling(Rows, BlockRows);

    /// <summary>The columns of the matrix of scales, ceil(columns / block columns).</summary>
    public int ScaleColumns => Ceiling(Columns, BlockColumns);

    internal RunEnumerable Runs() => new(this);

    /// <summary>Where block number <paramref name="index"/> of the scales lies.</summary>
    internal Block At(int index)
    {
        int top = index / ScaleColumns * BlockRows;
        int left = index % ScaleColumns * BlockColumns;
        return new Block(top, Math.Min(BlockRows, Rows - top), left, Math.Min(BlockColumns, Columns - left));
    }

    internal void Check(int codes, int scales, int values)
    {
        Check(codes, Rows, Columns, "codes");
        Check(values, Rows, Columns, "values");
        Check(scales, ScaleRows, ScaleColumns, "scales");
    }

    static void Check(int length, int rows, int columns, string what)
    {
        if (length != rows * columns)
        {
            throw new ArgumentException($"there are {length} {what}, expected {rows} x {columns}");
        }
    }

    static int Ceiling(int length, int block) => (int)(((long)length + block - 1) / block);

    /// <summary>The part of one row that lies in one block.</summary>
    /// <param name="Start">The index of its first element in the matrix.</param>
    /// <param name="Length">Its number of elements.</param>
    /// <param name="Block">The index of its scale.</param>
    internal readonly record struct Run(int Start, int Length, int Block);

    /// <summary>A block, cut at the edges of the matrix.</summary>
    internal readonly record struct Block(int Top, int Rows, int Left, int Columns);

    /// <summary>All runs, in the order of memory.</summary>
    internal struct RunEnumerable(BlockShape shape)
    {
        int _row;
        int _column = -shape.BlockColumns;

        public readonly RunEnumerable GetEnumerator() => this;

        public readonly Run Current => new(
            (_row * shape.Columns) + _column,
            Math.Min(shape.BlockColumns, shape.Columns - _column),
            (_row / shape.BlockRows * shape.ScaleColumns) + (_column / shape.BlockColumns));

        public bool MoveNext()
        {
            if (_column < shape.Columns - shape.BlockColumns)
            {
                _column += shape.BlockColumns;
                return shape.Rows > 0;
            }

            _column = 0;
            return ++_row < shape.Rows && shape.Columns > 0;
        }
    }
}
