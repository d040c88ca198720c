namespace Octet.Output;

/// <summary>
/// Follows JSON (RFC 8259) that arrives character by character: whether what has come can still become a value, and where the value is whole.
/// The value is an object, an array or a string: of a number only what follows tells that it has ended.
/// </summary>
struct JsonProgress
{
    // As .NET's own reader: deeper is refused.
    const int MaxDepth = 64;

    enum State : byte
    {
        Value,
        FirstItem,
        FirstKey,
        Key,
        Colon,
        AfterValue,
        Text,
        Escape,
        Hex,
        Minus,
        Zero,
        Integer,
        Point,
        Fraction,
        E,
        Sign,
        Exponent,
        Literal,
    }

    State _state;
    int _depth;

    // A bit for each level: 1 is an object.
    ulong _objects;
    bool _isKey;
    int _count;
    string _literal;

    /// <summary>Takes the next character.</summary>
    internal Progress Take(char next)
    {
        switch (_state)
        {
            case State.Text:
                if (next == '"')
                {
                    return _isKey ? Go(State.Colon) : EndValue();
                }

                return next == '\\' ? Go(State.Escape) : next < ' ' ? Progress.Broken : Progress.Waits;
            case State.Escape:
                _count = 0;
                return next == 'u' ? Go(State.Hex) : next is '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't' ? Go(State.Text) : Progress.Broken;
            case State.Hex:
                return !char.IsAsciiHexDigit(next) ? Progress.Broken : ++_count == 4 ? Go(State.Text) : Progress.Waits;
            case State.Literal:
                return next != _literal[_count] ? Progress.Broken : ++_count == _literal.Length ? EndValue() : Progress.Waits;
            case State.Minus:
                return next == '0' ? Go(State.Zero) : char.IsAsciiDigit(next) ? Go(State.Integer) : Progress.Broken;
            case State.Integer when char.IsAsciiDigit(next):
            case State.Fraction when char.IsAsciiDigit(next):
            case State.Exponent when char.IsAsciiDigit(next):
                return Progress.Waits;
            case State.Point:
                return char.IsAsciiDigit(next) ? Go(State.Fraction) : Progress.Broken;
            case State.E when next is '+' or '-':
                return Go(State.Sign);
            case State.E or State.Sign:
                return char.IsAsciiDigit(next) ? Go(State.Exponent) : Progress.Broken;
            case State.Zero or State.Integer when next == '.':
                return Go(State.Point);
            case State.Zero or State.Integer or State.Fraction when next is 'e' or 'E':
                return Go(State.E);
            case State.Zero or State.Integer or State.Fraction or State.Exponent:
                _state = State.AfterValue;
                break;
        }

        return next is ' ' or '\t' or '\r' or '\n' ? Progress.Waits : Between(next);
    }

    Progress Between(char next)
    {
        switch (_state)
        {
            case State.FirstKey when next == '}':
            case State.FirstItem when next == ']':
                return Close();
            case State.FirstKey or State.Key:
                _isKey = true;
                return next == '"' ? Go(State.Text) : Progress.Broken;
            case State.Colon:
                return next == ':' ? Go(State.Value) : Progress.Broken;
            case State.AfterValue:
                bool isObject = (_objects & 1) == 1;
                return next == ',' ? Go(isObject ? State.Key : State.Value) : next == (isObject ? '}' : ']') ? Close() : Progress.Broken;
            default:
                return Begin(next);
        }
    }

    Progress Begin(char next)
    {
        _count = 1;
        _isKey = false;
        switch (next)
        {
            case '{' or '[' when _depth < MaxDepth:
                _depth++;
                _objects = (_objects << 1) | (next == '{' ? 1UL : 0);
                return Go(next == '{' ? State.FirstKey : State.FirstItem);
            case '"':
                return Go(State.Text);
            case '-' when _depth > 0:
                return Go(State.Minus);
            case '0' when _depth > 0:
                return Go(State.Zero);
            case >= '1' and <= '9' when _depth > 0:
                return Go(State.Integer);
            case 't' or 'f' or 'n' when _depth > 0:
                _literal = next == 't' ? "true" : next == 'f' ? "false" : "null";
                return Go(State.Literal);
            default:
                return Progress.Broken;
        }
    }

    Progress Close()
    {
        _depth--;
        _objects >>= 1;
        return EndValue();
    }

    Progress EndValue()
    {
        _state = State.AfterValue;
        return _depth == 0 ? Progress.Done : Progress.Waits;
    }

    Progress Go(State state)
    {
        _state = state;
        return Progress.Waits;
    }
}
