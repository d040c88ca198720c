using Octet.Tests.Reference;

namespace Octet.Tests.Generation;

/// <summary>A small random model in a directory of its own, opened with a float32 cache.</summary>
sealed class SyntheticModel : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    internal SyntheticModel(LanguageModelOptions? options = null, SyntheticCheckpoint? checkpoint = null)
    {
        (checkpoint ?? new SyntheticCheckpoint()).Write(_directory.Path);
        Model = LanguageModel.Load(_directory.Path, (options ?? new()) with { KvCache = KvCacheType.Float32, Threads = 2 });
    }

    internal LanguageModel Model { get; }

    internal string Path => _directory.Path;

    internal static int[] Ids(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(301))];
    }

    /// <summary>The logits of every position, from a session that nobody else uses.</summary>
    internal float[][] Alone(int[] ids)
    {
        float[][] rows = new float[ids.Length][];
        using InferenceSession session = Model.CreateSession();
        session.Score(ids, (position, row) => rows[position] = row.ToArray());
        return rows;
    }

    public void Dispose()
    {
        Model.Dispose();
        _directory.Dispose();
    }
}
