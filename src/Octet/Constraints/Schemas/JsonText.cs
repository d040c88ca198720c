using System.Globalization;
using System.Text;

namespace Octet.Constraints.Schemas;

/// <summary>
/// JSON as a constrained model writes it. White space is one space behind a comma or a colon, or none, and nowhere else, so that a model cannot
/// write it without end; a number has at most 18 digits, 17 behind the point, and an exponent of two.
/// </summary>
sealed class JsonText
{
    internal const int MostDigits = 18;

    /// <summary>The largest whole number of so many digits.</summary>
    internal const long MostWhole = 999_999_999_999_999_999;
    internal const int MostFractionDigits = 17;

    static readonly CharacterSet s_escaped = CharacterSet.Of((0, 0x1F), ('"', '"'), ('\\', '\\'));
    static readonly CharacterSet s_plain = s_escaped.Negate();
    static readonly CharacterSet s_hexadecimal = CharacterSet.Of(('0', '9'), ('A', 'F'), ('a', 'f'));

    static readonly Expression s_anyCharacter = MakeAnyCharacter("\"\\/bfnrt");
    static readonly Expression s_pythonCharacter = MakeAnyCharacter("\"\\bfnrt");

    readonly Rule _escape = new("an escape") { Body = Escaped(s_escaped), KeepsMasks = false };

    /// <param name="isPython">Whether a reader of Python's literals reads it, to whom <c>\/</c> is two characters: it is not written then.</param>
    internal JsonText(bool isPython = false)
    {
        AnyCharacter = isPython ? s_pythonCharacter : s_anyCharacter;
        String = new Rule("string") { Body = Expression.Sequence(Quote, Expression.Any(AnyCharacter), Quote) };
        Key = new Rule("key") { Body = Expression.Sequence(Quote, Expression.Any(AnyBut(CharacterSet.Empty)), Quote) };
        Integer = new Rule("integer") { Body = Expression.Choice(Expression.Literal("0"), Expression.Sequence(Expression.Optional(Expression.Literal("-")), Digits(1, MostDigits, '1'))) };
        Number = new Rule("number")
        {
            Body = Expression.Sequence(
                Expression.Optional(Expression.Literal("-")),
                Expression.Choice(Expression.Literal("0"), Digits(1, MostDigits, '1')),
                Expression.Optional(Expression.Sequence(Expression.Literal("."), Digits(1, MostFractionDigits, '0'))),
                Expression.Optional(Expression.Sequence(
                    new SetExpression(CharacterSet.Of(('e', 'e'), ('E', 'E'))), Expression.Optional(new SetExpression(CharacterSet.Of(('+', '+'), ('-', '-')))), Digits(1, 2, '0')))),
        };
        Value = new Rule("value");
        Object = new Rule("object") { Body = Braces(Expression.Sequence(Key, Colon, Value)) };
        Array = new Rule("array") { Body = Brackets(Value, 0, null) };
        Value.Body = Expression.Choice(Object, Array, String, Number, True, False, Null);
    }

    internal static Expression Quote { get; } = Expression.Literal("\"");

    internal static Expression Comma { get; } = Expression.Sequence(Expression.Literal(","), Expression.Optional(Expression.Literal(" ")));

    internal static Expression Colon { get; } = Expression.Sequence(Expression.Literal(":"), Expression.Optional(Expression.Literal(" ")));

    internal static Expression True { get; } = Expression.Literal("true");

    internal static Expression False { get; } = Expression.Literal("false");

    internal static Expression Null { get; } = Expression.Literal("null");

    /// <summary>A character of a string in any of its spellings.</summary>
    internal Expression AnyCharacter { get; }

    /// <summary>Any value.</summary>
    internal Rule Value { get; }

    internal Rule Object { get; }

    internal Rule Array { get; }

    internal Rule String { get; }

    /// <summary>A string in the one spelling of <see cref="Escaped(CharacterSet)"/>.</summary>
    internal Rule Key { get; }

    internal Rule Number { get; }

    internal Rule Integer { get; }

    /// <summary>One character of a set within a string, in one spelling: as it is, or where JSON does not allow that by its shortest escape.</summary>
    internal static Expression Escaped(CharacterSet set)
    {
        CharacterSet special = set.Intersect(s_escaped);
        if (special.IsEmpty)
        {
            return new SetExpression(set);
        }

        List<Expression> spellings = [new SetExpression(set.Intersect(s_plain))];
        foreach ((int first, int last) in special.Ranges)
        {
            for (int character = first; character <= last; character++)
            {
                spellings.Add(Expression.Literal(Spell((char)character)));
            }
        }

        return Expression.Choice(spellings);
    }

    /// <summary>One character within a string that is not of a set, in the one spelling.</summary>
    internal Expression AnyBut(CharacterSet set) => set.Intersect(s_escaped).IsEmpty
        ? Expression.Choice(new SetExpression(s_plain.Except(set)), _escape)
        : Escaped(set.Negate());

    /// <summary>The texts of an expression within a string.</summary>
    internal static Expression Escaped(Expression expression) => expression switch
    {
        SetExpression set => Escaped(set.Set),
        SequenceExpression sequence => Expression.Sequence([.. sequence.Parts.Select(Escaped)]),
        ChoiceExpression choice => Expression.Choice([.. choice.Parts.Select(Escaped)]),
        RepeatExpression repeat => new RepeatExpression(Escaped(repeat.Part), repeat.Least, repeat.Most),
        _ => throw new NotSupportedException($"{expression.GetType().Name} is no part of a pattern"),
    };

    /// <summary>A string as it is written, quotes included.</summary>
    internal static string Quoted(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char character in text)
        {
            if (s_escaped.Contains(character))
            {
                quoted.Append(Spell(character));
            }
            else
            {
                quoted.Append(character);
            }
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>An array of so many items.</summary>
    internal static Expression Brackets(Expression item, int least, int? most)
    {
        if (most == 0)
        {
            return least == 0 ? Expression.Literal("[]") : Expression.Nothing;
        }

        Expression items = Expression.Sequence(
            Expression.Literal("["), item, new RepeatExpression(Expression.Sequence(Comma, item), Math.Max(0, least - 1), most - 1), Expression.Literal("]"));
        return least == 0 ? Expression.Choice(Expression.Literal("[]"), items) : items;
    }

    static Expression Braces(Expression member) => Expression.Choice(
        Expression.Literal("{}"),
        Expression.Sequence(Expression.Literal("{"), member, Expression.Any(Expression.Sequence(Comma, member)), Expression.Literal("}")));

    static Expression Digits(int least, int most, char first) => Expression.Sequence(
        new SetExpression(CharacterSet.Of((first, '9'))), new RepeatExpression(new SetExpression(CharacterSet.Of(('0', '9'))), least - 1, most - 1));

    static string Spell(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
    };

    /// <summary>Escapes with numbers are of whole characters: half of a surrogate pair is no text.</summary>
    static Expression MakeAnyCharacter(string escapes)
    {
        Expression digit = new SetExpression(s_hexadecimal);
        Expression octal = new SetExpression(CharacterSet.Of(('0', '7')));
        Expression d = new SetExpression(CharacterSet.Of(('D', 'D'), ('d', 'd')));
        Expression high = new SetExpression(CharacterSet.Of(('8', '9'), ('A', 'B'), ('a', 'b')));
        Expression low = new SetExpression(CharacterSet.Of(('C', 'F'), ('c', 'f')));
        Expression escape = Expression.Literal("\\u");
        return Expression.Choice(
            new SetExpression(s_plain),
            Expression.Sequence(Expression.Literal("\\"), new SetExpression(CharacterSet.Of([.. escapes.Select(letter => ((int)letter, (int)letter))]))),
            Expression.Sequence(escape, new SetExpression(s_hexadecimal.Except(CharacterSet.Of(('D', 'D'), ('d', 'd')))), digit, digit, digit),
            Expression.Sequence(escape, d, octal, digit, digit),
            Expression.Sequence(escape, d, high, digit, digit, escape, d, low, digit, digit));
    }
}
