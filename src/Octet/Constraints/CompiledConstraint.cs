using System.Text;

namespace Octet.Constraints;

/// <summary>A constraint for one tokenizer: its automaton, and the masks found so far. Shared by all generations that go by it.</summary>
sealed class CompiledConstraint
{
    // What is forced is looked ahead no further.
    const int MostForcedBytes = 4096;
    const long MostForcedWork = 200_000;

    readonly Func<string, int[]> _encode;

    /// <param name="network">What the text must be; all of it can be written.</param>
    /// <param name="trie">The tokens.</param>
    /// <param name="encode">The tokens of a text, as the tokenizer would write it.</param>
    /// <param name="marks">How the model thinks before it answers; null: it does not.</param>
    /// <param name="messageStart">Where the text begins behind a mark that the prompt holds, that mark's token; null: it begins behind the prompt.</param>
    internal CompiledConstraint(Network network, TokenTrie trie, Func<string, int[]> encode, ThinkingMarks? marks = null, int? messageStart = null)
    {
        MessageStart = messageStart;
        Trie = trie;
        _encode = encode;
        Marks = marks;
        Automaton = new Automaton(network);
        Masks = new TokenMasks(Automaton, trie);
    }

    /// <summary>What was found out so far takes so much memory, about.</summary>
    internal long Bytes => Automaton.Bytes + Masks.Bytes;

    internal Automaton Automaton { get; }

    internal TokenMasks Masks { get; }

    internal TokenTrie Trie { get; }

    internal ThinkingMarks? Marks { get; }

    /// <summary>The token behind which the text begins, in the prompt; null: it begins behind the prompt.</summary>
    internal int? MessageStart { get; }

    /// <summary>
    /// The tokens of the only way on from a state, as the tokenizer writes it, up to where a token that the model may prefer goes on behind what
    /// is certain. Empty where there are several ways, or the text may end.
    /// </summary>
    internal int[] Forced(AutomatonState state)
    {
        List<byte> certain = [];
        long most = Automaton.Work + MostForcedWork;
        while (certain.Count < MostForcedBytes && Automaton.Work < most && !Automaton.MayEnd(state) && Automaton.OnlyByte(state) is >= 0 and var only)
        {
            certain.Add((byte)only);
            state = Automaton.Next(state, (byte)only);
        }

        if (certain.Count == 0)
        {
            return [];
        }

        ReadOnlySpan<byte> rest = [.. certain];
        bool isEnd = state.Steps is { Length: 0 };
        List<int> tokens = [];
        while (!rest.IsEmpty)
        {
            if (Trie.MarkOf(rest[0]) is { } mark)
            {
                tokens.Add(mark);
                rest = rest[1..];
                continue;
            }

            // In front of a mark a text is at its end: no token goes on into one.
            int length = rest.IndexOfAnyInRange(TokenTrie.FirstCode, byte.MaxValue);
            ReadOnlySpan<byte> text = length < 0 ? rest : rest[..length];
            int taken = AddText(tokens, text, isEnd || length >= 0);
            if (taken < text.Length)
            {
                break;
            }

            rest = rest[taken..];
        }

        return [.. tokens];
    }

    /// <summary>Adds the tokens of a text that is certain, as many as are.</summary>
    /// <returns>How many bytes they are.</returns>
    int AddText(List<int> tokens, ReadOnlySpan<byte> text, bool isEnd)
    {
        ReadOnlySpan<byte> rest = text;
        foreach (int token in _encode(Encoding.UTF8.GetString(rest[..WholeCharacters(rest)])))
        {
            ReadOnlySpan<byte> bytes = Trie.Bytes(token);
            if (bytes.IsEmpty || !rest.StartsWith(bytes) || (!isEnd && MayGoBeyond(rest)))
            {
                break;
            }

            tokens.Add(token);
            rest = rest[bytes.Length..];
        }

        return text.Length - rest.Length;
    }

    /// <summary>Whether a token begins with all of this and goes on.</summary>
    bool MayGoBeyond(ReadOnlySpan<byte> bytes)
    {
        int node = 0;
        foreach (byte value in bytes)
        {
            node = Trie.Child(node, value);
            if (node < 0)
            {
                return false;
            }
        }

        return Trie.Skip[node] > node + 1;
    }

    static int WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length;
        while (length > 0 && (bytes[length - 1] & 0xC0) == 0x80)
        {
            length--;
        }

        // What is certain comes of UTF-8, so that only its end can be cut.
        return length > 0 && bytes[length - 1] >= 0xC0 && Rune.DecodeFromUtf8(bytes[(length - 1)..], out _, out _) != System.Buffers.OperationStatus.Done
            ? length - 1
            : bytes.Length;
    }
}
