using System.Net.Http.Headers;

namespace Octet;

/// <summary>
/// Requests to the hub and to the storages that it leads to. Redirects are followed by hand: the access token goes to the hub's own origin
/// and to no other, and a repository that has moved is told apart from a file that lies elsewhere.
/// </summary>
sealed class HubClient : IDisposable
{
    const int MaxRedirects = 10;
    const int MaxPages = 1000;
    const long LongestPage = 64 << 20;

    /// <summary>The longest time that <see cref="SocketsHttpHandler"/> waits for a connection.</summary>
    internal static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(int.MaxValue);

    readonly HttpClient _http;
    readonly Uri _endpoint;
    readonly string? _token;
    readonly ModelHubOptions _options;
    readonly TimeSpan _timeout;
    readonly HubErrors _errors;

    internal HubClient(ModelHubOptions options, HubEnvironment environment)
    {
        string address = (options.Endpoint?.OriginalString ?? environment.Endpoint).TrimEnd('/');
        _endpoint = Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new ModelHubException(ModelHubError.Unreachable, $"'{OneLine.Of(address)}' is not the address of a hub (HF_ENDPOINT): expected one such as {HubEnvironment.DefaultEndpoint}");
        (_token, string? source) = options.Token switch
        {
            null => environment.Token is { } found ? (found.Value, found.Source) : (null, null),
            "" => (null, null),
            { } given => (given, $"{nameof(ModelHubOptions)}.{nameof(ModelHubOptions.Token)}"),
        };
        if (_token?.Any(c => c is <= ' ' or > '~') == true)
        {
            throw new ModelHubException(ModelHubError.Unauthorized, $"the access token in {source} has characters that no token has: expected one line of letters, digits and '_'");
        }

        _options = options;
        _timeout = options.Timeout ?? environment.DownloadTimeout ?? TimeSpan.FromSeconds(30);
        _errors = new HubErrors(_endpoint, source);

        // Proxies are those of the environment. No decompression: sizes, ranges and hashes are of the bytes themselves.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = _timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        string version = typeof(HubClient).Assembly.GetName().Version?.ToString(3) ?? "0";
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("octet", version));
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Where a file of a commit is asked for.</summary>
    internal Uri FileUri(ModelId id, string commit, string path) =>
        Address($"{id.Repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>What the hub says of a repository at a revision, as JSON.</summary>
    internal async Task<ReadOnlyMemory<byte>> GetInfoAsync(ModelId id, CancellationToken cancellationToken)
    {
        Uri uri = Address($"api/models/{id.Repository}/revision/{Uri.EscapeDataString(id.RevisionOrMain)}");
        return (await GetPageAsync(uri, id, cancellationToken).ConfigureAwait(false)).Body;
    }

    /// <summary>The listing of a commit, page after page.</summary>
    internal async Task<List<ModelFile>> GetTreeAsync(ModelId id, string commit, CancellationToken cancellationToken)
    {
        List<ModelFile> files = [];
        Uri? next = Address($"api/models/{id.Repository}/tree/{commit}?recursive=true&expand=false");
        for (int pages = 0; next is not null; pages++)
        {
            if (pages == MaxPages)
            {
                throw new ModelHubException(ModelHubError.ServerError, $"{id.Repository}: the hub's listing has more than {MaxPages} pages");
            }

            (ReadOnlyMemory<byte> page, next) = await GetPageAsync(next, id, cancellationToken).ConfigureAwait(false);
            RepositoryListing.ReadPage(id.Repository, page, files);
        }

        return files;
    }

    /// <summary>Sends a request and follows where it leads.</summary>
    /// <param name="uri">What is asked for.</param>
    /// <param name="range">The bytes wanted, both included; null: all.</param>
    /// <param name="id">The model, for messages.</param>
    /// <param name="hubAnswered">Sees every answer of the hub itself, and where it leads.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>The first answer that is not a redirect, of whatever status.</returns>
    /// <exception cref="TransientFailure">The connection could not be made, broke or is silent.</exception>
    internal async Task<HubResponse> SendAsync(
        Uri uri, RangeHeaderValue? range, ModelId id, Action<HttpResponseMessage, Uri?>? hubAnswered, CancellationToken cancellationToken)
    {
        var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            for (int hops = 0; hops <= MaxRedirects; hops++)
            {
                HttpResponseMessage message = await SendOnceAsync(uri, range, id, silence, cancellationToken).ConfigureAwait(false);
                Uri? target = Target(message, uri, id);
                if (IsHub(uri))
                {
                    hubAnswered?.Invoke(message, target);
                }

                if (target is null)
                {
                    Uri from = uri;
                    return new HubResponse(message, uri, silence, _timeout, e => HubErrors.OfConnection(e, from, id, _timeout), cancellationToken);
                }

                message.Dispose();
                RequireSafe(uri, target, id);
                uri = target;
            }
        }
        catch
        {
            silence.Dispose();
            throw;
        }

        silence.Dispose();
        throw new ModelHubException(ModelHubError.ServerError, $"{id.Repository}: {uri.Host} redirects more than {MaxRedirects} times");
    }

    /// <summary>The error that an answer stands for: of the hub or of the storage.</summary>
    internal Exception Refusal(HubResponse response, ModelId id) =>
        IsHub(response.Uri) ? _errors.OfHub(response.Message, id) : HubErrors.OfStorage(response.Message, response.Uri, id);

    /// <summary>Whether an address is of the hub's own origin, which may have the token.</summary>
    internal bool IsHub(Uri uri) =>
        string.Equals(uri.Host, _endpoint.Host, StringComparison.OrdinalIgnoreCase)
        && ((uri.Scheme == _endpoint.Scheme && uri.Port == _endpoint.Port) || (_endpoint is { Scheme: "http", IsDefaultPort: true } && uri is { Scheme: "https", IsDefaultPort: true }));

    async Task<HttpResponseMessage> SendOnceAsync(Uri uri, RangeHeaderValue? range, ModelId id, CancellationTokenSource silence, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Range = range;
        if (_token is not null && IsHub(uri))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        }

        silence.CancelAfter(_timeout);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (HubResponse.IsFailure(e, cancellationToken))
        {
            throw HubErrors.OfConnection(e, uri, id, _timeout);
        }
    }

    Task<(ReadOnlyMemory<byte> Body, Uri? Next)> GetPageAsync(Uri uri, ModelId id, CancellationToken cancellationToken) => BackOff.RepeatAsync(
        _options,
        async () =>
        {
            using HubResponse response = await SendAsync(uri, null, id, (_, target) => RequireSameName(id, target), cancellationToken).ConfigureAwait(false);
            if (!response.Message.IsSuccessStatusCode)
            {
                throw Refusal(response, id);
            }

            ReadOnlyMemory<byte> body = await response.ReadAllAsync(LongestPage).ConfigureAwait(false)
                ?? throw new ModelHubException(ModelHubError.ServerError, $"{id.Repository}: {uri.Host} answers with more than {LongestPage} bytes");
            Uri? next = NextPage.Of(response.Message, response.Uri);
            if (next is not null)
            {
                RequireSafe(response.Uri, next, id);
            }

            return (body, next);
        },
        cancellationToken);

    /// <summary>A repository that was renamed is redirected to by the hub: the new name is the user's to know.</summary>
    void RequireSameName(ModelId id, Uri? target)
    {
        string prefix = $"{_endpoint.AbsolutePath.TrimEnd('/')}/api/models/";
        if (target is null || !target.AbsolutePath.StartsWith(prefix, StringComparison.Ordinal))
        {
            return;
        }

        string rest = Uri.UnescapeDataString(target.AbsolutePath[prefix.Length..]);
        int end = Math.Max(rest.IndexOf("/revision/", StringComparison.Ordinal), rest.IndexOf("/tree/", StringComparison.Ordinal));
        string name = end < 0 ? rest : rest[..end];
        if (name != id.Repository)
        {
            throw new ModelHubException(ModelHubError.Renamed, $"{id.Repository} is called {OneLine.Of(name)} on {_endpoint.Host}: use that id");
        }
    }

    /// <summary>Where an answer leads; null: nowhere.</summary>
    static Uri? Target(HttpResponseMessage message, Uri uri, ModelId id)
    {
        if ((int)message.StatusCode is not (301 or 302 or 303 or 307 or 308) || message.Headers.Location is not { } location)
        {
            return null;
        }

        return Uri.TryCreate(uri, location, out Uri? target)
            ? target
            : throw new ModelHubException(ModelHubError.ServerError, $"{id.Repository}: {uri.Host} leads to '{OneLine.Of(location.OriginalString)}', which is no address");
    }

    static void RequireSafe(Uri from, Uri target, ModelId id)
    {
        if (target.Scheme is not ("http" or "https") || (from.Scheme == "https" && target.Scheme == "http"))
        {
            throw new ModelHubException(ModelHubError.ServerError, $"{id.Repository}: {from.Host} leads to {target.Scheme}://{target.Host}, which is less safe than where the request went: it is not followed");
        }
    }

    Uri Address(string path) => new($"{_endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
}
