using System.Globalization;
using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Filters on numbers.</summary>
static class NumberFilters
{
    internal static object? Absolute(RenderState state, object? value, Bound bound) => value switch
    {
        double real => Math.Abs(real),
        _ when PythonType.IsInteger(value) => PythonType.FromBig(BigInteger.Abs(PythonType.ToBig(value))),
        _ => throw state.TypeError($"bad operand type for abs(): '{PythonType.Name(value)}'"),
    };

    internal static object? Float(RenderState state, object? value, Bound bound)
    {
        if (value is Undefined undefined)
        {
            throw state.Use(undefined);
        }

        if (PythonType.IsNumber(value))
        {
            return PythonType.ToDouble(state, value);
        }

        return (PythonType.TextOrNull(value) is { } text ? NumberText.ParseFloat(state, text) : null) ?? bound.Or(0, 0.0);
    }

    internal static object? Integer(RenderState state, object? value, Bound bound)
    {
        if (value is Undefined undefined)
        {
            throw state.Use(undefined);
        }

        if (PythonType.IsInteger(value))
        {
            return PythonType.FromBig(PythonType.ToBig(value));
        }

        double? real = value as double?;
        if (PythonType.TextOrNull(value) is { } text)
        {
            if (NumberText.Parse(state, text, bound.Integer(state, 1, 10)) is { } whole)
            {
                return whole;
            }

            real = NumberText.ParseFloat(state, text);
        }

        return real is { } number && double.IsFinite(number) ? PythonType.FromBig(new BigInteger(number)) : bound.Or(0, 0L);
    }

    internal static object? Round(RenderState state, object? value, Bound bound)
    {
        int precision = bound.Integer(state, 0, 0);
        string method = bound.Text(state, 1, "common");
        if (!PythonType.IsNumber(value))
        {
            throw value is Undefined undefined ? state.Use(undefined) : state.TypeError($"type {PythonType.Name(value)} doesn't define __round__ method");
        }

        if (method is "ceil" or "floor")
        {
            double scale = Math.Pow(10, precision);
            double scaled = PythonType.ToDouble(state, value) * scale;
            return (method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale;
        }

        if (method != "common")
        {
            throw state.Error("FilterArgumentError", "method must be common, ceil or floor");
        }

        state.Charge(FormatSpecification.DigitSteps(Math.Abs(Math.Clamp(precision, -330, 330))));
        if (value is double real)
        {
            return DecimalText.Round(real, precision);
        }

        return precision >= 0 ? PythonType.FromBig(PythonType.ToBig(value)) : Arithmetic.RoundToTens(state, PythonType.ToBig(value), -(long)precision);
    }

    internal static object? Sum(RenderState state, object? value, Bound bound)
    {
        Func<object?, object?> select = AttributePath.Selector(state, bound.Or(0, null));
        object? total = bound.Or(1, 0L);
        if (PythonType.IsText(total))
        {
            throw state.TypeError("sum() can't sum strings [use ''.join(seq) instead]");
        }

        foreach (object? item in Iteration.Of(state, value))
        {
            total = Arithmetic.Apply(state, "+", total, select(item));
        }

        return total;
    }

    internal static object? FileSize(RenderState state, object? value, Bound bound)
    {
        double bytes = Float(state, value, new Bound([0.0], Arguments.None)) is double size ? size : 0;
        bool binary = bound.Flag(state, 0);
        int unit = binary ? 1024 : 1000;
        if (bytes == 1)
        {
            return "1 Byte";
        }

        if (bytes < unit)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(long)bytes} Bytes");
        }

        const string Prefixes = "kMGTPEZY";
        double scale = unit;
        int prefix = 0;
        while (prefix + 1 < Prefixes.Length && bytes >= scale * unit)
        {
            scale *= unit;
            prefix++;
        }

        string name = binary ? char.ToUpperInvariant(Prefixes[prefix]) + "iB" : Prefixes[prefix] + "B";
        return string.Create(CultureInfo.InvariantCulture, $"{DecimalText.Fixed(bytes / scale, 1)} {name}");
    }
}
