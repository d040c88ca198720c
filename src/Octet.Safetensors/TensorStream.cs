namespace Octet.Safetensors;

/// <summary>What a tensor's callback writes to: counts, so that no tensor can shift those after it, and heeds cancellation.</summary>
sealed class TensorStream(Stream inner, TensorSource tensor, string? path, CancellationToken cancellationToken) : Stream
{
    long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    /// <summary>Throws unless every byte has come.</summary>
    internal void RequireComplete()
    {
        if (_written != tensor.ByteLength)
        {
            throw WrongLength($"{_written} were written");
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (buffer.Length > tensor.ByteLength - _written)
        {
            throw WrongLength("more were written");
        }

        try
        {
            inner.Write(buffer);
        }
        catch (IOException e) when (path is not null)
        {
            throw AtomicFile.Failed(path, e);
        }

        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    SafetensorsException WrongLength(string found) => new(
        SafetensorsError.InvalidTensorView,
        $"tensor {SafetensorsException.Quote(tensor.Name)}, {TensorSize.Describe(tensor.DataType, tensor.Shape)}, needs {tensor.ByteLength} bytes, {found}",
        path,
        tensor.Name);
}
