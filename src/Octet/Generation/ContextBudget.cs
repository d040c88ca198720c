using Octet.Backends;
using Octet.Checkpoints;

namespace Octet.Generation;

/// <summary>
/// How many tokens fit: what the caller asked for, what the model was made for, what memory holds beside the weights and all that other
/// models of this process take. Pages are made when they are needed: a plan is the most there may be.
/// </summary>
/// <param name="Layout">What a sequence keeps.</param>
/// <param name="ContextLength">Tokens of one sequence.</param>
/// <param name="Pages">The most pages of all sequences, for each kind of layers.</param>
/// <param name="RecurrentPages">The most sequences that have a state in recurrent layers.</param>
sealed record ContextBudget(StateLayout Layout, int ContextLength, int[] Pages, int RecurrentPages)
{
    // Sequences of full length that a cache is planned for where the caller does not say what it may take.
    internal const int Sequences = 256;

    // Of what the caller gives, as short sequences have as large a state as long ones.
    const int RecurrentPart = 4;

    /// <param name="config">What the model was made for.</param>
    /// <param name="options">What the caller wants.</param>
    /// <param name="layout">What a sequence keeps.</param>
    /// <param name="memory">What there is.</param>
    /// <param name="promised">Bytes of it that another cache will take: the draft model's.</param>
    /// <exception cref="ModelException">The caller wants more than the model or the memory has.</exception>
    internal static ContextBudget Plan(ModelConfig config, LanguageModelOptions options, StateLayout layout, MemoryLedger memory, long promised = 0)
    {
        int longest = config.LongestContext;
        long room = Math.Max(0, (options.KvCacheBytes ?? memory.Room) - promised);
        string whose = options.KvCacheBytes is null ? $"{memory.Owner} has {Gib(room)} beside the weights and what other models take" : $"{Gib(room)} are given to it";
        int states = RecurrentPagesOf(layout, room, bounded: options.KvCacheBytes is null);
        if (options.KvCacheBytes is not null)
        {
            room -= Math.Max(0, states - 1) * (layout.Recurrent?.Bytes ?? 0);
        }

        long fits = layout.Fits(room, longest);
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
                    $"a context of {wanted} tokens needs {Gib(layout.Bytes(wanted))} for keys and values, and {whose}: at most {fits} tokens fit");
            }
        }

        int length = (int)Math.Min(options.ContextLength ?? longest, fits);
        if (length < 1)
        {
            throw new ModelException(
                ModelError.Full,
                options.KvCacheBytes is null
                    ? $"the weights take {Gib(memory.WeightBytes)} and {memory.Owner} has {Gib(memory.Capacity)} for models: no room for keys and values"
                    : $"keys and values of {KvCacheLayout.PageTokens} tokens take {layout.Bytes(KvCacheLayout.PageTokens)} bytes, and {room} are given to them: expected as many at least");
        }

        return new ContextBudget(layout, length, [.. layout.Kinds.Select(kind => PagesOf(kind, layout, length, room, bounded: options.KvCacheBytes is null))], states);
    }

    // Each kind has the part of the room that it has of a sequence of full length.
    static int PagesOf(KvCacheLayout kind, StateLayout layout, int length, long room, bool bounded)
    {
        int one = kind.Pages(length, layout.Chunk);
        double share = (double)(one * kind.BytesPerPage) / layout.Bytes(length);
        long pages = Math.Max(one, layout.Kinds.Count == 1 ? (room - (layout.Recurrent?.Bytes ?? 0)) / kind.BytesPerPage : (long)(room * share / kind.BytesPerPage));
        return (int)Math.Min(int.MaxValue, bounded ? Math.Min(pages, (long)one * Sequences) : pages);
    }

    // Where the memory that is left bounds all pages, no part of it has to be kept for these.
    static int RecurrentPagesOf(StateLayout layout, long room, bool bounded)
        => layout.Recurrent is not { } recurrent ? 0 : bounded ? Sequences : (int)Math.Clamp(room / RecurrentPart / recurrent.Bytes, 1, Sequences);

    static string Gib(long bytes) => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##} GiB");
}
