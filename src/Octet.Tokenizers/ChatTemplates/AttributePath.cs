namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The <c>attribute</c> argument of filters: <c>"a.b.0"</c> or an integer, looked up as elements first.</summary>
static class AttributePath
{
    internal static Func<object?, object?> Selector(RenderState state, object? path, object? otherwise = null)
    {
        if (path is null)
        {
            return static item => item;
        }

        state.ChargeCharacters(PythonType.TextLength(path));
        object?[] parts = PythonType.IsInteger(path)
            ? [path]
            : [.. PythonText.Str(state, path).Split('.').Select(static part => part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit) ? (object?)long.Parse(part, System.Globalization.CultureInfo.InvariantCulture) : part)];
        state.Allocate((long)parts.Length * Iteration.BytesPerElement);
        return item =>
        {
            foreach (object? part in parts)
            {
                state.Charge();
                item = Attributes.GetItem(state, item, part);
                item = item is Undefined && otherwise is not null ? otherwise : item;
            }

            return item;
        };
    }

    /// <summary>Text in lower case, anything else as it is: the key of case-insensitive order.</summary>
    internal static object? Folded(RenderState state, object? value) => PythonType.TextOrNull(value) is { } text ? TextCase.Lower(state, text) : value;
}
