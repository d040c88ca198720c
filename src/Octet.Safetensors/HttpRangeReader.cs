using System.Net;
using System.Net.Http.Headers;

namespace Octet.Safetensors;

/// <summary>
/// Reads a file of a web server by HTTP ranges (RFC 9110, section 14). The first request asks for the first
/// <see cref="FirstRequestBytes"/> bytes, which are kept: they hold most headers. Every read beyond them is one request; nothing is
/// tried twice. A change of the file between two requests, seen by its length or entity tag, is an error.
/// </summary>
/// <remarks>Reading synchronously needs a message handler that sends synchronously, as the framework's own does.</remarks>
public sealed class HttpRangeReader : RangeReader
{
    /// <summary>How many bytes the first request asks for.</summary>
    public const int FirstRequestBytes = 100_000;

    readonly HttpClient _client;
    readonly Uri _uri;
    readonly string _name;
    byte[] _first = [];
    long _length = -1;
    string? _tag;
    volatile bool _disposed;

    HttpRangeReader(HttpClient client, Uri uri)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(uri);
        _client = client;
        _uri = uri;

        // Without user and query, which may hold secrets.
        _name = uri.IsAbsoluteUri ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : uri.OriginalString;
    }

    /// <inheritdoc/>
    public override long Length => _length;

    /// <summary>Sends the first request.</summary>
    /// <param name="client">Sends the requests; stays the caller's. Its timeout holds for each answer's beginning.</param>
    /// <param name="uri">The file.</param>
    /// <exception cref="SafetensorsException">
    /// <see cref="SafetensorsError.FileNotFound"/> (404, 410), or <see cref="SafetensorsError.IoError"/>: the server cannot be reached,
    /// refuses, or does not answer a range with that range.
    /// </exception>
    public static HttpRangeReader Open(HttpClient client, Uri uri)
    {
        HttpRangeReader reader = new(client, uri);
        try
        {
            using HttpRequestMessage request = reader.Request(0, FirstRequestBytes);
            using HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead);
            byte[] first = new byte[reader.Accept(response, 0, FirstRequestBytes)];
            reader.ReadBody(response, 0, first);
            reader._first = first;
            return reader;
        }
        catch (Exception e) when (IsFailure(e, default))
        {
            throw reader.Failed(e);
        }
    }

    /// <inheritdoc cref="Open"/>
    /// <param name="client">Sends the requests; stays the caller's. Its timeout holds for each answer's beginning.</param>
    /// <param name="uri">The file.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public static async Task<HttpRangeReader> OpenAsync(HttpClient client, Uri uri, CancellationToken cancellationToken = default)
    {
        HttpRangeReader reader = new(client, uri);
        try
        {
            using HttpRequestMessage request = reader.Request(0, FirstRequestBytes);
            using HttpResponseMessage response =
                await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            byte[] first = new byte[reader.Accept(response, 0, FirstRequestBytes)];
            await reader.ReadBodyAsync(response, 0, first, cancellationToken).ConfigureAwait(false);
            reader._first = first;
            return reader;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw reader.Failed(e);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.FileNotFound"/> or <see cref="SafetensorsError.IoError"/>, as when opening; or the file has changed.</exception>
    public override void Read(long offset, Span<byte> destination)
    {
        int kept = TakeKept(offset, destination);
        if (kept == destination.Length)
        {
            return;
        }

        offset += kept;
        destination = destination[kept..];
        try
        {
            using HttpRequestMessage request = Request(offset, destination.Length);
            using HttpResponseMessage response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead);
            Accept(response, offset, destination.Length);
            ReadBody(response, offset, destination);
        }
        catch (Exception e) when (IsFailure(e, default))
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SafetensorsException"><see cref="SafetensorsError.FileNotFound"/> or <see cref="SafetensorsError.IoError"/>, as when opening; or the file has changed.</exception>
    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        int kept = TakeKept(offset, destination.Span);
        if (kept == destination.Length)
        {
            return;
        }

        offset += kept;
        destination = destination[kept..];
        try
        {
            using HttpRequestMessage request = Request(offset, destination.Length);
            using HttpResponseMessage response =
                await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            Accept(response, offset, destination.Length);
            await ReadBodyAsync(response, offset, destination, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }

    // A timeout of the client comes as a cancellation that nobody asked for.
    static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException and not SafetensorsException
        || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <returns>How many bytes at the beginning of the destination came from the first request.</returns>
    int TakeKept(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _length - destination.Length);
        if (offset >= _first.Length)
        {
            return 0;
        }

        int kept = Math.Min(destination.Length, _first.Length - (int)offset);
        _first.AsSpan((int)offset, kept).CopyTo(destination);
        return kept;
    }

    HttpRequestMessage Request(long offset, int length)
    {
        HttpRequestMessage request = new(HttpMethod.Get, _uri);
        request.Headers.Range = new RangeHeaderValue(offset, offset + length - 1);

        // A range of compressed bytes is of no use.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        return request;
    }

    /// <summary>Requires the answer to be the range asked for, or what the file has of it; learns the file's length from the first.</summary>
    /// <returns>The number of bytes to come.</returns>
    int Accept(HttpResponseMessage response, long offset, int length)
    {
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && _length < 0 && range?.Length == 0)
        {
            _length = 0;
            return 0;
        }

        RequirePartial(response);
        if (response.Content.Headers.ContentEncoding.FirstOrDefault(encoding => encoding != "identity") is string encoding)
        {
            throw Error($"the server answered a range in the encoding {SafetensorsException.Quote(encoding)}, expected none");
        }

        if (range is not { Unit: "bytes", From: long from, To: long to, Length: long total })
        {
            throw Error($"the server's Content-Range is {SafetensorsException.Quote(range?.ToString() ?? "")}, expected one range of bytes and the file's length");
        }

        string? tag = response.Headers.ETag?.Tag;
        if (_length >= 0 && (total != _length || (_tag is not null && tag is not null && tag != _tag)))
        {
            throw Error($"the file was replaced on the server while it was open (it had {_length} bytes, now it has {total}): open it again");
        }

        long end = Math.Min(offset + length, total);
        if (from != offset || to != end - 1)
        {
            throw Error($"the server answered with bytes {from} to {to} of {total}, asked for were {offset} to {end - 1}");
        }

        _length = total;
        _tag ??= tag;
        return (int)(end - offset);
    }

    void RequirePartial(HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        string said = $"the server answered {status} {SafetensorsException.Line(response.ReasonPhrase ?? "")}".TrimEnd();
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                return;
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw new SafetensorsException(SafetensorsError.FileNotFound, $"{_name}: there is no such file: {said}", _name);
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                throw Error($"{said}: give the HttpClient the credentials that the file needs");
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw Error($"{said}: the file does not have the bytes asked for");
            case HttpStatusCode.OK:
                throw Error($"{said}, the whole file, instead of the range asked for: it does not serve ranges; download the file and open it there");
            default:
                throw Error(said);
        }
    }

    void ReadBody(HttpResponseMessage response, long offset, Span<byte> destination)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            using Stream body = response.Content.ReadAsStream();
            int read = body.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            RequireExact(offset, destination.Length, read, read == destination.Length && body.ReadByte() >= 0);
        }
    }

    async ValueTask ReadBodyAsync(HttpResponseMessage response, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                int read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                bool more = read == destination.Length && await body.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0;
                RequireExact(offset, destination.Length, read, more);
            }
        }
    }

    void RequireExact(long offset, int wanted, int read, bool more)
    {
        if (read < wanted || more)
        {
            throw Error($"the server sent {(more ? "more than" : "only")} {read} bytes at byte {offset}, it announced {wanted}");
        }
    }

    SafetensorsException Failed(Exception e) => e is OperationCanceledException
        ? Error($"the server did not answer within {_client.Timeout.TotalSeconds:0.###} seconds", e)
        : Error($"the request failed: {SafetensorsException.Line(e.Message)}", e);

    SafetensorsException Error(string problem, Exception? inner = null) =>
        new(SafetensorsError.IoError, $"{_name}: {problem}", _name, innerException: inner);
}
