namespace Octet.Tokenizers;

/// <summary>A text, or a pair of texts, as tokens. All lists have the same length but for <see cref="Offsets"/>, which may be empty.</summary>
public sealed class TokenEncoding
{
    readonly TokenRun[] _runs;

    internal TokenEncoding(int[] ids, TokenRun[] runs, Range[] offsets, IReadOnlyList<TokenEncoding> overflowing)
    {
        Ids = ids;
        _runs = runs;
        Offsets = offsets;
        Overflowing = overflowing;
    }

    /// <summary>The token ids.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>Which text each token belongs to, in the numbers of the file's post-processor: mostly 0 for the first and 1 for the second.</summary>
    public IReadOnlyList<int> TypeIds => field ??= Expanded(static run => run.TypeId);

    /// <summary>1 for tokens that the post-processor or the padding put there, otherwise 0.</summary>
    public IReadOnlyList<int> SpecialTokensMask => field ??= Expanded(static run => run.IsSpecial ? 1 : 0);

    /// <summary>0 for padding, otherwise 1.</summary>
    public IReadOnlyList<int> AttentionMask => field ??= Expanded(static run => run.IsPadding ? 0 : 1);

    /// <summary>
    /// The characters of the text that each token comes from, in the units of <see cref="string"/>; 0..0 for what was put there. Empty
    /// unless they were asked for.
    /// </summary>
    public IReadOnlyList<Range> Offsets { get; }

    /// <summary>What truncation cut off, in parts of the same length, each with the post-processor's tokens.</summary>
    public IReadOnlyList<TokenEncoding> Overflowing { get; }

    internal ReadOnlySpan<TokenRun> Runs => _runs;

    int[] Expanded(Func<TokenRun, int> value)
    {
        int[] all = new int[Ids.Count];
        int at = 0;
        foreach (TokenRun run in _runs)
        {
            all.AsSpan(at, run.Length).Fill(value(run));
            at += run.Length;
        }

        return all;
    }
}
