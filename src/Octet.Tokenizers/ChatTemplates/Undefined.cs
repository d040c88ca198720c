namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// jinja2's default <c>Undefined</c>: prints as nothing, is false and empty; any other use is an error with this message, which is
/// made only then.
/// </summary>
sealed class Undefined(string kind, Func<string> message)
{
    internal string Kind { get; } = kind;

    internal string Message => message();

    internal static Undefined Of(string message) => new("UndefinedError", () => message);

    internal static Undefined OfName(string name) => new("UndefinedError", () => $"'{name}' is undefined");

    internal static Undefined OfAttribute(object? of, string name) =>
        new("UndefinedError", () => $"'{PythonType.Describe(of)}' has no attribute {PythonText.QuoteShort(name)}");

    internal static Undefined OfElement(RenderState state, object? of, object? index) => PythonType.TextOrNull(index) is { } name && index is not Markup
        ? OfAttribute(of, name)
        : new("UndefinedError", () => $"{PythonType.Describe(of)} has no element {PythonText.Repr(state, index)}");

    /// <summary>An attribute that the immutable sandbox keeps from templates.</summary>
    internal static Undefined Unsafe(object? of, string name) =>
        new("SecurityError", () => $"access to attribute {PythonText.QuoteShort(name)} of '{PythonType.Name(of)}' object is unsafe.");
}
