using Octet.Backends;
using Octet.Checkpoints;

namespace Octet.Generation;

/// <summary>
/// How many tokens fit: what the caller asked for, what the model was made for, what memory holds beside the weights and all that other
/// models of this process take. Pages are made when they are needed: a plan is the most there may be.
/// </summary>
/// <param name="Layout">What a page holds.</param>
/// <param name="ContextLength">Tokens of one sequence.</param>
/// <param name="Pages">The most pages of all sequences.</param>
readonly record struct ContextBudget(KvCacheLayout Layout, int ContextLength, int Pages)
{
    // Sequences of full length that a cache is planned for where the caller does not say what it may take.
    internal const int Sequences = 256;

    /// <exception cref="ModelException">The caller wants more than the model or the memory has.</exception>
    internal static ContextBudget Plan(ModelConfig config, LanguageModelOptions options, KvCacheLayout layout, MemoryLedger memory)
    {
        int longest = config.LongestContext;
        long room = options.KvCacheBytes ?? memory.Room;
        string whose = options.KvCacheBytes is null ? $"this machine has {Gib(room)} beside the weights and what other models take" : $"{Gib(room)} are given to it";
        long fits = room / layout.BytesPerPage * KvCacheLayout.PageTokens;
        if (options.ContextLength is { } wanted)
        {
            if (wanted > longest)
            {
                throw new ModelException(ModelError.InvalidInput, $"a context of {wanted} tokens is more than the model was made for: at most {longest} (max_position_embeddings)");
            }

            if (wanted > fits)
            {
                throw new ModelException(
                    ModelError.Full,
                    $"a context of {wanted} tokens needs {Gib(PagesOf(wanted) * layout.BytesPerPage)} for keys and values, and {whose}: at most {fits} tokens fit");
            }
        }

        int length = (int)Math.Min(options.ContextLength ?? longest, fits);
        if (length < 1)
        {
            throw new ModelException(
                ModelError.Full,
                options.KvCacheBytes is null
                    ? $"the weights take {Gib(memory.WeightBytes)} and this machine has {Gib(memory.Capacity)} for models: no room for keys and values"
                    : $"keys and values of {KvCacheLayout.PageTokens} tokens take {layout.BytesPerPage} bytes, and {room} are given to them: expected as many at least");
        }

        long pages = room / layout.BytesPerPage;
        if (options.KvCacheBytes is null)
        {
            pages = Math.Min(pages, PagesOf(length) * Sequences);
        }

        return new ContextBudget(layout, length, (int)Math.Min(int.MaxValue, pages));
    }

    static long PagesOf(int tokens) => (tokens + KvCacheLayout.PageTokens - 1L) / KvCacheLayout.PageTokens;

    static string Gib(long bytes) => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##} GiB");
}
