using System.Numerics;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// Values are plain objects: <see langword="null"/> (None), <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/> (only
/// beyond 64 bits), <see cref="double"/>, <see cref="string"/>, <see cref="Rope"/> (a long string), <see cref="Markup"/>, <see cref="List{T}"/>, <see cref="PythonTuple"/>,
/// <see cref="PythonDictionary"/>, <see cref="PythonRange"/>, iterators and views, callables and <see cref="Undefined"/>.
/// </summary>
static class PythonType
{
    internal static string Name(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string or Rope => "str",
        Markup => "Markup",
        List<object?> => "list",
        PythonTuple => "tuple",
        PythonDictionary => "dict",
        PythonRange => "range",
        PythonIterator => "generator",
        DictionaryView view => view.TypeName,
        Namespace => "Namespace",
        LoopContext => "LoopContext",
        Macro => "Macro",
        Cycler => "Cycler",
        Joiner => "Joiner",
        Undefined => "Undefined",
        _ => "function",
    };

    /// <summary>jinja2's <c>object_type_repr</c>: the words of its messages on undefined attributes.</summary>
    internal static string Describe(object? value) => value switch
    {
        null => "None",
        Namespace or Cycler or Joiner => $"jinja2.utils.{Name(value)} object",
        LoopContext or Macro or Undefined => $"jinja2.runtime.{Name(value)} object",
        Markup => "markupsafe.Markup object",
        _ => $"{Name(value)} object",
    };

    internal static bool IsInteger(object? value) => value is long or BigInteger or bool;

    internal static bool IsNumber(object? value) => value is double || IsInteger(value);

    internal static bool IsText(object? value) => value is string or Rope or Markup;

    internal static bool IsPlainText(object? value) => value is string or Rope;

    internal static string? TextOrNull(object? value) => value switch
    {
        string text => text,
        Rope rope => rope.ToString(),
        Markup markup => markup.Text,
        _ => null,
    };

    /// <summary>The characters of a text, which a rope has without becoming a string; none where the value is no text.</summary>
    internal static ReadOnlySpan<char> Characters(object? value) => value is Rope rope ? rope.Span : TextOrNull(value);

    internal static int TextLength(object? value) => value is Rope rope ? rope.Length : TextOrNull(value)?.Length ?? 0;

    internal static BigInteger ToBig(object? value) => value switch
    {
        long small => small,
        bool truth => truth ? 1 : 0,
        BigInteger big => big,
        _ => throw new InvalidCastException(),
    };

    /// <summary>An integer in its one form: 64 bits where they suffice.</summary>
    internal static object FromBig(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    internal static double ToDouble(RenderState state, object? value)
    {
        double result = value is double real ? real : (double)ToBig(value);
        return double.IsInfinity(result) && value is not double ? throw state.Error("OverflowError", "int too large to convert to float") : result;
    }

    /// <summary>An integer argument that counts characters, elements or positions; beyond 32 bits it is cut, as lengths are.</summary>
    internal static int ToIndex(RenderState state, object? value)
    {
        if (value is long small)
        {
            return (int)Math.Clamp(small, int.MinValue + 1, int.MaxValue);
        }

        if (!IsInteger(value))
        {
            throw value is Undefined undefined ? state.Use(undefined) : state.TypeError($"'{Name(value)}' object cannot be interpreted as an integer");
        }

        return (int)BigInteger.Clamp(ToBig(value), int.MinValue + 1, int.MaxValue);
    }

    /// <summary>An integer argument that is a number of its own, not a count: beyond 64 bits it is refused.</summary>
    internal static long ToLong(RenderState state, object? value)
    {
        if (!IsInteger(value))
        {
            throw state.TypeError($"'{Name(value)}' object cannot be interpreted as an integer");
        }

        return FromBig(ToBig(value)) is long small ? small : throw TooLarge(state);
    }

    internal static ChatTemplateException TooLarge(RenderState state) => state.Error("OverflowError", "Python int too large to convert to C ssize_t");

    internal static bool Truth(RenderState state, object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long small => small != 0,
        double real => real != 0,
        string text => text.Length > 0,
        Rope => true,
        Markup markup => markup.Text.Length > 0,
        List<object?> list => list.Count > 0,
        PythonTuple tuple => tuple.Items.Length > 0,
        PythonDictionary dictionary => dictionary.Count > 0,
        PythonRange range => range.Count > 0,
        DictionaryView view => view.Dictionary.Count > 0,
        LoopContext loop => loop.Length(state) > 0,
        _ => true,
    };
}
