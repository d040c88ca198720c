namespace Octet.Tokenizers.Patterns;

/// <summary>
/// Finds the matches of one text. The automaton does it as long as it looks at little more than it passes; where it would go over the same
/// text again and again, as <c>a*b|a</c> does over many a, and for patterns that it cannot match, what remembers takes its place.
/// </summary>
sealed class PatternMatcher
{
    // Bytes that the automaton may look at: some for each byte passed, and some at first.
    const int SeenPerByte = 8;
    const int FirstSeen = 1 << 12;

    readonly PatternProgram _program;
    readonly Automaton? _automaton;
    BacktrackingMatch? _backtracking;
    long _seen;

    internal PatternMatcher(PatternProgram program, Automaton? automaton)
    {
        _program = program;
        _automaton = automaton;
        _backtracking = automaton is null ? new BacktrackingMatch(program) : null;
    }

    /// <inheritdoc cref="Pattern.Find"/>
    /// <param name="utf8">The whole text, the same each time.</param>
    /// <param name="from">Where a character begins, or the end; no place before that of an earlier call.</param>
    /// <param name="start">Where the match begins.</param>
    /// <param name="length">How many bytes it takes; it may be none.</param>
    internal bool Find(ReadOnlySpan<byte> utf8, int from, out int start, out int length)
    {
        int at = from;
        while (true)
        {
            if (_program.FirstBytes is { } first && !(at < utf8.Length && first.Contains(utf8[at])))
            {
                int skipped = utf8[at..].IndexOfAny(first);
                if (skipped < 0)
                {
                    break;
                }

                at += skipped;
            }

            int end = Match(utf8, at);
            if (end >= 0)
            {
                start = at;
                length = end - at;
                return true;
            }

            if (at >= utf8.Length)
            {
                break;
            }

            _program.Alphabet.Read(utf8, at, out int taken);
            at += taken;
        }

        start = utf8.Length;
        length = 0;
        return false;
    }

    int Match(ReadOnlySpan<byte> utf8, int at)
    {
        if (_backtracking is null)
        {
            int end = _automaton!.Match(utf8, at, out int seen);
            _seen += seen - at;
            if (end > -2 && _seen <= (SeenPerByte * (long)at) + seen - at + FirstSeen)
            {
                return end;
            }

            _backtracking = new BacktrackingMatch(_program);
        }

        return _backtracking.Match(utf8, at);
    }
}
