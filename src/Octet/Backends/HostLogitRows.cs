namespace Octet.Backends;

/// <summary>Rows of logits that lie on the host.</summary>
/// <param name="width">Length of a row.</param>
sealed class HostLogitRows(int width) : LogitRows(width)
{
    float[] _values = [];

    internal override bool AreOnHost => true;

    /// <summary>Room for so many rows, one after another.</summary>
    internal Span<float> Begin(int count)
    {
        if (_values.Length < (long)count * Width)
        {
            _values = GC.AllocateUninitializedArray<float>(checked(count * Width));
        }

        return _values.AsSpan(0, count * Width);
    }

    internal override Span<float> Row(int row) => _values.AsSpan(row * Width, Width);

    internal override void Choose(ReadOnlySpan<RowChoice> choices) => throw new InvalidOperationException($"rows of the host are looked at as they are: expected {nameof(Row)}");

    public override void Dispose()
    {
    }
}
