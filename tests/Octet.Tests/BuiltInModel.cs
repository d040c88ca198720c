using Octet.Testing;

namespace Octet.Tests;

/// <summary>octet-tiny, opened once for all tests that only read.</summary>
static class BuiltInModel
{
    internal static string Path { get; } = System.IO.Path.Combine(Fixtures.Repository, "models", "octet-tiny");

    internal static LanguageModel Shared { get; } = LanguageModel.Load(Path, new() { Threads = 2 });

    internal static async Task<List<GenerationUpdate>> Collect(IAsyncEnumerable<GenerationUpdate> stream)
    {
        List<GenerationUpdate> updates = [];
        await foreach (GenerationUpdate update in stream)
        {
            updates.Add(update);
        }

        return updates;
    }

    internal static string Text(IEnumerable<GenerationUpdate> updates) => string.Concat(updates.Select(update => update.Text));
}
