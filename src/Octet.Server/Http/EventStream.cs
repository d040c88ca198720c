using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Octet.Server.Http;

/// <summary>
/// An answer as server-sent events, each sent as soon as it is there. A client that reads slowly makes whoever writes wait; one that is gone ends it.
/// </summary>
/// <remarks><see href="https://html.spec.whatwg.org/multipage/server-sent-events.html"/></remarks>
sealed class EventStream(ApiRequest request) : IEventSink, IDisposable
{
    readonly HttpResponse _response = request.Context.Response;
    readonly Utf8JsonWriter _json = new(request.Context.Response.BodyWriter, JsonText.Plain);

    internal bool HasStarted { get; private set; }

    /// <summary>Sends an event whose data is JSON.</summary>
    /// <param name="name">The event's name; null: none.</param>
    /// <param name="write">Writes one value.</param>
    internal async ValueTask SendAsync(string? name, Action<Utf8JsonWriter> write)
    {
        Add(name, write);
        await FlushAsync();
    }

    /// <summary>As <see cref="SendAsync"/>, without sending yet: the next one does.</summary>
    public void Add(string? name, Action<Utf8JsonWriter> write)
    {
        Start();
        if (name is not null)
        {
            _response.BodyWriter.Write("event: "u8);
            _response.BodyWriter.Write(Encoding.ASCII.GetBytes(name));
            _response.BodyWriter.Write("\n"u8);
        }

        _response.BodyWriter.Write("data: "u8);
        write(_json);
        _json.Flush();
        _json.Reset();
        _response.BodyWriter.Write("\n\n"u8);
    }

    /// <summary>OpenAI's last word.</summary>
    internal async ValueTask DoneAsync()
    {
        Start();
        _response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await FlushAsync();
    }

    /// <summary>A comment, which clients pass over: the connection stays, or shows that it is lost.</summary>
    internal async ValueTask PingAsync()
    {
        Start();
        _response.BodyWriter.Write(": ping\n\n"u8);
        await FlushAsync();
    }

    internal async ValueTask FlushAsync()
    {
        // A connection that is being aborted takes what is written without an error.
        request.Aborted.ThrowIfCancellationRequested();
        await _response.BodyWriter.FlushAsync(request.Aborted);
    }

    public void Dispose() => _json.Dispose();

    void Start()
    {
        if (HasStarted)
        {
            return;
        }

        HasStarted = true;
        _response.StatusCode = StatusCodes.Status200OK;
        _response.ContentType = "text/event-stream";
        _response.Headers.CacheControl = "no-cache";

        // Proxies that gather answers before they pass them on are asked not to.
        _response.Headers["X-Accel-Buffering"] = "no";
    }
}
