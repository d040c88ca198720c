using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Octet.TestHub;

/// <summary>
/// A hub on the loopback, as https://huggingface.co answers: model info, listing in pages, files by name, large ones by a redirect to a
/// storage on another host (here <c>localhost</c> instead of <c>127.0.0.1</c>). <see cref="On(RequestKind, Fault, int, string?)"/> spoils
/// answers.
/// </summary>
sealed class HubServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ConcurrentDictionary<string, HubRepository> _repositories = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, HubFile> _storage = new(StringComparer.Ordinal);
    readonly List<Plan> _plans = [];
    readonly CancellationTokenSource _end = new();
    int _hubPort;
    int _storagePort;
    int _linkGeneration;

    HubServer(WebApplication app) => _app = app;

    internal Uri Endpoint => new($"http://127.0.0.1:{_hubPort}");

    /// <summary>Host and port of the storage.</summary>
    internal string StorageHost => $"localhost:{_storagePort}";

    /// <summary>Entries in one page of a listing.</summary>
    internal int PageSize { get; set; } = 1000;

    /// <summary>Tokens of users. Any other is refused.</summary>
    internal ConcurrentBag<string> Tokens { get; } = [];

    /// <summary>Every large body comes no faster than this; null: as fast as it can.</summary>
    internal long? BytesPerSecond { get; set; }

    internal Traffic Traffic { get; } = new();

    internal static async Task<HubServer> StartAsync(int port = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication app = builder.Build();
        var hub = new HubServer(app);
        app.Run(hub.AnswerAsync);
        await app.StartAsync();
        int[] ports = [.. app.Urls.Select(url => new Uri(url).Port)];
        (hub._hubPort, hub._storagePort) = (ports[0], ports[1]);
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // A body that stalls is not waited for.
        }

        await _app.DisposeAsync();
        _end.Dispose();
    }

    internal HubRepository Add(string id, IEnumerable<HubFile> files)
    {
        var repository = new HubRepository(id);
        repository.Commit(files);
        return _repositories[id] = repository;
    }

    /// <summary>Spoils the next answers to a kind of request.</summary>
    /// <param name="kind">Which requests.</param>
    /// <param name="fault">How.</param>
    /// <param name="times">How many of them.</param>
    /// <param name="file">Only those about this file; null: all.</param>
    internal void On(RequestKind kind, Fault fault, int times = int.MaxValue, string? file = null) => Add(new Plan(kind, file, fault, null) { Left = times });

    /// <summary>Does something before the next answer to a kind of request.</summary>
    internal void Before(RequestKind kind, Action act, string? file = null) => Add(new Plan(kind, file, null, act) { Left = 1 });

    /// <summary>Nothing is spoilt any more.</summary>
    internal void Heal()
    {
        lock (_plans)
        {
            _plans.Clear();
        }
    }

    /// <summary>The links to the storage that were handed out so far lead nowhere.</summary>
    internal void ExpireLinks() => Interlocked.Increment(ref _linkGeneration);

    void Add(Plan plan)
    {
        lock (_plans)
        {
            _plans.Add(plan);
        }
    }

    Plan? Take(HubRequest request)
    {
        lock (_plans)
        {
            Plan? plan = _plans.Find(plan => plan.Kind == request.Kind && plan.Left > 0 && (plan.File is null || plan.File == request.File));
            if (plan is not null)
            {
                plan.Left--;
            }

            return plan;
        }
    }

    async Task AnswerAsync(HttpContext context)
    {
        // A proxy is asked with the whole address; the path alone says what for.
        string path = context.Request.Path.Value ?? "/";
        bool storage = context.Request.Host.Value == StorageHost;
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        (RequestKind kind, string? id, string? revision, string? file) = storage
            ? (RequestKind.Storage, null, null, parts is [{ } key] && _storage.TryGetValue(key, out HubFile? stored) ? stored.Path : null)
            : Classify(parts);
        var request = new HubRequest(kind, context.Request.Method, context.Request.Host.Value ?? "", path + context.Request.QueryString, file,
            Header(context, "Range"), Header(context, "Authorization"), Header(context, "User-Agent"));
        Traffic.Add(request);
        Plan? plan = Take(request);
        plan?.Act?.Invoke();
        Fault fault = plan?.Fault ?? new Fault();
        if (fault.Delay > TimeSpan.Zero)
        {
            await Task.Delay(fault.Delay, context.RequestAborted);
        }

        foreach ((string name, string value) in fault.Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (fault.Status is { } status)
        {
            await RefuseAsync(context, status, fault.ErrorCode, fault.Message ?? "as the test wants it");
        }
        else if (storage)
        {
            await StorageAsync(context, parts, fault);
        }
        else if (id is null)
        {
            await RefuseAsync(context, 404, null, "Sorry, we can't find the page you are looking for.");
        }
        else
        {
            await RepositoryAsync(context, kind, id, revision ?? "main", file, fault);
        }
    }

    static (RequestKind Kind, string? Id, string? Revision, string? File) Classify(string[] parts)
    {
        (RequestKind kind, string[] rest) = parts switch
        {
            ["api", "models", .. var model] => (RequestKind.Info, model),
            ["api", "resolve-cache", "models", .. var model] => (RequestKind.Content, model),
            _ => (RequestKind.Resolve, parts),
        };
        int verb = Array.FindIndex(rest, part => part is "revision" or "tree" or "resolve");
        if (kind == RequestKind.Content)
        {
            // org/name/COMMIT/PATH
            return rest.Length >= 4 ? (kind, $"{rest[0]}/{rest[1]}", rest[2], string.Join('/', rest[3..])) : (RequestKind.Other, null, null, null);
        }

        string id = string.Join('/', verb < 0 ? rest : rest[..verb]);
        if (verb < 0)
        {
            return kind == RequestKind.Info ? (kind, id, null, null) : (RequestKind.Other, null, null, null);
        }

        // A revision may hold a slash, which comes as %2F and is left so in the path.
        string revision = verb + 1 < rest.Length ? Uri.UnescapeDataString(rest[verb + 1]) : "";
        string? file = verb + 2 < rest.Length ? string.Join('/', rest[(verb + 2)..]) : null;
        return rest[verb] switch
        {
            "revision" when kind == RequestKind.Info => (RequestKind.Info, id, revision, null),
            "tree" when kind == RequestKind.Info => (RequestKind.Tree, id, revision, file),
            "resolve" when kind == RequestKind.Resolve => (RequestKind.Resolve, id, revision, file),
            _ => (RequestKind.Other, null, null, null),
        };
    }

    async Task RepositoryAsync(HttpContext context, RequestKind kind, string id, string revision, string? file, Fault fault)
    {
        string? token = Header(context, "Authorization") is { } authorization ? authorization["Bearer ".Length..] : null;
        if (token is not null && !Tokens.Contains(token))
        {
            await RefuseAsync(context, 401, null, "Invalid credentials in Authorization header");
            return;
        }

        HubRepository? repository = _repositories.GetValueOrDefault(id);
        if (repository is null || (repository.IsPrivate && !repository.Readers.Contains(token ?? "")))
        {
            // Who is not known is not told what there is.
            await (token is null ? RefuseAsync(context, 401, "RepoNotFound", "Invalid username or password.") : RefuseAsync(context, 404, "RepoNotFound", "Repository not found"));
        }
        else if (repository.MovedTo is { } moved)
        {
            context.Response.Headers.Location = (context.Request.Path.Value + context.Request.QueryString.Value).Replace(id, moved, StringComparison.Ordinal);
            context.Response.StatusCode = 307;
        }
        else if (repository.Revision(revision) is not { } found)
        {
            await RefuseAsync(context, 404, "RevisionNotFound", $"Invalid rev id: {revision}");
        }
        else if (kind == RequestKind.Info)
        {
            await JsonAsync(context, Info(repository, found), fault);
        }
        else if (kind == RequestKind.Tree)
        {
            await TreeAsync(context, found.Files, fault);
        }
        else if (repository.IsGated && !repository.Readers.Contains(token ?? ""))
        {
            await RefuseAsync(context, token is null ? 401 : 403, "GatedRepo", $"Access to model {id} is restricted.");
        }
        else
        {
            context.Response.Headers["X-Repo-Commit"] = fault.Headers.GetValueOrDefault("X-Repo-Commit") ?? found.Commit;
            await (found.Files.FirstOrDefault(candidate => candidate.Path == file) is { } hubFile
                ? FileAsync(context, kind, id, found.Commit, hubFile, fault)
                : RefuseAsync(context, 404, "EntryNotFound", "Entry not found"));
        }
    }

    static JsonObject Info(HubRepository repository, (string Commit, IReadOnlyList<HubFile> Files) revision) => new()
    {
        ["id"] = repository.Id,
        ["modelId"] = repository.Id,
        ["sha"] = revision.Commit,
        ["private"] = repository.IsPrivate,
        ["gated"] = repository.IsGated ? "manual" : false,
        ["disabled"] = false,
        ["tags"] = new JsonArray("safetensors"),
        ["siblings"] = new JsonArray([.. revision.Files.Select(file => new JsonObject { ["rfilename"] = file.Path })]),
    };

    async Task TreeAsync(HttpContext context, IReadOnlyList<HubFile> files, Fault fault)
    {
        List<JsonObject> entries = [.. files.Select(file => file.Path.LastIndexOf('/')).Zip(files)
            .Where(pair => pair.First > 0).Select(pair => pair.Second.Path[..pair.First]).Distinct()
            .Select(folder => new JsonObject { ["type"] = "directory", ["oid"] = new string('0', 40), ["size"] = 0, ["path"] = folder })];
        foreach (HubFile file in files)
        {
            var entry = new JsonObject { ["type"] = "file", ["oid"] = file.GitId, ["size"] = file.Size + fault.SizeError, ["path"] = file.Path };
            if (file.IsLarge)
            {
                entry["lfs"] = new JsonObject { ["oid"] = file.Sha256, ["size"] = file.Size + fault.SizeError, ["pointerSize"] = 134 };
                entry["xetHash"] = file.Sha256;
            }

            entries.Add(entry);
        }

        int from = int.Parse(context.Request.Query["cursor"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        if (from + PageSize < entries.Count)
        {
            context.Response.Headers.Link = $"<{context.Request.Scheme}://{context.Request.Host}{context.Request.Path}?recursive=true&cursor={from + PageSize}>; rel=\"next\"";
        }

        await JsonAsync(context, new JsonArray([.. entries.Skip(from).Take(PageSize)]), fault);
    }

    async Task FileAsync(HttpContext context, RequestKind kind, string id, string commit, HubFile file, Fault fault)
    {
        IHeaderDictionary headers = context.Response.Headers;
        if (kind == RequestKind.Resolve && fault.CutAfter is not null)
        {
            // A redirect has no body to cut.
            context.Abort();
        }
        else if (file.IsLarge)
        {
            headers["X-Linked-Size"] = (file.Size + fault.SizeError).ToString(CultureInfo.InvariantCulture);
            headers["X-Linked-Etag"] = $"\"{file.Sha256}\"";
            _storage[file.Sha256] = file;
            headers.Location = fault.Headers.GetValueOrDefault("Location") ?? $"http://{StorageHost}/{file.Sha256}?signature=secret-{Volatile.Read(ref _linkGeneration)}";
            context.Response.StatusCode = 302;
        }
        else if (kind == RequestKind.Resolve && id.Contains('/', StringComparison.Ordinal))
        {
            headers.ETag = $"\"{file.GitId}\"";
            headers.Location = fault.Headers.GetValueOrDefault("Location") ?? $"/api/resolve-cache/models/{id}/{commit}/{Uri.EscapeDataString(file.Path).Replace("%2F", "/", StringComparison.Ordinal)}";
            context.Response.StatusCode = 307;
        }
        else
        {
            await BodyAsync(context, file, file.GitId, fault);
        }
    }

    async Task StorageAsync(HttpContext context, string[] parts, Fault fault)
    {
        if (context.Request.Query["signature"] != $"secret-{Volatile.Read(ref _linkGeneration)}")
        {
            await RefuseAsync(context, 403, null, "Request has expired");
        }
        else if (parts is not [{ } key] || !_storage.TryGetValue(key, out HubFile? file))
        {
            await RefuseAsync(context, 404, null, "NoSuchKey");
        }
        else
        {
            // As S3 does: a name of its own for the version.
            await BodyAsync(context, file, key[..32], fault with { BytesPerSecond = fault.BytesPerSecond ?? BytesPerSecond });
        }
    }

    async Task BodyAsync(HttpContext context, HubFile file, string etag, Fault fault)
    {
        HttpResponse response = context.Response;
        long size = file.Size + fault.SizeError;
        response.Headers.ETag = fault.Headers.GetValueOrDefault("ETag") ?? $"\"{etag}\"";
        response.Headers.AcceptRanges = "bytes";
        (long from, long to) = (0, size - 1);
        if (!fault.IgnoreRange && Header(context, "Range") is { } range && range.StartsWith("bytes=", StringComparison.Ordinal))
        {
            string[] bounds = range["bytes=".Length..].Split('-');
            from = bounds[0].Length > 0 ? long.Parse(bounds[0], CultureInfo.InvariantCulture) : Math.Max(0, size - long.Parse(bounds[1], CultureInfo.InvariantCulture));
            to = bounds[0].Length > 0 && bounds[1].Length > 0 ? Math.Min(long.Parse(bounds[1], CultureInfo.InvariantCulture), size - 1) : size - 1;
            if (from >= size)
            {
                response.Headers.ContentRange = $"bytes */{size}";
                response.StatusCode = 416;
                return;
            }

            response.Headers.ContentRange = fault.Headers.GetValueOrDefault("Content-Range") ?? $"bytes {from}-{to}/{size}";
            response.StatusCode = 206;
        }

        response.ContentLength = to - from + 1;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        Traffic.Opened();
        try
        {
            await SendAsync(context, file, from, to + 1, fault);
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or the hub goes.
            context.Abort();
        }
        finally
        {
            Traffic.Closed();
        }
    }

    async Task SendAsync(HttpContext context, HubFile file, long from, long end, Fault fault)
    {
        const int Piece = 256 << 10;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token);
        long started = Environment.TickCount64;
        for (long at = from; ;)
        {
            long sent = at - from;
            if (fault.CutAfter is { } cut && sent >= cut)
            {
                await context.Response.Body.FlushAsync(stop.Token);

                // A reset takes from the client what it has not read yet.
                await Task.Delay(TimeSpan.FromMilliseconds(cut > 0 ? 30 : 0), stop.Token);
                context.Abort();
                return;
            }

            if (fault.StallAfter is { } stall && sent >= stall)
            {
                await context.Response.Body.FlushAsync(stop.Token);
                await Task.Delay(Timeout.Infinite, stop.Token);
            }

            if (at >= end)
            {
                return;
            }

            long most = Math.Min(Math.Min(end - at, Piece), Math.Min((fault.CutAfter ?? long.MaxValue) - sent, (fault.StallAfter ?? long.MaxValue) - sent));
            ReadOnlyMemory<byte> piece = at < file.Size ? file.At(at) : new byte[1];
            piece = piece[..(int)Math.Min(piece.Length, Math.Min(most, fault.BytesPerSecond is { } rate ? Math.Max(1, rate / 20) : Piece))];
            if (fault.Corrupt is { } bad && bad >= at && bad < at + piece.Length)
            {
                byte[] spoilt = piece.ToArray();
                spoilt[bad - at] ^= 1;
                piece = spoilt;
            }

            // Counted before they leave: the client may hold them, and the test ask, before a write returns.
            Traffic.Add(file.Path, piece.Length);
            await context.Response.Body.WriteAsync(piece, stop.Token);
            at += piece.Length;
            if (fault.BytesPerSecond is { } limit && (at - from) * 1000 / limit - (Environment.TickCount64 - started) is > 0 and var ahead)
            {
                await context.Response.Body.FlushAsync(stop.Token);
                await Task.Delay(TimeSpan.FromMilliseconds(ahead), stop.Token);
            }
        }
    }

    static async Task JsonAsync(HttpContext context, JsonNode json, Fault fault)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        string text = fault.Body ?? json.ToJsonString();
        if (fault.CutAfter is { } cut)
        {
            context.Response.ContentLength = text.Length;
            await context.Response.WriteAsync(text[..(int)Math.Min(cut, text.Length)]);
            await context.Response.Body.FlushAsync();
            context.Abort();
            return;
        }

        await context.Response.WriteAsync(text);
    }

    static async Task RefuseAsync(HttpContext context, int status, string? code, string message)
    {
        context.Response.StatusCode = status;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
        }

        context.Response.Headers["X-Error-Message"] = message;
        context.Response.ContentType = "application/json; charset=utf-8";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync(new JsonObject { ["error"] = message }.ToJsonString());
        }
    }

    static string? Header(HttpContext context, string name) => context.Request.Headers[name] is [{ Length: > 0 } value, ..] ? value : null;

    sealed record Plan(RequestKind Kind, string? File, Fault? Fault, Action? Act)
    {
        internal int Left { get; set; }
    }
}
