namespace Octet.Tokenizers.Patterns;

/// <summary>
/// A regular expression as <c>tokenizer.json</c> files have them, over the characters of UTF-8 text. Its meaning is Oniguruma's, which the
/// Rust library uses, with Unicode 16.0; of case only what concerns single characters. Safe for use by several threads.
/// </summary>
sealed class Pattern
{
    readonly PatternProgram _program;
    readonly Automaton? _automaton;

    Pattern(PatternProgram program)
    {
        _program = program;
        _automaton = program.IsRegular ? new Automaton(program) : null;
    }

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="PatternException">It is broken, too large or not supported: what, and at which character.</exception>
    internal static Pattern Parse(string pattern) => new(Compiler.Compile(PatternParser.Parse(pattern)));

    /// <summary>
    /// The first match that begins at a place or behind it: of those that begin there the one that a backtracking machine finds first. What is
    /// before the place counts for looks behind, word boundaries and the beginning of lines.
    /// </summary>
    /// <param name="utf8">The whole text.</param>
    /// <param name="from">Where a character begins, or the end.</param>
    /// <param name="start">Where the match begins.</param>
    /// <param name="length">How many bytes it takes; it may be none.</param>
    /// <exception cref="PatternException">The text is hostile to the pattern and takes too much memory.</exception>
    internal bool Find(ReadOnlySpan<byte> utf8, int from, out int start, out int length) => CreateMatcher().Find(utf8, from, out start, out length);

    /// <summary>Something to find the matches of one text with, one after another: together they take a time that grows with the text and no faster.</summary>
    internal PatternMatcher CreateMatcher() => new(_program, _automaton);
}
