using System.Globalization;

namespace PtxEmulator;

/// <summary>Reads one operand of an instruction.</summary>
static class OperandParser
{
    public static Operand Parse(TokenReader tokens)
    {
        Operand first = Simple(tokens);
        return tokens.Accept("|") ? new PairOperand(first, Simple(tokens)) : first;
    }

    static Operand Simple(TokenReader tokens)
    {
        Token token = tokens.Peek;
        if (tokens.Accept("["))
        {
            return Address(tokens);
        }

        if (tokens.Accept("{"))
        {
            return new VectorOperand(List(tokens, "}"));
        }

        if (tokens.Accept("("))
        {
            return new ListOperand(List(tokens, ")"));
        }

        if (tokens.Accept("!"))
        {
            return new NotOperand(tokens.Word());
        }

        if (tokens.Accept("-"))
        {
            return Number(tokens.Word(), token.Line) switch
            {
                IntegerOperand integer => new IntegerOperand(0 - integer.Value),
                FloatOperand real => new FloatOperand(real.Bits ^ (real.IsDouble ? 1UL << 63 : 1UL << 31), real.IsDouble),
                _ => throw new PtxException(PtxError.Syntax, token.Line, "a number is expected after '-'"),
            };
        }

        string word = tokens.Word();
        if (word == "_")
        {
            return new SinkOperand();
        }

        if (char.IsAsciiDigit(word[0]))
        {
            return Number(word, token.Line);
        }

        if (word == "generic" && tokens.Accept("("))
        {
            Operand inner = Parse(tokens);
            tokens.Expect(")");
            return inner;
        }

        return tokens.Peek.Is("+") || tokens.Peek.Is("-") ? new OffsetOperand(word, Offset(tokens)) : new NameOperand(word);
    }

    static Operand[] List(TokenReader tokens, string end)
    {
        var elements = new List<Operand>();
        while (!tokens.Accept(end))
        {
            tokens.RefuseEnd();
            elements.Add(Parse(tokens));
            tokens.Accept(",");
        }

        return [.. elements];
    }

    static AddressOperand Address(TokenReader tokens)
    {
        string? name = null;
        long offset = 0;
        if (tokens.Peek.Kind == TokenKind.Word && !char.IsAsciiDigit(tokens.Peek.Text[0]))
        {
            name = tokens.Word();
        }
        else if (tokens.Peek.Kind == TokenKind.Word)
        {
            offset = (long)Integer(tokens.Word(), tokens.Peek.Line);
        }

        offset += Offset(tokens);
        Operand[] coordinates = [];
        if (tokens.Accept(","))
        {
            tokens.Expect("{");
            coordinates = List(tokens, "}");
        }

        tokens.Expect("]");
        return new AddressOperand(name, offset, coordinates);
    }

    static long Offset(TokenReader tokens)
    {
        long offset = 0;
        while (tokens.Peek.Is("+") || tokens.Peek.Is("-"))
        {
            bool negative = tokens.Next().Is("-");
            if (tokens.Accept("-"))
            {
                negative = !negative;
            }

            long value = (long)Integer(tokens.Word(), tokens.Peek.Line);
            offset += negative ? -value : value;
        }

        return offset;
    }

    static Operand Number(string word, int line)
    {
        if (word.Length == 10 && word.StartsWith("0f", StringComparison.OrdinalIgnoreCase))
        {
            return new FloatOperand(Hex(word, line), IsDouble: false);
        }

        if (word.Length == 18 && word.StartsWith("0d", StringComparison.OrdinalIgnoreCase))
        {
            return new FloatOperand(Hex(word, line), IsDouble: true);
        }

        return word.Contains('.', StringComparison.Ordinal) && double.TryParse(word, CultureInfo.InvariantCulture, out double value)
            ? new FloatOperand(BitConverter.DoubleToUInt64Bits(value), IsDouble: true)
            : new IntegerOperand(Integer(word, line));
    }

    static ulong Integer(string word, int line)
    {
        string digits = word.TrimEnd('U', 'u');
        (string number, NumberStyles style) = digits switch
        {
            ['0', 'x' or 'X', .. string hex] => (hex, NumberStyles.AllowHexSpecifier),
            ['0', 'b' or 'B', .. string binary] => (binary, NumberStyles.AllowBinarySpecifier),
            _ => (digits, NumberStyles.None),
        };
        return ulong.TryParse(number, style, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new PtxException(PtxError.Syntax, line, $"a number is expected, not '{word}'");
    }

    static ulong Hex(string word, int line) =>
        ulong.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits)
            ? bits
            : throw new PtxException(PtxError.Syntax, line, $"a float's bits are hexadecimal, not '{word}'");
}
