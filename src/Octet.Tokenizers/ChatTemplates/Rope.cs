namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// A long text that was made by adding to another. The texts that grow out of one another lie in one buffer, with room at the end
/// that was last added to, so that <c>ns.out = ns.out ~ part</c> costs what the part costs and not what all before it does.
/// </summary>
sealed class Rope
{
    /// <summary>Shorter texts are plain strings: copying them costs less than a buffer.</summary>
    const int MinLength = 1024;

    readonly RenderState _state;
    readonly Buffer _buffer;
    readonly int _start;
    string? _text;

    Rope(RenderState state, Buffer buffer, int start, int length)
    {
        _state = state;
        _buffer = buffer;
        _start = start;
        Length = length;
    }

    internal int Length { get; }

    internal ReadOnlySpan<char> Span => _buffer.Characters.AsSpan(_buffer.Origin + _start, Length);

    /// <summary>The text in a row: a string, or a rope where it is long.</summary>
    /// <param name="state">Pays for what is copied.</param>
    /// <param name="parts">Strings and ropes.</param>
    internal static object Concat(RenderState state, ReadOnlySpan<object> parts)
    {
        long total = 0;
        int longest = 0;
        for (int index = 0; index < parts.Length; index++)
        {
            int length = LengthOf(parts[index]);
            total += length;
            longest = length > LengthOf(parts[longest]) ? index : longest;
        }

        state.RequireLength(total);
        if (parts.Length == 0 || LengthOf(parts[longest]) == total)
        {
            return parts.Length == 0 ? "" : parts[longest];
        }

        if (total < MinLength)
        {
            state.ChargeText(total);
            return Short(parts, (int)total);
        }

        int before = 0;
        for (int index = 0; index < longest; index++)
        {
            before += LengthOf(parts[index]);
        }

        int kept = LengthOf(parts[longest]);
        int after = (int)total - before - kept;
        Rope? grown = parts[longest] as Rope;
        bool inPlace = grown is not null && (before == 0 || grown._start == grown._buffer.Start) && (after == 0 || grown._start + kept == grown._buffer.End);
        state.ChargeText(before + after);
        Buffer buffer = inPlace ? grown!._buffer : new Buffer(state, SpanOf(parts[longest]), before, after);
        int start = inPlace ? grown!._start : 0;
        if (inPlace)
        {
            buffer.MakeRoom(state, before, after);
        }

        int at = start - before;
        for (int index = 0; index < parts.Length; index++)
        {
            ReadOnlySpan<char> part = SpanOf(parts[index]);
            if (index != longest)
            {
                part.CopyTo(buffer.Characters.AsSpan(buffer.Origin + at));
            }

            at += part.Length;
        }

        buffer.Start = Math.Min(buffer.Start, start - before);
        buffer.End = Math.Max(buffer.End, at);
        return new Rope(state, buffer, start - before, (int)total);
    }

    /// <summary>The text as a string, which is made once.</summary>
    public override string ToString()
    {
        if (_text is null)
        {
            _state.ChargeText(Length);
            _text = Span.ToString();
        }

        return _text;
    }

    static int LengthOf(object part) => part is Rope rope ? rope.Length : ((string)part).Length;

    static ReadOnlySpan<char> SpanOf(object part) => part is Rope rope ? rope.Span : (string)part;

    static string Short(ReadOnlySpan<object> parts, int total)
    {
        Span<char> into = stackalloc char[total];
        int at = 0;
        foreach (object part in parts)
        {
            ReadOnlySpan<char> text = SpanOf(part);
            text.CopyTo(into[at..]);
            at += text.Length;
        }

        return into.ToString();
    }

    /// <summary>The characters of the ropes that grew out of one another. Positions count from <see cref="Origin"/>, which moves when room is made.</summary>
    sealed class Buffer
    {
        internal Buffer(RenderState state, ReadOnlySpan<char> text, int before, int after)
        {
            state.ChargeText(text.Length);
            Characters = [];
            End = text.Length;
            Resize(state, before, after, text);
        }

        internal char[] Characters { get; private set; }

        internal int Origin { get; private set; }

        /// <summary>The position of the first character in use.</summary>
        internal int Start { get; set; }

        /// <summary>The position after the last character in use.</summary>
        internal int End { get; set; }

        internal void MakeRoom(RenderState state, int before, int after)
        {
            if (Origin + Start < before || Characters.Length - Origin - End < after)
            {
                state.ChargeText(End - Start);
                Resize(state, before, after, Characters.AsSpan(Origin + Start, End - Start));
            }
        }

        /// <summary>Moves the text to where there is room for as much again on the side that needs it.</summary>
        void Resize(RenderState state, int before, int after, ReadOnlySpan<char> text)
        {
            // Room on the other side stays, for texts that grow at both ends by turns.
            long front = before == 0 ? Origin + Start : (long)before + text.Length;
            long back = after == 0 ? Math.Max(0, Characters.Length - Origin - End) : (long)after + text.Length;
            state.RequireLength((front + text.Length + back) / 3);
            state.Allocate(2 * (front + back));
            char[] characters = new char[front + text.Length + back];
            text.CopyTo(characters.AsSpan((int)front));
            Characters = characters;
            Origin = (int)front - Start;
        }
    }
}
