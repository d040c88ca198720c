using System.Diagnostics;
using System.Globalization;

namespace Octet.Cli.Measurement;

/// <summary>
/// A moment in the use of this machine's cores: two of them say whether anything else ran between. A thread that waits for another loses
/// far more than the time that a neighbour takes, so a disturbed measurement says little.
/// </summary>
readonly record struct CoreUse
{
    /// <summary>Of one core, for other processes, and as much again for what the hypervisor takes.</summary>
    internal const double Tolerated = 0.10;

    // The unit of /proc/stat, whatever the kernel's own clock.
    const double TicksPerSecond = 100;
    const string Source = "/proc/stat";
    readonly long _timestamp;
    readonly double _busy;
    readonly double _stolen;
    readonly double _own;

    CoreUse(double busy, double stolen)
    {
        _timestamp = Stopwatch.GetTimestamp();
        _busy = busy;
        _stolen = stolen;
        _own = Environment.CpuUsage.TotalTime.TotalSeconds;
    }

    internal static CoreUse Now()
    {
        if (!File.Exists(Source))
        {
            return new CoreUse(double.NaN, double.NaN);
        }

        // cpu user nice system idle iowait irq softirq steal ...
        double[] ticks = [.. File.ReadLines(Source).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        return new CoreUse((ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TicksPerSecond, ticks[7] / TicksPerSecond);
    }

    /// <summary>Whether the cores were this process's alone from <paramref name="before"/> to now; true where the system does not say.</summary>
    internal static bool IsCleanSince(CoreUse before)
    {
        CoreUse now = Now();
        double seconds = Stopwatch.GetElapsedTime(before._timestamp, now._timestamp).TotalSeconds;

        // Each reading is cut to a whole tick.
        double limit = Tolerated * seconds + 2 / TicksPerSecond;
        double others = now._busy - before._busy - (now._own - before._own);
        double stolen = now._stolen - before._stolen;
        return !(others > limit) && !(stolen > limit);
    }
}
