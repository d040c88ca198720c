using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Octet;

/// <summary>
/// The hash by which the hub names a file's content: SHA-256 of large files; of files that git holds itself the SHA-1 of its blob, which is
/// the content behind <c>blob LENGTH\0</c>.
/// </summary>
sealed class ContentHash : IDisposable
{
    const int GitLength = 40;
    const int Sha256Length = 64;

    readonly IncrementalHash _hash;
    readonly string _expected;

    internal ContentHash(ModelFile file)
        : this(file.BlobName, file.Size)
    {
    }

    /// <param name="expected">SHA-256 in 64 hexadecimal digits, or git's id in 40.</param>
    /// <param name="length">The content's bytes.</param>
    internal ContentHash(string expected, long length)
    {
        _expected = expected;
        bool isGit = expected.Length == GitLength;
        _hash = IncrementalHash.CreateHash(isGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (isGit)
        {
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {length}\0")));
        }
    }

    /// <summary>Whether a blob's name is the hash of its content.</summary>
    internal static bool IsHash(string name) => RepositoryListing.IsHex(name, GitLength) || RepositoryListing.IsHex(name, Sha256Length);

    internal void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether all that was appended is the file's content.</summary>
    internal bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _expected;

    public void Dispose() => _hash.Dispose();
}
