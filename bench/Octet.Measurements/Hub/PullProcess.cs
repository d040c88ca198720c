using System.Diagnostics;
using System.Globalization;

namespace Octet.Measurements.Hub;

/// <summary>A running <c>octet pull</c>, with the most memory that it has had so far.</summary>
sealed class PullProcess : IDisposable
{
    readonly Process _process;
    readonly Task<string> _error;
    readonly Task<string> _output;
    readonly long _started = Stopwatch.GetTimestamp();

    internal PullProcess(string id, string endpoint, string cache, int connections)
    {
        var start = new ProcessStartInfo(OctetTool.Path, ["pull", id, "--connections", connections.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[("HF_ENDPOINT", endpoint), ("HF_HUB_CACHE", cache), ("HF_HUB_OFFLINE", "0"), ("HF_TOKEN", ""), ("no_proxy", "127.0.0.1,localhost")])
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    internal long PeakBytes { get; private set; }

    internal TimeSpan Elapsed { get; private set; }

    /// <summary>SIGKILL: nothing of it runs any more.</summary>
    /// <returns>False where it had ended by itself.</returns>
    internal bool Kill()
    {
        bool running = !_process.HasExited;
        _process.Kill();
        _process.WaitForExit();
        return running && _process.ExitCode != 0;
    }

    /// <returns>The snapshot's directory.</returns>
    internal string Wait(CancellationToken cancellation)
    {
        using CancellationTokenRegistration kill = cancellation.Register(_process.Kill);
        while (!_process.WaitForExit(20))
        {
            PeakBytes = Math.Max(PeakBytes, Peak());
        }

        Elapsed = Stopwatch.GetElapsedTime(_started);
        cancellation.ThrowIfCancellationRequested();
        return _process.ExitCode == 0 ? _output.Result.Trim() : throw new MeasurementException($"octet pull ended with {_process.ExitCode}: {_error.Result.Trim()}");
    }

    public void Dispose() => _process.Dispose();

    long Peak()
    {
        const string Key = "VmHWM:";
        try
        {
            string? line = File.ReadLines($"/proc/{_process.Id}/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[Key.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            // It has just ended, or this is no Linux.
            return 0;
        }
    }
}
