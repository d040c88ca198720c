using System.Text;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Tests.Patterns;

/// <summary>All matches of a pattern in a text, by the machine as it is and by each of its parts.</summary>
static class PatternMatches
{
    /// <summary>How a place is asked for a match; what <see cref="Pattern"/> does itself is <see cref="Whole"/>.</summary>
    internal enum Machine
    {
        Whole,
        Backtracking,
        Remembering,
    }

    /// <summary>The matches in UTF-16 places, one after another; after an empty one the search goes on behind the next character.</summary>
    internal static List<(int Start, int Length)> All(string pattern, string text, Machine machine = Machine.Whole)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        PatternProgram program = Compiler.Compile(PatternParser.Parse(pattern));
        PatternMatcher whole = new(program, program.IsRegular ? new Automaton(program) : null);
        BacktrackingMatch part = machine == Machine.Remembering ? new(program, 0, 0) : new(program, 0, 100_000);
        List<(int, int)> found = [];
        for (int from = 0; from <= utf8.Length;)
        {
            if (!Find(from, out int start, out int length))
            {
                break;
            }

            int first = Encoding.UTF8.GetCharCount(utf8, 0, start);
            found.Add((first, Encoding.UTF8.GetCharCount(utf8, start, length)));
            from = start + length;
            if (length == 0)
            {
                do
                {
                    from++;
                }
                while (from < utf8.Length && (utf8[from] & 0xC0) == 0x80);
            }
        }

        return found;

        bool Find(int from, out int start, out int length)
        {
            if (machine == Machine.Whole)
            {
                return whole.Find(utf8, from, out start, out length);
            }

            for (start = from; start <= utf8.Length; start++)
            {
                if (start == utf8.Length || (utf8[start] & 0xC0) != 0x80)
                {
                    length = part.Match(utf8, start) - start;
                    if (length >= 0)
                    {
                        return true;
                    }
                }
            }

            length = 0;
            return false;
        }
    }

    /// <summary>The texts of all matches.</summary>
    internal static string[] Texts(string pattern, string text) => [.. All(pattern, text).Select(match => text.Substring(match.Start, match.Length))];
}
