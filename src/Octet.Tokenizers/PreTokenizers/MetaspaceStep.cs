using System.Text;

namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Where Metaspace puts its mark in front of a text; the names are those of tokenizer.json.</summary>
enum PrependScheme
{
    /// <summary>In front of every piece.</summary>
    Always,

    /// <summary>Only where the original text begins.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}

/// <summary>Metaspace: a mark for each space, one in front, and pieces that begin with the mark.</summary>
sealed class MetaspaceStep(string replacement, PrependScheme scheme, bool split, PieceStep next) : RewritingStep(next)
{
    readonly byte[] _mark = Encoding.UTF8.GetBytes(replacement);

    protected override bool Rewrite(AlignedText text, TextBuffer into, bool first)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int space = bytes.IndexOf((byte)' ');
        bool prepend = bytes[0] != ' ' && !bytes.StartsWith(_mark) && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && first));
        if (!prepend && space < 0)
        {
            return false;
        }

        if (prepend)
        {
            into.Put(text, _mark, 0);
        }

        int copied = 0;
        while (space >= 0)
        {
            into.Keep(text, copied, space - copied);
            into.Put(text, _mark, space);
            copied = space + 1;
            int skip = bytes[copied..].IndexOf((byte)' ');
            space = skip < 0 ? -1 : copied + skip;
        }

        into.Keep(text, copied, bytes.Length - copied);
        return true;
    }

    protected override void Cut(ReadOnlySpan<byte> text, int at, TokenWriter writer)
    {
        if (!split)
        {
            Hand(text, at, writer);
            return;
        }

        // A mark goes with the text behind it, and of marks that touch each but the last is a piece.
        int start = 0;
        while (start < text.Length)
        {
            int from = text[start..].StartsWith(_mark) ? start + _mark.Length : start;
            int skip = text[from..].IndexOf(_mark);
            int end = skip < 0 ? text.Length : from + skip;
            Hand(text[start..end], at + start, writer);
            start = end;
        }
    }
}
