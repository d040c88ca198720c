using System.Diagnostics;

namespace Octet.Measurements;

/// <summary>On the error stream: what runs, and how long the rest will take at the pace so far.</summary>
sealed class Progress(int steps)
{
    readonly long _started = Stopwatch.GetTimestamp();
    int _done;

    internal void Next(string what)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        string left = _done == 0 ? "" : $", about {Minutes(elapsed / _done * (steps - _done))} left";
        Console.Error.WriteLine($"[{_done + 1}/{steps}{left}] {what}");
        _done++;
    }

    static string Minutes(TimeSpan time) => time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} min" : $"{time.TotalSeconds:0} s";
}
