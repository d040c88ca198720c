using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's operators on numbers, strings and sequences.</summary>
static class Arithmetic
{
    /// <summary>An integer of more bits than this is refused: CPython would go on for ever, and prints no more than 4300 digits.</summary>
    const int MaxIntegerBits = 1 << 16;

    internal static object? Apply(RenderState state, string symbol, object? left, object? right)
    {
        state.Charge();
        if (left is long a && right is long b)
        {
            long result;
            switch (symbol)
            {
                case "*":
                    if (Math.BigMul(a, b, out result) == result >> 63)
                    {
                        return result;
                    }

                    break;
                case "//" or "%" when b > 0:
                    (long quotient, long rest) = Math.DivRem(a, b);
                    return symbol == "%" ? rest + (rest < 0 ? b : 0) : quotient - (rest < 0 ? 1 : 0);
                case "+":
                    result = unchecked(a + b);
                    if (((a ^ result) & (b ^ result)) >= 0)
                    {
                        return result;
                    }

                    break;
                case "-":
                    result = unchecked(a - b);
                    if (((a ^ b) & (a ^ result)) >= 0)
                    {
                        return result;
                    }

                    break;
            }
        }

        if (PythonType.IsNumber(left) && PythonType.IsNumber(right))
        {
            return symbol == "/" && left is not double && right is not double
                ? Quotient(state, PythonType.ToBig(left), PythonType.ToBig(right))
                : left is double || right is double
                ? Floats(state, symbol, left, right)
                : Integers(state, symbol, PythonType.ToBig(left), PythonType.ToBig(right));
        }

        return symbol switch
        {
            "+" => Add(state, left, right),
            "*" when PythonType.IsInteger(right) && IsSequence(left) => Repeat(state, left, right),
            "*" when PythonType.IsInteger(left) && IsSequence(right) => Repeat(state, right, left),
            "%" when PythonType.IsText(left) => PercentFormat.Apply(state, left!, right),
            _ => throw Unsupported(state, symbol == "**" ? "** or pow()" : symbol, left, right),
        };
    }

    internal static object? Negate(RenderState state, object? value, bool negative) => value switch
    {
        double real => negative ? -real : real,
        long or BigInteger or bool => PythonType.FromBig(negative ? -PythonType.ToBig(value) : PythonType.ToBig(value)),
        Undefined undefined => throw state.Use(undefined),
        _ => throw state.TypeError($"bad operand type for unary {(negative ? '-' : '+')}: '{PythonType.Name(value)}'"),
    };

    /// <summary>The multiple of ten to <paramref name="power"/> that is nearest, the even one of two.</summary>
    internal static object RoundToTens(RenderState state, BigInteger value, long power)
    {
        // Ten to the power has more than three bits for each of its zeros: of a number that is much shorter nothing is left.
        long bits = value.GetBitLength();
        if (power * 3 > bits + 2)
        {
            return 0L;
        }

        long tenBits = (power * 10 / 3) + 1;
        ChargeWords(state, tenBits, tenBits);
        ChargeWords(state, bits, tenBits);
        ChargeWords(state, bits, tenBits);
        BigInteger ten = BigInteger.Pow(10, (int)power);
        return PythonType.FromBig(DecimalText.DivideToEven(value, ten) * ten);
    }

    static object? Add(RenderState state, object? left, object? right)
    {
        switch (left, right)
        {
            case (string or Rope, string or Rope):
                return Rope.Concat(state, [left, right]);
            case (string or Rope or Markup, string or Rope or Markup):
                string first = left is Markup marked ? marked.Text : Markup.Escape(state, PythonText.Str(state, left));
                string second = right is Markup other ? other.Text : Markup.Escape(state, PythonText.Str(state, right));
                state.ChargeText((long)first.Length + second.Length);
                return new Markup(first + second);
            case (List<object?> a, List<object?> b):
                state.ChargeElements((long)a.Count + b.Count);
                return new List<object?>([.. a, .. b]);
            case (PythonTuple a, PythonTuple b):
                state.ChargeElements((long)a.Items.Length + b.Items.Length);
                return new PythonTuple([.. a.Items, .. b.Items]);
            default:
                if (left is not Undefined && right is not Undefined && (PythonType.IsText(left) || left is List<object?> or PythonTuple))
                {
                    string type = PythonType.IsText(left) ? "str" : PythonType.Name(left);
                    throw state.TypeError($"can only concatenate {type} (not \"{PythonType.Name(right)}\") to {type}");
                }

                throw Unsupported(state, "+", left, right);
        }
    }

    static bool IsSequence(object? value) => PythonType.IsText(value) || value is List<object?> or PythonTuple;

    static object Repeat(RenderState state, object? sequence, object? times)
    {
        int count = Math.Max(0, PythonType.ToIndex(state, times));
        if (PythonType.TextOrNull(sequence) is { } text)
        {
            state.ChargeText((long)text.Length * count);
            string repeated = text.Length == 0 ? "" : new System.Text.StringBuilder().Insert(0, text, count).ToString();
            return sequence is Markup ? new Markup(repeated) : repeated;
        }

        IReadOnlyList<object?> items = sequence is PythonTuple tuple ? tuple.Items : (List<object?>)sequence!;
        state.ChargeElements((long)items.Count * count);
        List<object?> result = new(items.Count * count);
        for (int index = 0; items.Count > 0 && index < count; index++)
        {
            result.AddRange(items);
        }

        return sequence is PythonTuple ? new PythonTuple([.. result]) : result;
    }

    static object Integers(RenderState state, string symbol, BigInteger left, BigInteger right)
    {
        long leftBits = left.GetBitLength();
        long rightBits = right.GetBitLength();
        ChargeWords(state, leftBits, symbol is "+" or "-" ? 64 : rightBits);
        if (symbol == "*" && leftBits + rightBits > MaxIntegerBits + 2)
        {
            throw TooLong(state);
        }

        switch (symbol)
        {
            case "+":
                return Bounded(state, left + right);
            case "-":
                return Bounded(state, left - right);
            case "*":
                return Bounded(state, left * right);
            case "//" or "%":
                if (right.IsZero)
                {
                    throw state.Error("ZeroDivisionError", symbol == "//" ? "integer division or modulo by zero" : "integer modulo by zero");
                }

                BigInteger quotient = BigInteger.DivRem(left, right, out BigInteger rest);
                bool down = !rest.IsZero && (rest.Sign < 0) != (right.Sign < 0);
                return PythonType.FromBig(symbol == "//" ? quotient - (down ? 1 : 0) : rest + (down ? right : 0));
            case "**":
                if (right.Sign < 0)
                {
                    return Floats(state, symbol, PythonType.FromBig(left), PythonType.FromBig(right));
                }

                if (!left.IsZero && !BigInteger.Abs(left).IsOne && (right > MaxIntegerBits || (double)left.GetBitLength() * (double)right > MaxIntegerBits * 2.0))
                {
                    throw TooLong(state);
                }

                long bits = (long)Math.Min(leftBits * (double)right, MaxIntegerBits);
                ChargeWords(state, bits, bits);
                bool unit = left.IsZero || BigInteger.Abs(left).IsOne;
                return Bounded(state, BigInteger.Pow(left, unit && right > 2 ? (int)(2 + (right % 2)) : (int)right));
            default:
                throw new NotSupportedException(symbol);
        }
    }

    /// <summary>The double that is nearest to the quotient of two integers, of which each may be beyond all doubles.</summary>
    static double Quotient(RenderState state, BigInteger left, BigInteger right)
    {
        const int Digits = 53;
        const int Smallest = -1074;
        if (right.IsZero)
        {
            throw state.Error("ZeroDivisionError", "division by zero");
        }

        long leftBits = left.GetBitLength();
        long rightBits = right.GetBitLength();
        if (leftBits <= Digits && rightBits <= Digits)
        {
            return (double)left / (double)right;
        }

        ChargeWords(state, leftBits, rightBits);
        BigInteger dividend = BigInteger.Abs(left);
        BigInteger divisor = BigInteger.Abs(right);

        // The power of two by which a whole quotient has as many digits as a double, or those that are left of one so small.
        long distance = dividend.GetBitLength() - divisor.GetBitLength();
        bool longer = distance >= 0 ? dividend >= divisor << (int)distance : dividend << (int)-distance >= divisor;
        int power = (int)Math.Max(distance - (longer ? 0 : 1) - (Digits - 1), Smallest);
        _ = power >= 0 ? divisor <<= power : dividend <<= -power;
        double quotient = Math.ScaleB((double)DecimalText.DivideToEven(dividend, divisor), power);
        return double.IsInfinity(quotient)
            ? throw state.Error("OverflowError", "integer division result too large for a float")
            : left.Sign * right.Sign < 0 ? -quotient : quotient;
    }

    static object Bounded(RenderState state, BigInteger value) => value.GetBitLength() > MaxIntegerBits
        ? throw TooLong(state)
        : PythonType.FromBig(value);

    static ChatTemplateException TooLong(RenderState state) => state.Limit($"the template computes an integer of more than {MaxIntegerBits} bits: use smaller numbers");

    /// <summary>Accounts for an operation on integers that takes the product of their lengths: a step for 32 products of 32-bit words.</summary>
    static void ChargeWords(RenderState state, long leftBits, long rightBits) => state.Charge(((leftBits + 32) >> 5) * ((rightBits + 32) >> 5) >> 5);

    static double Floats(RenderState state, string symbol, object? left, object? right)
    {
        double a = PythonType.ToDouble(state, left);
        double b = PythonType.ToDouble(state, right);
        if (b == 0 && (symbol is "/" or "//" or "%"))
        {
            throw state.Error("ZeroDivisionError", symbol switch
            {
                "/" => "float division by zero",
                "//" => "float floor division by zero",
                _ => "float modulo",
            });
        }

        switch (symbol)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a * b;
            case "/":
                return a / b;
            case "//":
                double rest = a % b;
                double quotient = (a - rest) / b;
                if (rest != 0 && (b < 0) != (rest < 0))
                {
                    quotient -= 1;
                }

                double floor = Math.Floor(quotient);
                return quotient == 0 ? Math.CopySign(0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor;
            case "%":
                double modulo = a % b;
                return modulo == 0 ? Math.CopySign(0, b) : (b < 0) != (modulo < 0) ? modulo + b : modulo;
            default:
                if (a == 0 && b < 0)
                {
                    throw state.Error("ZeroDivisionError", "0.0 cannot be raised to a negative power");
                }

                double power = Math.Pow(a, b);
                return double.IsNaN(power) && !double.IsNaN(a) && !double.IsNaN(b)
                    ? throw state.TypeError("complex numbers are not part of the template language")
                    : double.IsInfinity(power) && double.IsFinite(a) && double.IsFinite(b)
                        ? throw state.Error("OverflowError", "(34, 'Numerical result out of range')")
                        : power;
        }
    }

    static ChatTemplateException Unsupported(RenderState state, string symbol, object? left, object? right) =>
        left is Undefined || right is Undefined
            ? state.Use((Undefined)(left is Undefined ? left : right!))
            : state.TypeError($"unsupported operand type(s) for {symbol}: '{PythonType.Name(left)}' and '{PythonType.Name(right)}'");
}
