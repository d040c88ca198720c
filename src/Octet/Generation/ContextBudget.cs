using Octet.Backends;
using Octet.Checkpoints;

namespace Octet.Generation;

/// <summary>How many tokens fit: what the caller wants, what the model was made for, what memory holds beside the weights.</summary>
readonly record struct ContextBudget(KvCacheLayout Layout, int ContextLength, int Pages)
{
    // Left to everything that is neither weights nor cache.
    const double UsableShare = 0.9;

    internal static ContextBudget Plan(ModelConfig config, LanguageModelOptions options, KvCacheLayout layout, long weightBytes)
        => Plan(config, options, layout, weightBytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <exception cref="ModelException">The caller wants more than the model or the memory has.</exception>
    internal static ContextBudget Plan(ModelConfig config, LanguageModelOptions options, KvCacheLayout layout, long weightBytes, long memoryBytes)
    {
        int longest = config.MaxPositionEmbeddings;
        long room = Math.Max(0, (long)(memoryBytes * UsableShare) - weightBytes);
        long fits = room / layout.BytesPerToken;
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
                    $"a context of {wanted} tokens needs {Gib(wanted * layout.BytesPerToken)} for keys and values, and this machine has {Gib(room)} beside the weights: at most {fits} tokens fit");
            }
        }

        int length = (int)Math.Min(options.ContextLength ?? longest, fits);
        if (length < 1)
        {
            throw new ModelException(ModelError.Full, $"the weights take {Gib(weightBytes)} and this machine has {Gib(memoryBytes)}: no room for keys and values");
        }

        long pages = Math.Min(int.MaxValue, Math.Max(room / layout.BytesPerPage, (length + KvCacheLayout.PageTokens - 1) / KvCacheLayout.PageTokens));
        return new ContextBudget(layout, length, (int)pages);
    }

    static string Gib(long bytes) => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##} GiB");
}
