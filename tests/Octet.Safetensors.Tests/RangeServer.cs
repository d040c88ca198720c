using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Octet.Safetensors.Tests;

/// <summary>A web server on the loopback with one file, which serves ranges; <see cref="Change"/> makes it misbehave.</summary>
sealed class RangeServer : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly byte[] _beginning;
    readonly long _length;
    long _sent;

    /// <summary>The file's first bytes; the rest, up to the length, are zeros.</summary>
    internal RangeServer(byte[] beginning, long? length = null)
    {
        _beginning = beginning;
        _length = length ?? beginning.Length;
        _listener.Start();
        Uri = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/model.safetensors?token=secret");
        _ = AcceptAsync();
    }

    internal Uri Uri { get; }

    internal ConcurrentQueue<(long From, long To)> Asked { get; } = [];

    /// <summary>Bytes of bodies.</summary>
    internal long Sent => Interlocked.Read(ref _sent);

    internal Func<Answer, Answer> Change { get; set; } = answer => answer;

    public void Dispose() => _listener.Dispose();

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            using StreamReader reader = new(stream, Encoding.Latin1);
            try
            {
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                    string range = "";
                    while (await reader.ReadLineAsync() is { Length: > 0 } header)
                    {
                        range = header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase) ? header["Range: bytes=".Length..] : range;
                    }

                    Answer answer = Change(Honest(range));
                    if (answer.Status == 0)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(5));
                    }

                    long announced = answer.Announced ?? answer.Body.Length;
                    string head = $"HTTP/1.1 {answer.Status} {answer.Reason}\r\nContent-Length: {announced}\r\n{string.Concat(answer.Headers.Select(line => line + "\r\n"))}\r\n";
                    // Counted before they leave: the client may hold them, and the test ask, before a write returns.
                    Interlocked.Add(ref _sent, answer.Body.Length);
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(head));
                    await stream.WriteAsync(answer.Body);
                    if (announced != answer.Body.Length)
                    {
                        return;
                    }
                }
            }
            catch (IOException)
            {
            }
        }
    }

    Answer Honest(string range)
    {
        long[] bounds = [.. range.Split('-').Select(bound => long.Parse(bound, CultureInfo.InvariantCulture))];
        Asked.Enqueue((bounds[0], bounds[1]));
        if (bounds[0] >= _length)
        {
            return new Answer(416, "Range Not Satisfiable", [$"Content-Range: bytes */{_length}"], []);
        }

        long to = Math.Min(bounds[1], _length - 1);
        byte[] body = new byte[to - bounds[0] + 1];
        if (bounds[0] < _beginning.Length)
        {
            _beginning.AsSpan((int)bounds[0], (int)Math.Min(body.Length, _beginning.Length - bounds[0])).CopyTo(body);
        }

        return new Answer(206, "Partial Content", [$"Content-Range: bytes {bounds[0]}-{to}/{_length}", "ETag: \"one\""], body);
    }

    /// <summary>Status 0: no answer for seconds. Announced: the Content-Length, where it differs from the body's; the connection ends then.</summary>
    internal sealed record Answer(int Status, string Reason, string[] Headers, byte[] Body, long? Announced = null);
}
