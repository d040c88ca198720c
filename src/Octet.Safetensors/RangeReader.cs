namespace Octet.Safetensors;

/// <summary>
/// Where a file's bytes come from when the file is neither mapped nor in memory: derive from it to read safetensors out of an
/// object store, an archive or a database. Reads may come from several threads at once.
/// </summary>
public abstract class RangeReader : IDisposable
{
    /// <summary>The file's length in bytes, known from the beginning and always the same.</summary>
    public abstract long Length { get; }

    /// <summary>Fills a buffer from the file, wholly, or throws.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="destination">The buffer; <paramref name="offset"/> plus its length is at most <see cref="Length"/>.</param>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>Fills a buffer from the file, wholly, or throws.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="destination">The buffer; <paramref name="offset"/> plus its length is at most <see cref="Length"/>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public abstract ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>Frees what the reader holds; called once, when no read is under way.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the reader holds.</summary>
    /// <param name="disposing">True where called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private protected static SafetensorsException Short(string name, long offset, int wanted, int found) => new(
        SafetensorsError.IoError,
        $"{SafetensorsException.Line(name)}: {wanted} bytes were expected at byte {offset}, {found} came: the file was cut short while it was open",
        name);

    private protected static SafetensorsException Failed(string name, long offset, IOException e) => new(
        SafetensorsError.IoError,
        $"{SafetensorsException.Line(name)}: reading at byte {offset} failed: {SafetensorsException.Line(e.Message)}",
        name,
        innerException: e);
}
