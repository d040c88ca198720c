using System.Text.Json;
using Octet.Constraints.Patterns;

namespace Octet.Constraints.Schemas;

/// <summary>Strings and numbers.</summary>
sealed partial class SchemaCompiler
{
    Expression StringOf(List<SchemaPart> all)
    {
        int least = 0;
        int? most = null;
        (SchemaPart Part, string Keyword, Expression Texts)? form = null;
        foreach (SchemaPart part in all)
        {
            if (part.TryGet("pattern", out JsonElement pattern))
            {
                string text = pattern.ValueKind == JsonValueKind.String ? pattern.GetString()! : throw SchemaDocument.Invalid(part, "pattern", $"found {SchemaDocument.Kind(pattern)}; expected a regular expression");
                string place = $"{part.Pointer}/pattern";
                SetForm(part, "pattern", PatternAnchors.Resolve(PatternReader.Read(text, place), Expression.Any(new SetExpression(CharacterSet.All)), place));
            }

            if (part.TryGet("format", out JsonElement format))
            {
                string name = format.ValueKind == JsonValueKind.String ? format.GetString()! : throw SchemaDocument.Invalid(part, "format", $"found {SchemaDocument.Kind(format)}; expected a name");
                if (SchemaFormats.Find(name) is { } texts)
                {
                    SetForm(part, "format", texts);
                }
                else
                {
                    _notChecked.Add($"{part.Pointer}/format: {OneLine.Of(name)}");
                }
            }
        }

        foreach (SchemaPart part in all)
        {
            int? low = SchemaDocument.Count(part, "minLength");
            int? high = SchemaDocument.Count(part, "maxLength");
            least = Math.Max(least, low ?? 0);
            most = high is { } bound ? Math.Min(bound, most ?? bound) : most;
            if (form is { } formed && (low > 0 || high is not null))
            {
                throw SchemaDocument.Unsupported(part, high is null ? "minLength" : "maxLength", $"a length beside {formed.Keyword} is not supported; expected the length in the pattern, or none");
            }
        }

        if (form is { } found)
        {
            return Expression.Sequence(JsonText.Quote, JsonText.Escaped(found.Texts), JsonText.Quote);
        }

        return least == 0 && most is null ? _text.String
            : least > most ? Expression.Nothing
            : Expression.Sequence(JsonText.Quote, new RepeatExpression(_text.AnyCharacter, least, most), JsonText.Quote);

        void SetForm(SchemaPart part, string keyword, Expression texts)
        {
            if (form is not null)
            {
                throw SchemaDocument.Unsupported(part, keyword, $"{keyword} beside another {form.Value.Keyword} is not supported; expected one pattern or format");
            }

            form = (part, keyword, texts);
        }
    }

    Expression NumberOf(List<SchemaPart> all, bool isWhole)
    {
        decimal? low = null;
        decimal? high = null;
        bool isLowOut = false;
        bool isHighOut = false;
        int multiple = 1;
        foreach (SchemaPart part in all)
        {
            foreach ((string keyword, bool isOut) in (ReadOnlySpan<(string, bool)>)[("minimum", false), ("exclusiveMinimum", true)])
            {
                if (Bound(part, keyword, isLower: true) is { } bound && (low is null || bound > low || (bound == low && isOut)))
                {
                    (low, isLowOut) = (bound, isOut);
                }
            }

            foreach ((string keyword, bool isOut) in (ReadOnlySpan<(string, bool)>)[("maximum", false), ("exclusiveMaximum", true)])
            {
                if (Bound(part, keyword, isLower: false) is { } bound && (high is null || bound < high || (bound == high && isOut)))
                {
                    (high, isHighOut) = (bound, isOut);
                }
            }

            if (part.TryGet("multipleOf", out JsonElement of))
            {
                // Multiples of a whole number are whole.
                int next = Multiple(part, of);
                multiple = checked(multiple / Gcd(multiple, next) * next);
                isWhole = true;
                if (multiple > NumberText.MostMultiple)
                {
                    throw SchemaDocument.Unsupported(part, "multipleOf", $"found {SchemaDocument.Found(of)}; expected a whole number from 1 to {NumberText.MostMultiple}, all that hold together included");
                }
            }
        }

        return low is null && high is null && multiple == 1 ? (isWhole ? _text.Integer : _text.Number)
            : NumberText.Between(low, isLowOut, high, isHighOut, isWhole, multiple);
    }

    static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    static int Multiple(SchemaPart part, JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && number == Math.Floor(number) && number is >= 1 and <= NumberText.MostMultiple
            ? (int)number
            : throw SchemaDocument.Unsupported(part, "multipleOf", $"found {SchemaDocument.Kind(value)}; expected a whole number from 1 to {NumberText.MostMultiple}");

    /// <summary>A bound; one beyond all numbers that are written (<see cref="JsonText"/>) as the largest decimal.</summary>
    static decimal? Bound(SchemaPart part, string keyword, bool isLower)
    {
        if (!part.TryGet(keyword, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            throw SchemaDocument.Invalid(part, keyword, $"found {SchemaDocument.Kind(value)}; expected a number");
        }

        decimal bound = value.TryGetDecimal(out decimal given) ? given : value.GetDouble() < 0 ? decimal.MinValue : decimal.MaxValue;
        if (isLower ? bound > JsonText.MostWhole : bound < -JsonText.MostWhole)
        {
            throw SchemaDocument.Unsupported(
                part, keyword, $"found {SchemaDocument.Found(value)}; expected at {(isLower ? "most " : "least -")}{JsonText.MostWhole}: numbers are written with at most {JsonText.MostDigits} digits in front of the point");
        }

        return bound;
    }
}
