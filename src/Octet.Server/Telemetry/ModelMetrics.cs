using System.Collections.Concurrent;

namespace Octet.Server.Telemetry;

/// <summary>What a model has done since the server's start.</summary>
sealed class ModelMetrics
{
    // vLLM's ranges, so that its dashboards fit.
    static readonly double[] s_tokens = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000];
    static readonly double[] s_requestSeconds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    readonly ConcurrentDictionary<string, StrongBox> _finished = new(StringComparer.Ordinal);
    long _running;
    long _promptTokens;
    long _cachedTokens;
    long _generatedTokens;

    internal long Running => Interlocked.Read(ref _running);

    internal long PromptTokens => Interlocked.Read(ref _promptTokens);

    internal long CachedTokens => Interlocked.Read(ref _cachedTokens);

    internal long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    internal Histogram TimeToFirstToken { get; } = new(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560);

    internal Histogram InterToken { get; } = new(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80);

    internal Histogram Request { get; } = new(s_requestSeconds);

    internal Histogram Prefill { get; } = new(s_requestSeconds);

    internal Histogram Decode { get; } = new(s_requestSeconds);

    internal Histogram RequestPromptTokens { get; } = new(s_tokens);

    internal Histogram RequestGeneratedTokens { get; } = new(s_tokens);

    /// <summary>How many answers ended how.</summary>
    internal IEnumerable<(string Reason, long Count)> Finished => _finished.Select(entry => (entry.Key, Interlocked.Read(ref entry.Value.Count))).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    internal void Begin() => Interlocked.Increment(ref _running);

    internal void End() => Interlocked.Decrement(ref _running);

    internal void AddPrompt(int tokens, int cached)
    {
        Interlocked.Add(ref _promptTokens, tokens);
        Interlocked.Add(ref _cachedTokens, cached);
        RequestPromptTokens.Record(tokens);
    }

    internal void AddGenerated(int tokens) => Interlocked.Add(ref _generatedTokens, tokens);

    internal void Finish(string reason) => Interlocked.Increment(ref _finished.GetOrAdd(reason, static _ => new StrongBox()).Count);

    sealed class StrongBox
    {
        internal long Count;
    }
}
