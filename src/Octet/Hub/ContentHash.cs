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
    readonly IncrementalHash _hash;
    readonly string _expected;

    internal ContentHash(ModelFile file)
    {
        _expected = file.BlobName;
        _hash = IncrementalHash.CreateHash(file.Sha256 is null ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (file.Sha256 is null)
        {
            _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        }
    }

    internal void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether all that was appended is the file's content.</summary>
    internal bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _expected;

    public void Dispose() => _hash.Dispose();
}
