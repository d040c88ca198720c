namespace Octet.Tokenizers.PreTokenizers;

/// <summary>A maximal run of <c>\s</c> at the start of a text, as the ends of the patterns see it.</summary>
readonly ref struct WhiteSpaceRun
{
    readonly int _end;
    readonly int _lastStart;
    readonly int _textLength;

    internal WhiteSpaceRun(ReadOnlySpan<byte> text)
    {
        _textLength = text.Length;
        while (_end < text.Length && ScalarClasses.Read(text, _end, out int length) is var read
            && read is ScalarClass.Space or ScalarClass.NewLine)
        {
            _lastStart = _end;
            _end += length;
            if (read == ScalarClass.NewLine)
            {
                AfterLastNewLine = _end;
            }
        }
    }

    /// <summary>The length that <c>\s*[\r\n]+</c> takes; 0 where the run has no line break.</summary>
    internal int AfterLastNewLine { get; }

    /// <summary>
    /// The length that <c>\s+(?!\S)|\s+</c> takes: the whole run at the end of the text or where it is one character, else all
    /// but its last character, which goes with the word that follows.
    /// </summary>
    internal int Length => _end == _textLength || _lastStart == 0 ? _end : _lastStart;
}
