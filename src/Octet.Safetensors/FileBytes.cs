namespace Octet.Safetensors;

/// <summary>The bytes of a whole file, mapped or in memory. Ranges are the caller's to check.</summary>
abstract unsafe class FileBytes : IDisposable
{
    internal abstract long Length { get; }

    /// <summary>Valid until disposal.</summary>
    internal abstract byte* Pointer { get; }

    internal abstract ReadOnlySpan<byte> Span(long offset, int length);

    /// <summary>Copies; a disposal on another thread waits for the copy or makes it throw.</summary>
    internal abstract void CopyTo(long offset, Span<byte> destination);

    public abstract void Dispose();
}
