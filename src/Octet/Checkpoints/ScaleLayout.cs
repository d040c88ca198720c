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
    /// <param name="config">AutoRound has those of groups in one row.</param>
    internal bool Fits(long rows, long columns, long outputs, long inputs, QuantizationConfig? config)
    {
        (long ownRows, long ownColumns) = ScaleShape(outputs, inputs);
        return (rows, columns) == (ownRows, ownColumns) || (config is { QuantMethod: "auto-round" } && (rows, columns) == (ownRows * ownColumns, 1));
    }

    public override string ToString() => (BlockRows, BlockColumns) switch
    {
        (0, 0) => "one scale for the tensor",
        (1, 0) => "a scale for each row",
        (1, _) => $"a scale for each {BlockColumns} weights of a row",
        _ => $"a scale for each block of {BlockRows} x {BlockColumns}",
    };

    static long Ceiling(long count, int block) => (count + block - 1) / block;
}
