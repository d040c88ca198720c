namespace Octet.Safetensors;

/// <summary>A file that is not in memory; every access is a read. Owns its reader.</summary>
sealed class RangedBytes(RangeReader reader) : FileBytes
{
    internal override long Length { get; } = reader.Length;

    internal override bool InPlace => false;

    internal override unsafe byte* Pointer => throw NotInPlace();

    internal override ReadOnlySpan<byte> Span(long offset, int length) => throw NotInPlace();

    protected override void Read(long offset, Span<byte> destination)
    {
        ThrowIfDisposed();
        reader.Read(offset, destination);
    }

    protected override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return reader.ReadAsync(offset, destination, cancellationToken);
    }

    protected override void Free() => reader.Dispose();

    InvalidOperationException NotInPlace()
    {
        ThrowIfDisposed();
        return new InvalidOperationException("the file is not in memory");
    }
}
