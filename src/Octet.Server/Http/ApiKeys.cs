using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Octet.Server.Http;

/// <summary>The keys that open a server. How long a comparison takes tells nothing about them.</summary>
sealed class ApiKeys(IEnumerable<string> keys)
{
    const string Bearer = "Bearer ";

    readonly byte[][] _hashes = [.. keys.Select(Hash)];

    internal bool IsEmpty => _hashes.Length == 0;

    /// <summary>Who a request comes from: a name for its key.</summary>
    /// <exception cref="ApiException">It brings no key, or none of these.</exception>
    internal string Require(HttpRequest request)
    {
        if (IsEmpty)
        {
            return "";
        }

        string given = Given(request) ?? throw Refuse("there is no API key in the request: expected Authorization: Bearer KEY, or x-api-key: KEY", "missing_api_key");
        byte[] hash = Hash(given);
        bool known = false;
        foreach (byte[] key in _hashes)
        {
            known |= CryptographicOperations.FixedTimeEquals(hash, key);
        }

        return known ? Convert.ToHexStringLower(hash.AsSpan(0, 8)) : throw Refuse("the API key is not one of this server's", "invalid_api_key");
    }

    static string? Given(HttpRequest request)
    {
        StringValues authorization = request.Headers.Authorization;
        if (authorization.Count == 1 && authorization[0]!.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[0]![Bearer.Length..].Trim();
        }

        StringValues key = request.Headers["x-api-key"];
        return key.Count == 1 ? key[0] : null;
    }

    static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    static ApiException Refuse(string message, string code) => new(StatusCodes.Status401Unauthorized, message, null, code);
}
