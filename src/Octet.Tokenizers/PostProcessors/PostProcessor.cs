namespace Octet.Tokenizers.PostProcessors;

/// <summary>A part of what a post-processor makes: ids of its own, or a text's.</summary>
/// <param name="Ids">The ids; null where the text stands here.</param>
/// <param name="IsSecond">Whether it is the second text.</param>
/// <param name="TypeId">The type of these tokens.</param>
readonly record struct TemplatePart(int[]? Ids, bool IsSecond, int TypeId);

/// <summary>What a file puts around a text, or around and between two, and how it counts white space.</summary>
/// <param name="single">The parts for one text.</param>
/// <param name="pair">The parts for two.</param>
/// <param name="trims">
/// For each step that takes white space off the offsets, whether a single space at the beginning of a text is left in place, because the
/// pre-tokenizer may have put it there.
/// </param>
sealed class PostProcessor(TemplatePart[] single, TemplatePart[] pair, bool[] trims)
{
    internal static PostProcessor None { get; } = new([new(null, false, 0)], [new(null, false, 0), new(null, true, 1)], []);

    internal ReadOnlySpan<TemplatePart> Single => single;

    internal ReadOnlySpan<TemplatePart> Pair => pair;

    internal ReadOnlySpan<bool> Trims => trims;

    /// <summary>How many ids are put around one text, or two.</summary>
    internal int Added(bool isPair) => (isPair ? pair : single).Sum(static part => part.Ids?.Length ?? 0);

    /// <summary>A post-processor that puts ids around each text, the second of type 1.</summary>
    internal static PostProcessor Around(int[] before, int[] after) => new(
        [new(before, false, 0), new(null, false, 0), new(after, false, 0)],
        [new(before, false, 0), new(null, false, 0), new(after, false, 0), new(before, false, 1), new(null, true, 1), new(after, false, 1)],
        []);

    /// <summary>This one's result as the text of another.</summary>
    internal PostProcessor Within(PostProcessor outer)
    {
        if (ReferenceEquals(this, None))
        {
            return outer;
        }

        if (ReferenceEquals(outer, None))
        {
            return this;
        }

        bool[] all = [.. trims, .. outer.Trims];
        return outer.IsPlain ? new PostProcessor(single, pair, all)
            : IsPlain ? new PostProcessor([.. outer.Single], [.. outer.Pair], all)
            : new PostProcessor(Filled(outer, single), Filled(outer, pair), all);
    }

    // Whether it only trims.
    bool IsPlain => single is [{ Ids: null }] && pair is [{ Ids: null, IsSecond: false, TypeId: 0 }, { Ids: null, IsSecond: true, TypeId: 1 }];

    static TemplatePart[] Filled(PostProcessor outer, TemplatePart[] inner)
    {
        List<TemplatePart> parts = [];
        foreach (TemplatePart part in outer.Single)
        {
            if (part.Ids is null)
            {
                parts.AddRange(inner);
            }
            else
            {
                parts.Add(part);
            }
        }

        return [.. parts];
    }
}
