using System.Collections.Concurrent;
using System.Security.Cryptography;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>Writes pieces of tensors and remembers a hash of each, so that they can be read back and compared. Safe for several threads.</summary>
sealed class PieceLog(CheckpointWriter writer)
{
    readonly ConcurrentBag<Piece> _pieces = [];

    /// <summary>In the order of their tensors' names and offsets.</summary>
    internal IEnumerable<Piece> Pieces => _pieces.OrderBy(piece => piece.Tensor, StringComparer.Ordinal).ThenBy(piece => piece.Offset);

    internal void Write(string tensor, long offset, ReadOnlySpan<byte> bytes)
    {
        writer.Write(tensor, offset, bytes);
        _pieces.Add(new Piece(tensor, offset, bytes.Length, Hash(bytes)));
    }

    /// <exception cref="ModelException">A piece is not what was written.</exception>
    internal static void Check(SafetensorsCheckpoint written, Piece piece, Span<byte> buffer)
    {
        TensorView tensor = written[piece.Tensor];
        Span<byte> bytes = buffer[..piece.Length];
        tensor.Read(piece.Offset, bytes);
        if (Hash(bytes) != piece.Hash)
        {
            throw new ModelException(
                ModelError.Damaged,
                $"{tensor.File.Path}: tensor {tensor.Name}: bytes {piece.Offset} to {piece.Offset + piece.Length} read back differ from those written: the disk or the memory is faulty; nothing was kept",
                tensor.File.Path,
                tensor.Name);
        }
    }

    static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>Bytes of a tensor, and the first half of their SHA-256.</summary>
    internal readonly record struct Piece(string Tensor, long Offset, int Length, UInt128 Hash);
}
