using Octet.Tokenizers.Models;

namespace Octet.Tokenizers.Reading;

/// <summary>The merges of a vocabulary that has ranks and no merges: a token comes of any two others that it is made of.</summary>
static class MergeSplits
{
    /// <summary>The bytes that a token may have: each way to cut it is looked up. Published ones have at most some 128.</summary>
    internal const int Longest = 512;

    /// <summary>Adds the merges that make a token.</summary>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="content">The token's bytes, at most <see cref="Longest"/>.</param>
    /// <param name="id">Its id.</param>
    /// <param name="rank">The rank of all of these merges.</param>
    /// <param name="merges">Takes them.</param>
    /// <param name="takesPart">Whether a token may be a part.</param>
    /// <param name="wholeCharacters">Whether parts are whole characters.</param>
    internal static void Add(Vocabulary vocabulary, ReadOnlySpan<byte> content, int id, int rank, MergeTable merges, Func<int, bool> takesPart, bool wholeCharacters)
    {
        for (int cut = 1; cut < content.Length; cut++)
        {
            if (wholeCharacters && (content[cut] & 0xC0) == 0x80)
            {
                continue;
            }

            int left = vocabulary.FindBytes(content[..cut]);
            int right = left < 0 ? -1 : vocabulary.FindBytes(content[cut..]);
            if (right >= 0 && takesPart(left) && takesPart(right))
            {
                merges.Set(left, right, rank, id);
            }
        }
    }
}
