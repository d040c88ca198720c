using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Octet.TestHub;

/// <summary>
/// A file of a repository: a beginning held in memory and, behind it, bytes that repeat with a period that no part size divides, so that
/// a gigabyte takes no room and a part in the wrong place shows.
/// </summary>
sealed class HubFile
{
    // A prime a little over 1 MiB.
    const int Period = 1_048_583;
    static readonly byte[] s_pattern = Pattern();
    readonly byte[] _beginning;
    readonly int _seed;
    readonly Lazy<string> _sha256;
    readonly Lazy<string> _gitId;

    HubFile(string path, byte[] beginning, long size, bool large, int seed)
    {
        Path = path;
        Size = size;
        IsLarge = large;
        _beginning = beginning;
        _seed = seed;
        _sha256 = new(() => Hash(HashAlgorithmName.SHA256, []));
        _gitId = new(() => IsLarge ? PointerId() : Hash(HashAlgorithmName.SHA1, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {Size}\0"))));
    }

    internal string Path { get; }

    internal long Size { get; }

    /// <summary>Kept by Git LFS: in the storage, under its SHA-256.</summary>
    internal bool IsLarge { get; }

    internal string Sha256 => _sha256.Value;

    /// <summary>Of a blob, or of the LFS pointer: SHA-1 as git computes it.</summary>
    internal string GitId => _gitId.Value;

    /// <summary>What the hub calls the version of this file: SHA-256 of large ones, git's id of others.</summary>
    internal string ETag => IsLarge ? Sha256 : GitId;

    internal static HubFile Text(string path, string text, bool large = false) => Bytes(path, Encoding.UTF8.GetBytes(text), large);

    internal static HubFile Bytes(string path, byte[] bytes, bool large = false) => new(path, bytes, bytes.Length, large, 0);

    /// <summary>A valid safetensors file with one tensor of bytes.</summary>
    internal static HubFile Safetensors(string path, string tensor, long bytes, int seed = 0)
    {
        string json = new JsonObject
        {
            [tensor] = new JsonObject { ["dtype"] = "U8", ["shape"] = new JsonArray(bytes), ["data_offsets"] = new JsonArray(0, bytes) },
        }.ToJsonString();
        json = json.PadRight((json.Length + 7) / 8 * 8);
        return new HubFile(path, [.. BitConverter.GetBytes((long)json.Length), .. Encoding.UTF8.GetBytes(json)], 8 + json.Length + bytes, large: true, seed);
    }

    /// <summary>The files of a directory, as they are; safetensors and what is over 100,000 bytes are large.</summary>
    internal static IEnumerable<HubFile> Directory(string directory)
        => System.IO.Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).Select(file =>
        {
            byte[] bytes = File.ReadAllBytes(file);
            return Bytes(System.IO.Path.GetFileName(file), bytes, bytes.Length > 100_000 || file.EndsWith(".safetensors", StringComparison.Ordinal));
        });

    /// <summary>The bytes from a position on: at least one, as many as lie together in memory.</summary>
    internal ReadOnlyMemory<byte> At(long position)
    {
        if (position < _beginning.Length)
        {
            return _beginning.AsMemory((int)position);
        }

        int start = (int)((position + _seed * 7919L) % Period);
        return s_pattern.AsMemory(start, (int)Math.Min(Period - start, Size - position));
    }

    internal byte[] ReadAll()
    {
        byte[] all = new byte[Size];
        for (int at = 0; at < all.Length;)
        {
            ReadOnlyMemory<byte> piece = At(at);
            piece.CopyTo(all.AsMemory(at));
            at += piece.Length;
        }

        return all;
    }

    string Hash(HashAlgorithmName algorithm, byte[] before)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        hash.AppendData(before);
        for (long at = 0; at < Size;)
        {
            ReadOnlyMemory<byte> piece = At(at);
            hash.AppendData(piece.Span);
            at += piece.Length;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    string PointerId()
    {
        string pointer = string.Create(CultureInfo.InvariantCulture, $"version https://git-lfs.github.com/spec/v1\noid sha256:{Sha256}\nsize {Size}\n");
        return Bytes(Path, Encoding.ASCII.GetBytes(pointer)).GitId;
    }

    static byte[] Pattern()
    {
        byte[] pattern = new byte[Period];
        new Random(20261127).NextBytes(pattern);
        return pattern;
    }
}
