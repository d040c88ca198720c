using System.Buffers;
using System.Net;
using System.Threading.Channels;

namespace Octet;

/// <summary>
/// Downloads one file: its parts over several connections at a time, hashed in order behind them while they are in the system's page cache.
/// A server that does not serve ranges is read from the start, once.
/// </summary>
sealed class BlobDownload : IDisposable
{
    const int HashBytes = 1 << 20;

    const long FlushBytes = 32 << 20;
    static readonly TimeSpan s_flushPause = TimeSpan.FromMilliseconds(50);

    readonly FileSource _source;
    readonly PartialBlob _partial;
    readonly DownloadMeter.FileMeter _meter;
    readonly SemaphoreSlim _connections;
    readonly ModelHubOptions _options;
    readonly SemaphoreSlim _serial = new(1);
    readonly TaskCompletionSource _firstAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Channel<byte> _arrivals = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    volatile bool _isSerial;

    BlobDownload(FileSource source, PartialBlob partial, DownloadMeter.FileMeter meter, SemaphoreSlim connections, ModelHubOptions options)
    {
        _source = source;
        _partial = partial;
        _meter = meter;
        _connections = connections;
        _options = options;
    }

    /// <summary>Downloads a file to its place among the blobs. The caller has the blob's lock.</summary>
    /// <exception cref="ModelHubException">It cannot be had; what is finished of it stays, unless it is wrong.</exception>
    internal static async Task RunAsync(
        FileSource source, string blob, DownloadMeter.FileMeter meter, SemaphoreSlim connections, ModelHubOptions options, CancellationToken cancellationToken)
    {
        // A second time, because the first may have gone on with parts that a crash of the system had spoilt.
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            using PartialBlob partial = PartialBlob.Open(blob, source.File.Size, options.PartBytes);
            meter.Present(partial.ReceivedBytes);
            using BlobDownload download = new(source, partial, meter, connections, options);
            if (await download.RunAsync(cancellationToken).ConfigureAwait(false))
            {
                partial.Commit(blob);
                return;
            }

            partial.Discard();
            meter.Lost();
        }

        throw source.WrongHash();
    }

    /// <returns>Whether the content has the right hash.</returns>
    async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        int[] parts = [.. Enumerable.Range(0, _partial.Parts).Where(part => !_partial.IsFinished(part))];
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<bool> hash = Task.Run(() => HashAsync(end.Token), CancellationToken.None);
        Task flush = Task.Run(() => FlushAsync(end.Token), CancellationToken.None);
        try
        {
            var degree = new ParallelOptions { MaxDegreeOfParallelism = _options.Connections, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(parts, degree, (part, token) => DownloadAsync(part, part == parts[0], token)).ConfigureAwait(false);
            bool isRight = await hash.ConfigureAwait(false);

            // The system tells of a write that failed once: not again when the file is flushed at its end.
            await end.CancelAsync().ConfigureAwait(false);
            await flush.ConfigureAwait(false);
            return isRight;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)hash).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await flush.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _serial.Dispose();

    async ValueTask DownloadAsync(int part, bool isFirst, CancellationToken cancellationToken)
    {
        if (!isFirst)
        {
            // The first answer tells whether the server serves ranges, and whether it answers at all.
            await _firstAnswer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        var backOff = new BackOff(_options);
        while (!_partial.IsFinished(part))
        {
            long before = _partial.ReceivedBytes;
            TransientFailure failure;
            try
            {
                await (_isSerial ? ReadAllAsync(part, cancellationToken) : ReadPartAsync(part, cancellationToken)).ConfigureAwait(false);
                continue;
            }
            catch (TransientFailure e)
            {
                failure = e;
            }

            if (_partial.ReceivedBytes > before)
            {
                backOff.Progressed();
            }

            await backOff.WaitAsync(failure, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task ReadPartAsync(int part, CancellationToken cancellationToken)
    {
        await _connections.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PartialBlob.BlockBytes);
        try
        {
            long from = _partial.Start(part) + _partial.Received(part);
            long end = _partial.Start(part) + _partial.Length(part);
            (HubResponse response, long start) = await _source.OpenAsync(from, end, cancellationToken).ConfigureAwait(false);
            using (response)
            {
                if (start != from || (_partial.Parts > 1 && response.Message.StatusCode == HttpStatusCode.OK))
                {
                    _isSerial = true;
                }

                _firstAnswer.TrySetResult();
                while (!_isSerial && from < end)
                {
                    bool counts = true;
                    int count = await ReadBlockAsync(response, buffer, from, end, bytes => counts = Take(part, from - _partial.Start(part), bytes.Span)).ConfigureAwait(false);
                    if (!counts)
                    {
                        return;
                    }

                    from += count;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _connections.Release();
        }
    }

    /// <summary>Reads up to the end of a block of the file, and gives on all that came, also where reading fails before.</summary>
    /// <returns>How much.</returns>
    async Task<int> ReadBlockAsync(HubResponse response, byte[] buffer, long from, long end, Action<ReadOnlyMemory<byte>> take)
    {
        int wanted = (int)Math.Min(PartialBlob.BlockBytes - from % PartialBlob.BlockBytes, end - from);
        int count = 0;
        try
        {
            while (count < wanted)
            {
                int read = await response.ReadAsync(buffer.AsMemory(count, wanted - count)).ConfigureAwait(false);
                RequireSome(read);
                count += read;
            }
        }
        finally
        {
            if (count > 0)
            {
                take(buffer.AsMemory(0, count));
            }
        }

        return count;
    }

    /// <summary>Reads the whole file from its start, for all parts that are not finished.</summary>
    async Task ReadAllAsync(int part, CancellationToken cancellationToken)
    {
        await _serial.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PartialBlob.BlockBytes);
        try
        {
            if (_partial.IsFinished(part))
            {
                return;
            }

            await _connections.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                (HubResponse response, _) = await _source.OpenAsync(0, _source.File.Size, cancellationToken).ConfigureAwait(false);
                using (response)
                {
                    for (long position = 0; position < _source.File.Size;)
                    {
                        position += await ReadBlockAsync(response, buffer, position, _source.File.Size, bytes => TakeFrom(position, bytes.Span)).ConfigureAwait(false);
                    }
                }
            }
            finally
            {
                _connections.Release();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _serial.Release();
        }
    }

    /// <summary>Takes of some bytes those that are not here yet, part by part.</summary>
    void TakeFrom(long position, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int part = _partial.PartAt(position);
            int inPart = (int)Math.Min(bytes.Length, _partial.Start(part) + _partial.Length(part) - position);
            long received = _partial.Received(part);
            long known = _partial.Start(part) + received - position;
            if (known < inPart)
            {
                Take(part, received, bytes[(int)Math.Max(0, known)..inPart]);
            }

            bytes = bytes[inPart..];
            position += inPart;
        }
    }

    bool Take(int part, long received, ReadOnlySpan<byte> bytes)
    {
        if (!_partial.Write(part, received, bytes))
        {
            return false;
        }

        _meter.Received(bytes.Length);
        _arrivals.Writer.TryWrite(0);
        return true;
    }

    void RequireSome(int read)
    {
        if (read == 0)
        {
            throw new TransientFailure(_source.Damaged($"ended early, its {_source.File.Size} bytes of the hub's listing did not come"));
        }
    }

    /// <summary>
    /// Flushes the file now and then while it grows: a disk takes as long to make a gigabyte safe as it takes to receive it, and the end
    /// would wait for all of it.
    /// </summary>
    async Task FlushAsync(CancellationToken cancellationToken)
    {
        for (long flushed = _partial.ReceivedBytes; !cancellationToken.IsCancellationRequested;)
        {
            await Task.Delay(s_flushPause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            long received = _partial.ReceivedBytes;
            if (received - flushed >= FlushBytes)
            {
                _partial.Flush();
                flushed = received;
            }
        }
    }

    async Task<bool> HashAsync(CancellationToken cancellationToken)
    {
        using var hash = new ContentHash(_source.File);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(HashBytes);
        try
        {
            long hashed = 0;
            for (int part = 0; hashed < _source.File.Size;)
            {
                long contiguous = _partial.Contiguous(ref part);
                while (hashed < contiguous)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int read = _partial.Read(buffer.AsSpan(0, (int)Math.Min(HashBytes, contiguous - hashed)), hashed);
                    if (read == 0)
                    {
                        return false;
                    }

                    hash.Append(buffer.AsSpan(0, read));
                    hashed += read;
                }

                if (hashed < _source.File.Size && part < _partial.Parts)
                {
                    await _arrivals.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            return hash.Matches();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
