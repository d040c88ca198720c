using System.Security.Cryptography;
using System.Text;
using Octet.Server.Http;

namespace Octet.Server.Page;

/// <summary>
/// <c>GET /</c>: the chat page, one file without anything from elsewhere. Its policy lets the browser run the scripts and styles that the file holds, known by
/// their hashes, and nothing that a model writes.
/// </summary>
static class ChatPage
{
    static readonly byte[] s_page = Read();
    static readonly string s_policy = Policy(Encoding.UTF8.GetString(s_page));

    internal static async Task GetAsync(ApiRequest request)
    {
        HttpResponse response = request.Context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = s_page.Length;
        response.Headers.ContentSecurityPolicy = s_policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (!HttpMethods.IsHead(request.Context.Request.Method))
        {
            await response.Body.WriteAsync(s_page, request.Aborted);
        }
    }

    /// <summary>The policy that a page of inline blocks needs, and no more.</summary>
    internal static string Policy(string page)
        => $"default-src 'none'; script-src {Hashes(page, "script")}; style-src {Hashes(page, "style")}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    static string Hashes(string page, string element)
    {
        List<string> hashes = [];
        string close = $"</{element}>";
        int at = 0;
        while ((at = page.IndexOf($"<{element}", at, StringComparison.OrdinalIgnoreCase)) >= 0)
        {
            int begin = page.IndexOf('>', at) + 1;
            int end = page.IndexOf(close, begin, StringComparison.OrdinalIgnoreCase);
            if (begin == 0 || end < 0)
            {
                break;
            }

            hashes.Add($"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[begin..end])))}'");
            at = end;
        }

        return hashes.Count == 0 ? "'none'" : string.Join(' ', hashes);
    }

    static byte[] Read()
    {
        using Stream stream = typeof(ChatPage).Assembly.GetManifestResourceStream("Octet.Server.Page.index.html")
            ?? throw new InvalidOperationException("the page is not in the assembly: expected the resource Octet.Server.Page.index.html");
        using var text = new StreamReader(stream, Encoding.UTF8);

        // A browser hashes what its parser sees, in which every line ends with a line feed.
        return Encoding.UTF8.GetBytes(text.ReadToEnd().ReplaceLineEndings("\n"));
    }
}
