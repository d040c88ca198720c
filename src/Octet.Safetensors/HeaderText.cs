using System.Text.Json;

namespace Octet.Safetensors;

/// <summary>
/// The text of a valid header and where its metadata stands or would stand, so that the metadata can be exchanged while every
/// other byte of the text stays as it is.
/// </summary>
readonly ref struct HeaderText
{
    readonly ReadOnlySpan<byte> _json;

    // What an edit replaces: the metadata's entry with the comma that parts it from the next entry (or, where it is the last, from the
    // one before), and the space that follows.
    readonly int _start;
    readonly int _end;
    readonly bool _commaBefore;
    readonly bool _commaAfter;

    /// <param name="json">A header that <see cref="Header.Read"/> has accepted, without its length.</param>
    internal HeaderText(ReadOnlySpan<byte> json)
    {
        _json = json;
        (int open, int name, int end, int previous) = Find(json);
        if (name < 0)
        {
            (_start, _end, _commaAfter) = (open + 1, SkipSpace(json, open + 1), previous >= 0);
            return;
        }

        int next = SkipSpace(json, end);
        _commaAfter = json[next] == ',';
        _commaBefore = previous >= 0 && !_commaAfter;
        _start = _commaBefore ? previous + json[previous..].IndexOf((byte)',') : name;
        _end = SkipSpace(json, _commaAfter ? next + 1 : next);
    }

    /// <summary>The same text with other metadata, as long as the old; null where it would be longer.</summary>
    /// <param name="entry">The entry <c>"__metadata__":{...}</c>, or nothing.</param>
    internal byte[]? ReplaceInPlace(ReadOnlySpan<byte> entry)
    {
        byte[] replacement = Replacement(entry);
        if (replacement.Length <= _end - _start)
        {
            // Every other entry stays where it is.
            byte[] same = _json.ToArray();
            same.AsSpan(_start, _end - _start).Fill((byte)' ');
            replacement.CopyTo(same, _start);
            return same;
        }

        byte[] moved = Replace(entry);
        return moved.Length <= _json.Length ? Padded(moved, _json.Length) : null;
    }

    /// <summary>The same text with other metadata, without space at its end.</summary>
    /// <inheritdoc cref="ReplaceInPlace" path="/param"/>
    internal byte[] Replace(ReadOnlySpan<byte> entry) =>
        [.. _json[.._start], .. Replacement(entry), .. _json[_end..].TrimEnd(" \t\r\n"u8)];

    internal static byte[] Padded(byte[] text, int length)
    {
        byte[] padded = new byte[length];
        padded.AsSpan().Fill((byte)' ');
        text.CopyTo(padded, 0);
        return padded;
    }

    byte[] Replacement(ReadOnlySpan<byte> entry) => entry.IsEmpty
        ? []
        : [.. _commaBefore ? ","u8 : ""u8, .. entry, .. _commaAfter ? ","u8 : ""u8];

    // Name: the metadata's, -1 where there is none. Previous: the end of the entry before it, or of the last; -1 where there is none.
    static (int Open, int Name, int End, int Previous) Find(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = HeaderReader.MaxDepth });
        reader.Read();
        int open = (int)reader.TokenStartIndex;
        int previous = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int name = (int)reader.TokenStartIndex;
            bool found = reader.ValueTextEquals(HeaderReader.MetadataName);
            reader.Skip();
            if (found)
            {
                return (open, name, (int)reader.BytesConsumed, previous);
            }

            previous = (int)reader.BytesConsumed;
        }

        return (open, -1, -1, previous);
    }

    static int SkipSpace(ReadOnlySpan<byte> json, int at)
    {
        int length = json[at..].IndexOfAnyExcept(" \t\r\n"u8);
        return length < 0 ? json.Length : at + length;
    }
}
