using System.Buffers;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>
/// Finds added tokens in UTF-8 text, the leftmost first and of those that begin there the longest. Two passes whose time is that of
/// the text, whatever the tokens: <see cref="TokenAutomaton"/> finds the longest token at every position, this goes from one to the next.
/// </summary>
/// <param name="tokens">Each token with the UTF-8 that it is found by; a content listed twice belongs to the first.</param>
sealed class AddedTokenMatcher(IEnumerable<(byte[] Pattern, AddedToken Token)> tokens)
{
    readonly TokenAutomaton _automaton = new(tokens);

    /// <summary>Splits text into added tokens and the stretches between them.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="splitSpecial">Whether special tokens are text like any other.</param>
    internal Splits Split(ReadOnlySpan<byte> text, bool splitSpecial) => new(_automaton.Find(text), text, splitSpecial);

    /// <summary>The enumeration of a text's stretches; <see cref="Token"/> is null for plain text.</summary>
    internal ref struct Splits
    {
        readonly ReadOnlySpan<byte> _text;
        readonly List<TokenAutomaton.Match>? _matches; // the last of the text first
        readonly bool _splitSpecial;
        int _left; // matches that are still to come
        int _searched;
        int _consumed;
        int _spaceStart; // the white space that was walked over last, so that nobody walks it again
        int _spaceEnd;
        AddedToken? _pending;
        int _pendingStart;

        internal Splits(List<TokenAutomaton.Match>? matches, ReadOnlySpan<byte> text, bool splitSpecial)
        {
            _matches = matches;
            _left = matches?.Count ?? 0;
            _text = text;
            _splitSpecial = splitSpecial;
        }

        internal AddedToken? Token { get; private set; }

        /// <summary>Where this stretch begins in the text.</summary>
        internal int Start { get; private set; }

        /// <summary>Its bytes, with the white space that a token takes along.</summary>
        internal int Length { get; private set; }

        internal bool MoveNext()
        {
            Token = _pending;
            if (_pending is not null)
            {
                (Start, Length) = (_pendingStart, _consumed - _pendingStart);
                _pending = null;
                return true;
            }

            while (Find(out int start, out int stop) is { } token)
            {
                _searched = stop;
                if ((_splitSpecial && token.Special)
                    || (token.SingleWord && (EndsWithWord(_text[..start]) || StartsWithWord(_text[stop..]))))
                {
                    continue;
                }

                if (token.LeftStrip)
                {
                    start = SpaceStart(start);
                }

                if (token.RightStrip)
                {
                    stop = SpaceEnd(stop);
                }

                if (start >= stop)
                {
                    // All of it is white space that the token before has taken; the reference drops what is empty.
                    continue;
                }

                int plainFrom = _consumed;
                _consumed = stop;
                if (plainFrom < start)
                {
                    (Start, Length) = (plainFrom, start - plainFrom);
                    _pending = token;
                    _pendingStart = start;
                    return true;
                }

                Token = token;
                (Start, Length) = (start, stop - start);
                return true;
            }

            (Start, Length) = (_consumed, _text.Length - _consumed);
            _consumed = _text.Length;
            _searched = _text.Length;
            return Length > 0;
        }

        /// <summary>The next match that does not begin inside of the one before.</summary>
        AddedToken? Find(out int start, out int stop)
        {
            while (_left > 0)
            {
                TokenAutomaton.Match match = _matches![--_left];
                if (match.Start >= _searched)
                {
                    start = match.Start;
                    stop = start + match.Length;
                    return match.Token;
                }
            }

            start = 0;
            stop = 0;
            return null;
        }

        static bool EndsWithWord(ReadOnlySpan<byte> text) =>
            Rune.DecodeLastFromUtf8(text, out Rune last, out _) == OperationStatus.Done && WordCharacter.IsWord(last);

        static bool StartsWithWord(ReadOnlySpan<byte> text) =>
            Rune.DecodeFromUtf8(text, out Rune first, out _) == OperationStatus.Done && WordCharacter.IsWord(first);

        /// <summary>Where the white space before a position begins, as far as no token has it already.</summary>
        readonly int SpaceStart(int end)
        {
            while (end > _consumed && Rune.DecodeLastFromUtf8(_text[..end], out Rune last, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(last))
            {
                end -= length;
            }

            return Math.Max(end, _consumed);
        }

        int SpaceEnd(int start)
        {
            if (start < _spaceStart || start > _spaceEnd)
            {
                _spaceStart = start;
                _spaceEnd = start;
            }

            while (Rune.DecodeFromUtf8(_text[_spaceEnd..], out Rune first, out int length) == OperationStatus.Done && Rune.IsWhiteSpace(first))
            {
                _spaceEnd += length;
            }

            return _spaceEnd;
        }
    }
}
