using System.Text;

namespace Octet.Cli.Chat;

/// <summary>
/// Keys out of the bytes that a terminal in raw mode sends: UTF-8, control characters, and the escape sequences of ECMA-48 and xterm, a paste in
/// brackets (ESC [ 200 ~ ... ESC [ 201 ~) among them. Sequences that mean nothing here are passed over.
/// </summary>
/// <param name="input">The terminal.</param>
/// <param name="awaits">Is called before the terminal is asked for more; null: nothing.</param>
sealed class KeyReader(Stream input, Action? awaits = null)
{
    const byte Escape = 0x1B;
    static readonly byte[] s_pasteEnd = "\e[201~"u8.ToArray();
    readonly byte[] _buffer = new byte[4096];
    int _at;
    int _count;

    /// <summary>The next key. What is not UTF-8 is inserted as U+FFFD, which is seen and can be deleted.</summary>
    internal Key Read() => Next() switch
    {
        -1 => new Key(KeyAction.Close),
        0x01 => new Key(KeyAction.Home),
        0x02 => new Key(KeyAction.Left),
        0x03 => new Key(KeyAction.Interrupt),
        0x04 => new Key(KeyAction.DeleteOrClose),
        0x05 => new Key(KeyAction.End),
        0x06 => new Key(KeyAction.Right),
        0x08 or 0x7F => new Key(KeyAction.Backspace),
        0x09 => new Key(KeyAction.Insert, "\t"),
        0x0A or 0x0D => new Key(KeyAction.Enter),
        0x0B => new Key(KeyAction.DeleteToEnd),
        0x0C => new Key(KeyAction.ClearScreen),
        0x0E => new Key(KeyAction.Down),
        0x10 => new Key(KeyAction.Up),
        0x15 => new Key(KeyAction.DeleteToStart),
        0x17 => new Key(KeyAction.DeleteWord),
        0x1A => new Key(KeyAction.Suspend),
        Escape => ReadEscape(),
        < 0x20 => default,
        int first => new Key(KeyAction.Insert, ReadCharacter((byte)first)),
    };

    Key ReadEscape()
    {
        switch (Next())
        {
            case '[':
                return ReadSequence();
            case 'O':
                return Final(Next(), byWord: false);
            case '\r' or '\n':
                return new Key(KeyAction.NewLine);
            case 'b':
                return new Key(KeyAction.WordLeft);
            case 'f':
                return new Key(KeyAction.WordRight);
            case 0x7F:
                return new Key(KeyAction.DeleteWord);
            case -1:
                return new Key(KeyAction.Close);
            default:
                // The escape key by itself means nothing; what was pressed after it does.
                _at--;
                return default;
        }
    }

    Key ReadSequence()
    {
        var parameters = new StringBuilder();
        int next;
        while ((next = Next()) is >= 0x20 and < 0x40)
        {
            parameters.Append((char)next);
        }

        string[] numbers = parameters.ToString().Split(';');
        return (next, numbers[0]) switch
        {
            (-1, _) => new Key(KeyAction.Close),
            ('~', "1" or "7") => new Key(KeyAction.Home),
            ('~', "4" or "8") => new Key(KeyAction.End),
            ('~', "3") => new Key(KeyAction.Delete),
            ('~', "200") => ReadPaste(),
            _ => Final(next, byWord: numbers.Length > 1 && numbers[1] is "3" or "5"),
        };
    }

    Key Final(int final, bool byWord)
    {
        switch (final)
        {
            case 'A':
                return new Key(KeyAction.Up);
            case 'B':
                return new Key(KeyAction.Down);
            case 'C':
                return new Key(byWord ? KeyAction.WordRight : KeyAction.Right);
            case 'D':
                return new Key(byWord ? KeyAction.WordLeft : KeyAction.Left);
            case 'H':
                return new Key(KeyAction.Home);
            case 'F':
                return new Key(KeyAction.End);
            case < 0x20:
                // The sequence is cut off, and a control character is a key of its own.
                TakeBack(final);
                return default;
            default:
                return default;
        }
    }

    Key ReadPaste()
    {
        var bytes = new List<byte>();
        int matched = 0;
        while (matched < s_pasteEnd.Length)
        {
            int next = Next();
            if (next < 0)
            {
                return new Key(KeyAction.Close);
            }

            // The first byte of the mark occurs in it once, so a mismatch begins anew at most there.
            matched = next == s_pasteEnd[matched] ? matched + 1 : next == Escape ? 1 : 0;
            bytes.Add((byte)next);
        }

        bytes.RemoveRange(bytes.Count - s_pasteEnd.Length, s_pasteEnd.Length);

        // Terminals send the line breaks of a paste as the Enter key.
        return new Key(KeyAction.Insert, Encoding.UTF8.GetString([.. bytes]).ReplaceLineEndings("\n"));
    }

    string ReadCharacter(byte first)
    {
        int length = first switch
        {
            < 0x80 => 1,
            >= 0xC2 and < 0xE0 => 2,
            >= 0xE0 and < 0xF0 => 3,
            >= 0xF0 and < 0xF5 => 4,
            _ => 1,
        };
        Span<byte> bytes = stackalloc byte[4];
        bytes[0] = first;
        int count = 1;
        while (count < length)
        {
            int next = Next();
            if (next is < 0x80 or > 0xBF)
            {
                // The character is cut off, and what follows is a key of its own.
                TakeBack(next);
                break;
            }

            bytes[count++] = (byte)next;
        }

        return Encoding.UTF8.GetString(bytes[..count]);
    }

    void TakeBack(int next) => _at -= next < 0 ? 0 : 1;

    /// <summary>The next byte; -1 where the terminal has gone.</summary>
    int Next()
    {
        if (_at == _count)
        {
            awaits?.Invoke();
            _count = ReadBuffer();
            _at = 0;
            if (_count == 0)
            {
                return -1;
            }
        }

        return _buffer[_at++];
    }

    int ReadBuffer()
    {
        try
        {
            return input.Read(_buffer);
        }
        catch (IOException)
        {
            // A terminal whose other end has gone gives EIO.
            return 0;
        }
    }
}
