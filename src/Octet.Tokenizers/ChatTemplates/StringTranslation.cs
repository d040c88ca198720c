using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary><c>str.maketrans</c> and <c>str.translate</c>: code points by number, each to another, to a text or to nothing.</summary>
static class StringTranslation
{
    internal static object? MakeTable(RenderState state, string text, Bound bound)
    {
        PythonDictionary table = new();
        if (!bound.Has(1))
        {
            if (bound[0] is not PythonDictionary mapping)
            {
                throw state.TypeError("if you give only one argument to maketrans it must be a dict");
            }

            foreach ((object? key, object? to) in mapping)
            {
                if (!PythonType.IsText(key) && !PythonType.IsInteger(key))
                {
                    throw state.TypeError("keys in translate table must be strings or integers");
                }

                table.Set(state, PythonType.IsText(key) ? Single(state, PythonText.Str(state, key)) : key, to);
            }

            return table;
        }

        int[] from = Points(state, bound.StrictText(state, 0));
        int[] into = Points(state, bound.StrictText(state, 1));
        if (from.Length != into.Length)
        {
            throw state.ValueError("the first two maketrans arguments must have equal length");
        }

        for (int index = 0; index < from.Length; index++)
        {
            table.Set(state, (long)from[index], (long)into[index]);
        }

        foreach (int point in bound.Has(2) ? Points(state, bound.StrictText(state, 2)) : [])
        {
            table.Set(state, (long)point, null);
        }

        return table;
    }

    internal static string Translate(RenderState state, string text, Bound bound)
    {
        object? table = bound[0];
        if (table is not (PythonDictionary or List<object?> or PythonTuple or PythonRange) && !PythonType.IsText(table))
        {
            throw bound[0] is Undefined undefined ? state.Use(undefined) : state.TypeError($"'{PythonType.Name(bound[0])}' object is not subscriptable");
        }

        state.Charge(text.Length);
        StringBuilder into = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int width = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
            long point = width == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
            if (!Attributes.TryElement(state, table, point, out object? to))
            {
                into.Append(text, at, width);
            }
            else if (PythonType.TextOrNull(to) is { } other)
            {
                state.ChargeText(other.Length);
                state.RequireLength((long)into.Length + other.Length);
                into.Append(other);
            }
            else if (PythonType.IsInteger(to))
            {
                into.Append(Character(state, PythonType.ToIndex(state, to)));
            }
            else if (to is not null)
            {
                throw state.TypeError("character mapping must return integer, None or str");
            }

            at += width;
        }

        state.ChargeText(into.Length);
        return into.ToString();
    }

    static long Single(RenderState state, string key)
    {
        int[] points = key.Length <= 2 ? Points(state, key) : [];
        return points.Length == 1 ? points[0] : throw state.ValueError("string keys in translate table must be of length 1");
    }

    static int[] Points(RenderState state, string text)
    {
        state.Charge(text.Length);
        state.Allocate(4L * text.Length);
        List<int> points = new(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            points.Add(at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? char.ConvertToUtf32(text[at], text[++at]) : text[at]);
        }

        return [.. points];
    }

    static string Character(RenderState state, int point) => point switch
    {
        >= 0 and <= 0xFFFF => ((char)point).ToString(),
        > 0 and <= 0x10FFFF => char.ConvertFromUtf32(point),
        _ => throw state.ValueError("character mapping must be in range(0x110000)"),
    };
}
