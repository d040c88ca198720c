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
        using var directory = new TemporaryDirectory();
        const int Rows = 20_000;
        const int Columns = 512;
        new SyntheticCheckpoint { Layers = 1, VocabSize = Rows, HiddenSize = Columns }.Write(directory.Path);
        GiveBack();
        long before = Resident("RssAnon:");
        using (LanguageModel model = LanguageModel.Load(directory.Path, new() { Threads = 2, LmHead = LmHead.Float8 }))
        {
            Assert.InRange(Resident("RssAnon:") - before, Rows * Columns / 2, Rows * Columns * 2);
            Assert.InRange(Mapped(directory.Path), 0, Rows * Columns / 2);
            float[] logits = new float[Rows];
            using InferenceSession session = model.CreateSession();
            session.Evaluate([7], logits);
            Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
        }

        GiveBack();
        Assert.InRange(Resident("RssAnon:") - before, long.MinValue, Rows * Columns / 2);
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
