using System.Collections.Concurrent;
using Octet.Testing;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Families;

/// <summary>Models that a numpy program of this folder makes, and what it makes of tokens, each made once.</summary>
public abstract class NumpyOracle(string program) : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly ConcurrentDictionary<string, Lazy<(string Path, double[][] Expected)>> _models = new(StringComparer.Ordinal);
    int _made;

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    internal (string Path, double[][] Expected) Get(string options, int[] ids) => _models.GetOrAdd(options, key => new(() => Make(key, ids))).Value;

    /// <summary>What the program makes of a checkpoint.</summary>
    internal double[][] Forward(string directory, string model, int[] ids, params string[] options)
    {
        string logits = Path.Combine(directory, "logits.npy");
        Run("logits", [model, "--ids", string.Join(',', ids), "--out", logits, .. options]);
        return NumpyProgram.Read(logits);
    }

    /// <summary>The bugs that it can plant, each with what it concerns.</summary>
    internal (string Name, string Concerns)[] Bugs(string directory)
    {
        string list = Path.Combine(directory, "bugs.txt");
        Run("bugs", "--out", list);
        return [.. File.ReadLines(list).Select(line => line.Split(' ')).Select(parts => (parts[0], parts[1]))];
    }

    internal void Run(string command, params string[] arguments)
        => NumpyProgram.Run(Path.Combine(Fixtures.Repository, "tests", "Octet.Tests", "Families", program), [command, .. arguments]);

    /// <summary>A few of these by turns, day by day; OCTET_SLOW=1: all.</summary>
    internal static IEnumerable<T> SomeOf<T>(T[] all, int most)
    {
        int count = Environment.GetEnvironmentVariable("OCTET_SLOW") == "1" ? all.Length : Math.Min(most, all.Length);
        return Enumerable.Range(0, count).Select(i => all[((DateTime.UtcNow.DayOfYear * count) + i) % all.Length]);
    }

    (string Path, double[][] Expected) Make(string options, int[] ids)
    {
        string place = Directory.CreateDirectory(Path.Combine(_directory.Path, $"{Interlocked.Increment(ref _made)}")).FullName;
        string model = Path.Combine(place, "model");
        Run("make", [.. options.Split(' '), "--out", model]);
        return (model, Forward(place, model, ids));
    }

    /// <summary>Whether logits of a model that a bug is planted in differ from these.</summary>
    internal void AssertSeen(string directory, string model, int[] ids, string bug, float[][] found)
        => Assert.True(LogitsTests.Errors(Forward(directory, model, ids, "--plant", bug), found).Max() > 1e-4, $"{model}: {bug} is not seen");
}
