using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Octet.Testing;

namespace Octet.Page.Tests;

/// <summary>The page as it is committed, and the content security policy that it is made for.</summary>
static partial class PageFile
{
    internal static string Html { get; } = File.ReadAllText(Path.Combine(Fixtures.Repository, "src", "Octet.Server", "Page", "index.html"));

    internal static string Style { get; } = StyleElement().Match(Html).Groups[1].Value;

    internal static string Script { get; } = ScriptElement().Match(Html).Groups[1].Value;

    /// <summary>The one that the comment at the page's top gives, with the hashes of its style and script.</summary>
    internal static string Policy { get; } =
        $"default-src 'none'; script-src '{Hash(Script)}'; style-src '{Hash(Style)}'; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex StyleElement();

    [GeneratedRegex("<script type=\"module\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex ScriptElement();
}
