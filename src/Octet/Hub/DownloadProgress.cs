namespace Octet;

/// <summary>How far a download is. What the cache held already counts as done.</summary>
/// <param name="File">The file that bytes came for last.</param>
/// <param name="FileDone">Its bytes that are here.</param>
/// <param name="FileTotal">Its bytes.</param>
/// <param name="Done">Bytes of all files that are here.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="BytesPerSecond">Bytes received per second, over the last seconds; 0 where it is not known yet.</param>
public readonly record struct DownloadProgress(string File, long FileDone, long FileTotal, long Done, long Total, double BytesPerSecond)
{
    /// <summary>The time that the rest takes at this rate; null where the rate is not known.</summary>
    public TimeSpan? TimeLeft => BytesPerSecond > 0 && (Total - Done) / BytesPerSecond < TimeSpan.MaxValue.TotalSeconds / 2
        ? TimeSpan.FromSeconds((Total - Done) / BytesPerSecond)
        : null;
}
