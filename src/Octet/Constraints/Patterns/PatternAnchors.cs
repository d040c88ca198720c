using System.Globalization;

namespace Octet.Constraints.Patterns;

/// <summary>Gives the anchors of a pattern their meaning: the pattern becomes what the whole text must be.</summary>
static class PatternAnchors
{
    /// <param name="read">The pattern as read.</param>
    /// <param name="around">What may stand where it is not anchored; null: nothing, it is the whole text.</param>
    /// <param name="place">What errors name in front of the offset.</param>
    /// <exception cref="ConstraintException">An anchor is in the middle.</exception>
    internal static Expression Resolve(Expression read, Expression? around, string place)
    {
        if (read is ChoiceExpression choice)
        {
            return Expression.Choice([.. choice.Parts.Select(part => Resolve(part, around, place))]);
        }

        List<Expression> parts = read is SequenceExpression sequence ? [.. sequence.Parts] : [read];
        int first = parts.FindIndex(static part => part is not AnchorExpression { IsStart: true });
        first = first < 0 ? parts.Count : first;
        int last = parts.FindLastIndex(static part => part is not AnchorExpression { IsStart: false });
        if (first == 0 && last == 0 && parts is [ChoiceExpression or SequenceExpression])
        {
            return Resolve(parts[0], around, place);
        }

        bool atStart = first > 0;
        bool atEnd = last < parts.Count - 1;
        parts = last >= first ? parts[first..(last + 1)] : [];
        foreach (Expression part in parts)
        {
            RequireNone(part, place);
        }

        if (around is not null && !atStart)
        {
            parts.Insert(0, around);
        }

        if (around is not null && !atEnd)
        {
            parts.Add(around);
        }

        return Expression.Sequence(parts);
    }

    static void RequireNone(Expression expression, string place)
    {
        switch (expression)
        {
            case AnchorExpression anchor:
                throw new ConstraintException(
                    ConstraintError.Unsupported,
                    string.Create(CultureInfo.InvariantCulture, $"{(place.Length > 0 ? place + ", " : "")}offset {anchor.Offset}"),
                    "an anchor in the middle of a pattern is not supported; expected it at the beginning or the end of an alternative");
            case RepeatExpression repeat:
                RequireNone(repeat.Part, place);
                break;
            case SequenceExpression sequence:
                foreach (Expression part in sequence.Parts)
                {
                    RequireNone(part, place);
                }

                break;
            case ChoiceExpression choice:
                foreach (Expression part in choice.Parts)
                {
                    RequireNone(part, place);
                }

                break;
        }
    }
}
