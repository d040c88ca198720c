namespace Octet.Backends;

/// <summary>A float32 matrix [<see cref="Rows"/>, <see cref="Columns"/>] in a backend's memory: one row a token.</summary>
abstract class Activations(int rows, int columns) : IDisposable
{
    internal int Rows { get; } = rows;

    internal int Columns { get; } = columns;

    /// <summary>A row, on the host.</summary>
    internal abstract void CopyRow(int row, Span<float> destination);

    public abstract void Dispose();
}
