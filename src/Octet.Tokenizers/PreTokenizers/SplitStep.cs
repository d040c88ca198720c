using Octet.Tokenizers.Cutting;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>What becomes of the matches and of the text between them; the names are those of tokenizer.json.</summary>
enum SplitBehavior
{
    /// <summary>Both are pieces.</summary>
    Isolated,

    /// <summary>Only what is between matches is.</summary>
    Removed,

    /// <summary>Matches that touch are one piece, and so is what is between.</summary>
    Contiguous,

    /// <summary>A match goes with the text before it.</summary>
    MergedWithPrevious,

    /// <summary>A match goes with the text behind it.</summary>
    MergedWithNext,
}

/// <summary>Cuts where a pattern matches.</summary>
/// <param name="cutter">Finds the matches.</param>
/// <param name="behavior">What becomes of them.</param>
/// <param name="invert">Whether what is between matches counts as match, and the other way round.</param>
/// <param name="next">The step behind.</param>
sealed class SplitStep(Cutter cutter, SplitBehavior behavior, bool invert, PieceStep next) : CuttingStep(next)
{
    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        // One piece is held back until it is known whether the next part joins it.
        int heldStart = 0;
        int heldEnd = 0;
        bool held = false;
        bool before = false; // whether the part before was a match
        int end = 0;
        Cutter.Search search = cutter.Begin();
        while (search.Find(piece, end, out int start, out int length))
        {
            if (start > end)
            {
                Part(piece, end, start, isMatch: invert);
            }

            end = start + length;
            Part(piece, start, end, isMatch: !invert);
        }

        if (end < piece.Length)
        {
            Part(piece, end, piece.Length, isMatch: invert);
        }

        if (held)
        {
            Hand(piece[heldStart..heldEnd], at + heldStart, writer);
        }

        void Part(ReadOnlySpan<byte> piece, int start, int stop, bool isMatch)
        {
            bool joins = behavior switch
            {
                SplitBehavior.Contiguous => isMatch == before,
                SplitBehavior.MergedWithPrevious => isMatch && !before,
                SplitBehavior.MergedWithNext => !isMatch && before,
                _ => false,
            };
            before = isMatch;
            if (behavior == SplitBehavior.Removed && isMatch)
            {
                return;
            }

            if (held && joins)
            {
                heldEnd = stop;
                return;
            }

            if (held)
            {
                Hand(piece[heldStart..heldEnd], at + heldStart, writer);
            }

            (heldStart, heldEnd, held) = (start, stop, true);
        }
    }
}
