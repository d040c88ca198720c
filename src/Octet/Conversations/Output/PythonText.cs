using System.Text;

namespace Octet.Output;

/// <summary>
/// A text as Python writes it, from its quote on: with one quote or three, with escapes, or several texts that stand next to each other. Line breaks, and quotes behind which
/// nothing comes that may follow a text, are taken as they stand: models write commands of a shell so.
/// </summary>
/// <param name="take">Is given what the text says, bit by bit.</param>
/// <param name="behind">What may follow the text.</param>
sealed class PythonText(Action<string> take, string behind) : CallReader
{
    const string NoCharacter = "\uFFFD";

    char _quote;
    bool _isTriple;

    // How much of what follows a quote has been looked at.
    int _looked;
    char _high;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            ReadOnlySpan<char> rest = scanner.Rest;
            int at = rest.Length;
            if (_quote != 0)
            {
                at = rest.IndexOfAny(_quote, '\\');
                at = at >= 0 ? at : rest is [.., var last] && char.IsHighSurrogate(last) && !scanner.IsEnd ? rest.Length - 1 : rest.Length;
                Take(rest[..at].ToString());
                scanner.Skip(at);
                rest = scanner.Rest;
            }

            if (rest.Length == 0 || (_quote != 0 && rest[0] != _quote && rest[0] != '\\'))
            {
                return scanner.IsEnd ? Progress.Broken : Progress.Waits;
            }

            Progress progress = _quote == 0 ? Open(scanner) : rest[0] == '\\' ? Escape(scanner) : Quote(scanner);
            if (progress != Progress.Done || _quote == 0)
            {
                return progress;
            }
        }
    }

    Progress Open(OutputScanner scanner)
    {
        char quote = scanner.Rest[0];
        Progress triple = scanner.Mark(new string(quote, 3));
        if (triple != Progress.Waits)
        {
            _isTriple = triple == Progress.Done;
            _quote = quote;
            scanner.Skip(_isTriple ? 0 : 1);
            return Progress.Done;
        }

        return triple;
    }

    /// <summary>Whether a quote is the last one, another text follows, or it belongs to what it stands in.</summary>
    Progress Quote(OutputScanner scanner)
    {
        if (_isTriple)
        {
            Progress close = scanner.Mark(new string(_quote, 3));
            if (close == Progress.Waits)
            {
                return close;
            }

            if (close == Progress.Broken)
            {
                Take(_quote.ToString());
                scanner.Skip(1);
            }
            else
            {
                End();
            }

            return Progress.Done;
        }

        _looked = scanner.CountWhiteSpace(Math.Max(1, _looked));
        if (_looked > MaxName)
        {
            return Progress.Broken;
        }

        if (_looked == scanner.Rest.Length)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        char next = scanner.Rest[_looked];
        if (behind.Contains(next, StringComparison.Ordinal))
        {
            scanner.Skip(1);
            End();
        }
        else if (next is '"' or '\'')
        {
            scanner.Skip(_looked);
            _looked = 0;
            return Open(scanner) == Progress.Waits ? Reopen() : Progress.Done;
        }
        else
        {
            Take(_quote.ToString());
            scanner.Skip(1);
        }

        _looked = 0;
        return Progress.Done;
    }

    /// <summary>The quote of the next text has begun to come.</summary>
    Progress Reopen()
    {
        _quote = '\0';
        return Progress.Waits;
    }

    void End()
    {
        Flush();
        _quote = '\0';
    }

    Progress Escape(OutputScanner scanner)
    {
        ReadOnlySpan<char> rest = scanner.Rest;
        if (rest.Length < 2)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        int digits = rest[1] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        int length = 2 + digits;
        if (digits == 0 && IsOctal(rest[1]))
        {
            length = 2;
            while (length < 4 && length < rest.Length && IsOctal(rest[length]))
            {
                length++;
            }

            if (length == rest.Length && length < 4 && !scanner.IsEnd)
            {
                return Progress.Waits;
            }

            Add(Convert.ToInt32(rest[1..length].ToString(), 8));
        }
        else if (digits > 0)
        {
            if (rest.Length < length)
            {
                return scanner.IsEnd ? Progress.Broken : Progress.Waits;
            }

            string code = rest[2..length].ToString();
            if (!code.All(char.IsAsciiHexDigit) || Convert.ToUInt32(code, 16) is not (<= 0x10FFFF and var point))
            {
                return Progress.Broken;
            }

            Add((int)point);
        }
        else
        {
            Take(rest[1] switch
            {
                '\n' => "",
                '\\' or '\'' or '"' => rest[1].ToString(),
                'a' => "\a",
                'b' => "\b",
                'f' => "\f",
                'n' => "\n",
                'r' => "\r",
                't' => "\t",
                'v' => "\v",

                // Any other is two characters.
                _ when char.IsSurrogate(rest[1]) => "\\",
                _ => rest[..2].ToString(),
            });
            length = char.IsSurrogate(rest[1]) ? 1 : 2;
        }

        scanner.Skip(length);
        return Progress.Done;
    }

    /// <summary>A character by its code, which may be half of a surrogate pair.</summary>
    void Add(int code)
    {
        if (code is >= 0xDC00 and < 0xE000 && _high != 0)
        {
            take(new string([_high, (char)code]));
            _high = '\0';
        }
        else if (code is >= 0xD800 and < 0xDC00)
        {
            Flush();
            _high = (char)code;
        }
        else
        {
            Take(Rune.TryCreate(code, out Rune rune) ? rune.ToString() : NoCharacter);
        }
    }

    void Take(string text)
    {
        if (text.Length > 0)
        {
            Flush();
            take(text);
        }
    }

    /// <summary>Half of a pair that the other half does not follow is no character.</summary>
    void Flush()
    {
        if (_high != 0)
        {
            _high = '\0';
            take(NoCharacter);
        }
    }

    static bool IsOctal(char digit) => digit is >= '0' and <= '7';
}
