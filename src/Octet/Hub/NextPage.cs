using System.Text.RegularExpressions;

namespace Octet;

/// <summary>The address of the next page of a listing: <c>Link: &lt;address&gt;; rel="next"</c> (RFC 8288).</summary>
static partial class NextPage
{
    internal static Uri? Of(HttpResponseMessage response, Uri uri) =>
        response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? Of(string.Join(", ", links), uri) : null;

    internal static Uri? Of(string links, Uri uri)
    {
        foreach (Match link in Link.Matches(links))
        {
            if (Next.IsMatch(link.Groups[2].Value) && Uri.TryCreate(uri, link.Groups[1].Value, out Uri? next))
            {
                return next;
            }
        }

        return null;
    }

    [GeneratedRegex("""<([^>]*)>((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)""")]
    static partial Regex Link { get; }

    [GeneratedRegex("""(?:^|;)\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)""", RegexOptions.IgnoreCase)]
    static partial Regex Next { get; }
}
