using System.Text;
using Octet.Constraints;
using Octet.Tokenizers;

namespace Octet.Tests.Constraints;

/// <summary>Vocabularies to write with.</summary>
static class Vocabularies
{
    /// <summary>All bytes, then tokens that cut JSON where nobody would: across the ends of strings and objects, and in the middle of characters.</summary>
    internal static TokenTrie Synthetic { get; } = TokenTrie.Of(Tokens());

    internal static Tokenizer Tiny => BuiltInModel.Shared.Tokenizer!;

    internal static CompiledConstraint Compile(OutputConstraint constraint) => constraint.Compile(Synthetic, static text => [.. Encoding.UTF8.GetBytes(text).Select(static value => (int)value)]);

    static byte[]?[] Tokens()
    {
        List<byte[]?> tokens = [.. Enumerable.Range(0, 256).Select(static value => new[] { (byte)value })];
        foreach (string text in (string[])
            [
                "\",", "\":", "\": ", "\": \"", "\",\"", "\", \"", "\"}", "\"]", "\"},{\"", "\"},", "}}", "]]", "}]", "],", "},", "{\"", "[{\"", "[[", "[\"", "\"\"", "{}", "[]", ", ", ": ", ",\"", ":\"",
                "true", "false", "null", "tru", "e}", "l]", "e,\"", "12", "123", "0.", "0,", "1}", "-1", "e+", ".5", "00", "  ", "\n", "\n ", "name", "na", "me\":", "ab", "abc", "abcabcabc", "the ", " of", "\\n", "\\\"", "\\u00", "\\u", "é", "日本", "😀", "a\\", "\\\\\"",
            ])
        {
            tokens.Add(Encoding.UTF8.GetBytes(text));
        }

        // Halves of characters, and an id without a token.
        tokens.Add([0xC3]);
        tokens.Add([0xA9, (byte)'"']);
        tokens.Add([0xE6, 0x97]);
        tokens.Add([0xA5, 0xE6]);
        tokens.Add([(byte)'"', 0xF0, 0x9F]);
        tokens.Add(null);
        return [.. tokens];
    }
}
