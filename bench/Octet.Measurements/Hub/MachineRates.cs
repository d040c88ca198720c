using System.Diagnostics;
using System.Security.Cryptography;
using Octet.TestHub;

namespace Octet.Measurements.Hub;

/// <summary>What bounds a download here: the loopback, the disk and SHA-256, each alone. Bytes per second.</summary>
static class MachineRates
{
    const int Block = 1 << 20;

    /// <summary>
    /// A plain client that reads the files, one over each of as many connections, and forgets them; or writes them to a directory, flushes
    /// each when it ends, and has no hash to compute.
    /// </summary>
    internal static async Task<double> LoopbackAsync(HubServer hub, HubRepository repository, int connections, string? directory, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler);
        HubFile[] files = [.. repository.Files.Where(file => file.Path.EndsWith(".safetensors", StringComparison.Ordinal))];
        long started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = connections, CancellationToken = cancellation }, async (file, cancel) =>
        {
            byte[] buffer = new byte[Block];
            await using Stream body = await client.GetStreamAsync(new Uri(hub.Endpoint, $"{repository.Id}/resolve/main/{file.Path}"), cancel);
            using FileStream? copy = directory is null
                ? null
                : new FileStream(System.IO.Path.Combine(directory, file.Path), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (int read; (read = await body.ReadAsync(buffer, cancel)) > 0;)
            {
                copy?.Write(buffer.AsSpan(0, read));
            }

            copy?.Flush(flushToDisk: true);
        });
        double rate = files.Sum(file => file.Size) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (directory is not null)
        {
            foreach (HubFile file in files)
            {
                File.Delete(System.IO.Path.Combine(directory, file.Path));
            }
        }

        return rate;
    }

    /// <summary>A file written from its beginning to its end, until it is on the disk.</summary>
    internal static double Disk(string directory, long bytes)
    {
        string path = System.IO.Path.Combine(directory, "disk");
        byte[] block = new byte[Block];
        new Random(1).NextBytes(block);
        long started = Stopwatch.GetTimestamp();
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            for (long at = 0; at < bytes; at += Block)
            {
                file.Write(block);
            }

            file.Flush(flushToDisk: true);
        }

        double rate = bytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
        File.Delete(path);
        return rate;
    }

    internal static double Sha256(long bytes)
    {
        byte[] block = new byte[Block];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long started = Stopwatch.GetTimestamp();
        for (long at = 0; at < bytes; at += Block)
        {
            hash.AppendData(block);
        }

        hash.GetHashAndReset();
        return bytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
