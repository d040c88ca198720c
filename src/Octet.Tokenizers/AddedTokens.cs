using System.Text;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.Patterns;
using Octet.Tokenizers.Reading;

namespace Octet.Tokenizers;

/// <summary>The added tokens of a file: by id, by content, and in the text.</summary>
sealed class AddedTokens
{
    // Published files have some 100 KB of contents; each byte of a pattern is a node of the automaton that finds it.
    const int MostPatternBytes = 4 << 20;

    readonly Dictionary<int, (AddedToken Token, byte[] Bytes)> _byId = [];
    readonly Dictionary<string, AddedToken> _byContent = new(StringComparer.Ordinal);

    /// <param name="tokens">Ids and contents are each unique.</param>
    /// <param name="normalizer">What rewrites the contents that are matched in normalised text.</param>
    /// <param name="file">What messages of errors call the file.</param>
    /// <exception cref="TokenizerException">The contents are too long, or become so when they are normalised.</exception>
    internal AddedTokens(IReadOnlyList<AddedToken> tokens, Normalizer? normalizer, string file)
    {
        long patternBytes = 0;
        foreach (AddedToken token in tokens)
        {
            _byId.Add(token.Id, (token, DecodedBytes(token.Content)));
            _byContent.Add(token.Content, token);
            Size = Math.Max(Size, token.Id + 1);
        }

        Raw = new AddedTokenMatcher(tokens.Where(token => !token.Normalized).Select(token => (Counted(Encoding.UTF8.GetBytes(token.Content)), token)));
        Normalized = new AddedTokenMatcher(tokens.Where(token => token.Normalized).Select(token => (Counted(Normalize(token.Content, normalizer, file)), token)));

        byte[] Counted(byte[] pattern)
        {
            patternBytes += pattern.Length;
            return patternBytes <= MostPatternBytes
                ? pattern
                : throw new TokenizerException($"{file}: added_tokens: the contents, normalised where they are matched so, have more than {MostPatternBytes} bytes; expected at most so many");
        }
    }

    /// <summary>The highest id plus one.</summary>
    internal int Size { get; }

    /// <summary>Those matched in the text as it comes.</summary>
    internal AddedTokenMatcher Raw { get; }

    /// <summary>Those matched in the normalised text.</summary>
    internal AddedTokenMatcher Normalized { get; }

    internal AddedToken? Find(int id) => _byId.TryGetValue(id, out (AddedToken Token, byte[] Bytes) found) ? found.Token : null;

    internal AddedToken? Find(string content) => _byContent.GetValueOrDefault(content);

    internal ReadOnlySpan<byte> Bytes(int id) => _byId.TryGetValue(id, out (AddedToken Token, byte[] Bytes) found) ? found.Bytes : [];

    static byte[] Normalize(string content, Normalizer? normalizer, string file)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(content);
        try
        {
            return normalizer is null || utf8.Length == 0 ? utf8 : normalizer.Apply(utf8);
        }
        catch (Exception e) when (e is TokenizerException or PatternException)
        {
            throw new TokenizerException($"{file}: normalizer: for the added token {QuotedText.Of(content)}, {e.Message}", e);
        }
    }

    // The ByteLevel decoder does not know added tokens: it reads their content in its alphabet too, and falls back to UTF-8.
    static byte[] DecodedBytes(string content)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(content);
        byte[] bytes = new byte[utf8.Length];
        return ByteLevelAlphabet.TryToBytes(utf8, bytes, out int written) ? bytes[..written] : utf8;
    }
}
