namespace Octet.Backends;

/// <summary>The logits of some rows of a step, wherever they lie; they hold until the next step.</summary>
/// <param name="width">Length of a row.</param>
abstract class LogitRows(int width) : IDisposable
{
    /// <summary>The most best tokens of a row that <see cref="Choose"/> finds.</summary>
    internal const int MostBest = 64;

    internal int Width { get; } = width;

    /// <summary>Whether <see cref="Row"/> gives rows. Where it does not, <see cref="Choose"/> brings what is wanted of them.</summary>
    internal abstract bool AreOnHost { get; }

    /// <summary>A row on the host, which may be overwritten.</summary>
    internal abstract Span<float> Row(int row);

    /// <summary>Finds what is asked for of rows that lie on a device, all at once: those of one step may want different things. Not thread-safe, as the backend is not.</summary>
    internal abstract void Choose(ReadOnlySpan<RowChoice> choices);

    public abstract void Dispose();
}
