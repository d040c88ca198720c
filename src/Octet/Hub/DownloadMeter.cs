using System.Diagnostics;

namespace Octet;

/// <summary>Counts what has come, of several files at once, and tells the progress now and then, one call at a time.</summary>
sealed class DownloadMeter(IProgress<DownloadProgress>? progress, long total)
{
    static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_window = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly Queue<(long Time, long Received)> _samples = new([(Stopwatch.GetTimestamp(), 0)]);
    long _told;
    long _done;
    long _received;

    /// <summary>The meter of one file.</summary>
    internal FileMeter File(ModelFile file) => new(this, file);

    void Count(FileMeter file, long bytes, bool received)
    {
        lock (_lock)
        {
            file.Done += bytes;
            _done += bytes;
            _received += received ? bytes : 0;
            bool fileEnds = bytes != 0 && file.Done == file.File.Size;
            if (progress is null || (!fileEnds && Stopwatch.GetElapsedTime(_told) < s_interval))
            {
                return;
            }

            _told = Stopwatch.GetTimestamp();
            progress.Report(new DownloadProgress(file.File.Path, file.Done, file.File.Size, _done, total, Rate()));
        }
    }

    double Rate()
    {
        _samples.Enqueue((_told, _received));
        while (_samples.Count > 2 && Stopwatch.GetElapsedTime(_samples.Peek().Time, _told) > s_window)
        {
            _samples.Dequeue();
        }

        (long time, long received) = _samples.Peek();
        double seconds = Stopwatch.GetElapsedTime(time, _told).TotalSeconds;
        return seconds > 0 ? (_received - received) / seconds : 0;
    }

    /// <summary>What has come of one file.</summary>
    internal sealed class FileMeter(DownloadMeter meter, ModelFile file)
    {
        internal ModelFile File => file;

        internal long Done { get; set; }

        /// <summary>Bytes were here already.</summary>
        internal void Present(long bytes) => meter.Count(this, bytes, received: false);

        /// <summary>Bytes came.</summary>
        internal void Received(long bytes) => meter.Count(this, bytes, received: true);

        /// <summary>All of it is worth nothing.</summary>
        internal void Lost() => meter.Count(this, -Done, received: false);
    }
}
