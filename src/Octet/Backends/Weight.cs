namespace Octet.Backends;

/// <summary>A weight matrix [<see cref="Rows"/> = outputs, <see cref="Columns"/> = inputs] as a backend holds it; a vector has one row.</summary>
abstract class Weight(long rows, int columns) : IDisposable
{
    internal long Rows { get; } = rows;

    internal int Columns { get; } = columns;

    /// <summary>Bytes that one pass over the weight reads: codes or elements, and scales.</summary>
    internal abstract long Bytes { get; }

    public abstract void Dispose();
}
