using System.Globalization;
using Octet.Tests.Reference;

namespace Octet.Tests.Models;

[Collection(nameof(Alone))]
public class Float8HeadMemoryTests
{
    [Fact]
    public void The_memory_of_the_copy_comes_and_goes_with_the_model_and_the_stored_head_leaves()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        // 20 million codes: what else a process takes by the way (compiled code, regions of the heap) is some millions of bytes.
        const int Rows = 40_000;
        const int Columns = 512;
        using var small = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1, VocabSize = 1000, HiddenSize = Columns }.Write(small.Path);
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { Layers = 1, VocabSize = Rows, HiddenSize = Columns }.Write(directory.Path);
        // Once before it counts: what stays after the first model stays for every later one.
        LoadAndEvaluate(small.Path, 1000, _ => { });
        GiveBack();
        long before = Resident("RssAnon:");
        LoadAndEvaluate(directory.Path, Rows, path =>
        {
            Assert.InRange(Resident("RssAnon:") - before, Rows * Columns / 2, Rows * Columns * 2);
            Assert.InRange(Mapped(path), 0, Rows * Columns / 2);
        });

        GiveBack();
        Assert.InRange(Resident("RssAnon:") - before, long.MinValue, Rows * Columns / 2);
    }

    static void LoadAndEvaluate(string directory, int rows, Action<string> loaded)
    {
        using LanguageModel model = LanguageModel.Load(directory, new() { Threads = 2, LmHead = LmHead.Float8 });
        loaded(directory);
        float[] logits = new float[rows];
        using InferenceSession session = model.CreateSession();
        session.Evaluate([7], logits);
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
    }

    // What other tests left in the managed heap, and this one does, is not what is measured.
    static void GiveBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    static long Resident(string key)
        => Bytes(File.ReadLines("/proc/self/status").Single(line => line.StartsWith(key, StringComparison.Ordinal)));

    // "RssAnon:     12345 kB"
    static long Bytes(string line)
        => 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture);

    // Bytes of a directory's files that are in this process's page tables.
    static long Mapped(string directory)
    {
        long bytes = 0;
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            inside = line.Contains('-') && !line.Contains(" kB", StringComparison.Ordinal) ? line.Contains(directory, StringComparison.Ordinal) : inside;
            if (inside && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                bytes += Bytes(line);
            }
        }

        return bytes;
    }
}
