namespace Octet;

/// <summary>An answer whose headers are here, and whose body is read with an eye on the clock.</summary>
sealed class HubResponse : IDisposable
{
    readonly HttpResponseMessage _message;
    readonly CancellationTokenSource _silence;
    readonly Func<Exception, TransientFailure> _failed;
    readonly TimeSpan _timeout;
    readonly CancellationToken _cancellation;
    Stream? _body;

    /// <param name="message">The answer.</param>
    /// <param name="uri">Where it came from in the end.</param>
    /// <param name="silence">Ends what waits longer than <paramref name="timeout"/>, or when the caller wants no more.</param>
    /// <param name="timeout">How long the connection may be silent.</param>
    /// <param name="failed">The failure that an exception stands for.</param>
    /// <param name="cancellationToken">The caller's.</param>
    internal HubResponse(
        HttpResponseMessage message, Uri uri, CancellationTokenSource silence, TimeSpan timeout, Func<Exception, TransientFailure> failed, CancellationToken cancellationToken)
    {
        _message = message;
        Uri = uri;
        _silence = silence;
        _timeout = timeout;
        _failed = failed;
        _cancellation = cancellationToken;
    }

    internal HttpResponseMessage Message => _message;

    internal Uri Uri { get; }

    /// <summary>Reads what has come, at least a byte; 0: the body has ended.</summary>
    /// <exception cref="TransientFailure">The connection broke, or is silent.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        _silence.CancelAfter(_timeout);
        try
        {
            _body ??= await _message.Content.ReadAsStreamAsync(_silence.Token).ConfigureAwait(false);
            int read = await _body.ReadAsync(buffer, _silence.Token).ConfigureAwait(false);

            // A disk that makes the reader wait is not the connection's silence.
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
            return read;
        }
        catch (Exception e) when (IsFailure(e, _cancellation))
        {
            throw _failed(e);
        }
    }

    /// <summary>Reads all of a body that is not long.</summary>
    /// <returns>Null: it is longer than the limit.</returns>
    internal async Task<ReadOnlyMemory<byte>?> ReadAllAsync(long limit)
    {
        // One more than there should be, so that the end shows.
        byte[] bytes = new byte[Math.Min(_message.Content.Headers.ContentLength ?? 1 << 16, limit) + 1];
        for (int length = 0; ;)
        {
            int read = await ReadAsync(bytes.AsMemory(length)).ConfigureAwait(false);
            length += read;
            if (read == 0)
            {
                return bytes.AsMemory(0, length);
            }

            if (length > limit)
            {
                return null;
            }

            if (length == bytes.Length)
            {
                Array.Resize(ref bytes, (int)Math.Min(2L * length, limit + 1));
            }
        }
    }

    public void Dispose()
    {
        _message.Dispose();
        _silence.Dispose();
    }

    // A timeout comes as a cancellation that the caller has not asked for.
    internal static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
