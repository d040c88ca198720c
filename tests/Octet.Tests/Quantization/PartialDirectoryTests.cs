using Octet.Quantization;
using Octet.Tests.Reference;

namespace Octet.Tests.Quantization;

public sealed class PartialDirectoryTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    string Destination => Path.Combine(_directory.Path, "model");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void What_a_process_leaves_that_is_killed_between_two_steps_of_its_end_is_a_whole_directory_or_taken_over(bool destinationExists, int steps)
    {
        if (destinationExists)
        {
            Directory.CreateDirectory(Destination);
        }

        List<string> states = [];
        using (var partial = new PartialDirectory(Destination, Copy))
        {
            File.WriteAllText(Path.Combine(partial.Path, "model.safetensors"), "weights");
            Copy();
            partial.Commit();
        }

        Assert.Equal(1 + steps, states.Count);
        Assert.Equal(["model.safetensors"], Names(Destination));
        foreach (string state in states)
        {
            string destination = Path.Combine(state, "model");
            if (Directory.Exists(destination) && Names(destination).Length > 0)
            {
                Assert.Contains("model.safetensors", Names(destination));
                Assert.False(Directory.Exists(destination + ".partial"));
                continue;
            }

            using var next = new PartialDirectory(destination);
            Assert.Equal([".lock"], Names(next.Path));
            File.WriteAllText(Path.Combine(next.Path, "config.json"), "{}");
            next.Commit();
            Assert.Equal(["config.json"], Names(destination));
        }

        // As a kill would leave it: what the process had locked is free.
        void Copy()
        {
            string state = Directory.CreateDirectory(Path.Combine(_directory.Path, $"state{states.Count}")).FullName;
            states.Add(state);
            foreach (string name in (string[])["model", "model.partial"])
            {
                string source = Path.Combine(_directory.Path, name);
                if (Directory.Exists(source))
                {
                    Directory.CreateDirectory(Path.Combine(state, name));
                    foreach (string file in Names(source))
                    {
                        File.WriteAllBytes(Path.Combine(state, name, file), []);
                    }
                }
            }
        }
    }

    [Fact]
    public void Nobody_else_writes_it_until_it_has_its_name()
    {
        string? refused = null;
        using var partial = new PartialDirectory(Destination, () =>
        {
            if (!Directory.Exists(Destination))
            {
                refused = Assert.Throws<ModelException>(() => new PartialDirectory(Destination)).Message;
            }
        });
        Directory.CreateDirectory(Destination);
        partial.Commit();
        Assert.Contains("being written by another process", refused, StringComparison.Ordinal);
    }

    static string[] Names(string directory) => [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path))];
}
