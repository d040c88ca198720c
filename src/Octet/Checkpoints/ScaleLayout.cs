namespace Octet.Checkpoints;

/// <summary>Which weights of a matrix share a scale, as a config file says it or a table of schemes has it.</summary>
/// <param name="BlockRows">Rows (outputs) of a block; 0: all of them.</param>
/// <param name="BlockColumns">Columns (inputs) of a block; 0: all of them.</param>
readonly record struct ScaleLayout(int BlockRows, int BlockColumns)
{
    internal static ScaleLayout Tensor => new(0, 0);

    internal static ScaleLayout Channel => new(1, 0);

    internal static ScaleLayout Group(int length) => new(1, length);

    /// <summary>Rows and columns of the scales of a weight [outputs, inputs].</summary>
    internal (long Rows, long Columns) ScaleShape(long outputs, long inputs)
        => (BlockRows == 0 ? 1 : Ceiling(outputs, BlockRows), BlockColumns == 0 ? 1 : Ceiling(inputs, BlockColumns));

    /// <summary>Whether scales of [rows, columns] are those of a weight [outputs, inputs].</summary>
    /// <param name="rows">Of the scales.</param>
    /// <param name="columns">Of the scales.</param>
    /// <param name="outputs">Of the weight.</param>
    /// <param name="inputs">Of the weight.</param>
    /// <param name="config">AutoRound has those of groups in one row, and pads the last group of a row; other producers have whole groups only.</param>
    internal bool Fits(long rows, long columns, long outputs, long inputs, QuantizationConfig? config)
    {
        (long ownRows, long ownColumns) = ScaleShape(outputs, inputs);
        return config is { QuantMethod: "auto-round" }
            ? (rows, columns) == (ownRows, ownColumns) || (columns == 1 && (ownRows == 0 ? rows == 0 : rows % ownRows == 0 && rows / ownRows == ownColumns))
            : (rows, columns) == (ownRows, ownColumns) && HasWholeGroups(inputs);
    }

    /// <summary>Whether rows of a length are whole groups, where groups are parts of a row; blocks of several rows may be cut at the edge.</summary>
    internal bool HasWholeGroups(long inputs) => BlockRows != 1 || BlockColumns == 0 || inputs % BlockColumns == 0;

    /// <summary>The blocks as they are in a weight [outputs, inputs], which is at most one block high and wide: layouts with the same are the same for it.</summary>
    internal (long Rows, long Columns) Block(long outputs, long inputs)
        => (BlockRows == 0 ? outputs : Math.Min(BlockRows, outputs), BlockColumns == 0 ? inputs : Math.Min(BlockColumns, inputs));

    public override string ToString() => (BlockRows, BlockColumns) switch
    {
        (0, 0) => "one scale for the tensor",
        (1, 0) => "a scale for each row",
        (1, _) => $"a scale for each {BlockColumns} weights of a row",
        _ => $"a scale for each block of {BlockRows} x {BlockColumns}",
    };

    static long Ceiling(long count, int block) => count == 0 ? 0 : ((count - 1) / block) + 1;
}
