namespace Octet.Tokenizers.ChatTemplates;

/// <summary>jinja2's default <c>Undefined</c>: prints as nothing, is false and empty; any other use is an error with this message.</summary>
sealed class Undefined(string kind, string message)
{
    internal string Kind { get; } = kind;

    internal string Message { get; } = message;

    internal static Undefined Of(string message) => new("UndefinedError", message);

    internal static Undefined OfName(string name) => Of($"'{name}' is undefined");

    internal static Undefined OfAttribute(object? of, string name) =>
        Of($"'{PythonType.Describe(of)}' has no attribute {PythonText.Quote(name)}");

    internal static Undefined OfElement(RenderState state, object? of, object? index) =>
        index is string name ? OfAttribute(of, name) : Of($"{PythonType.Describe(of)} has no element {PythonText.Repr(state, index)}");

    /// <summary>An attribute that the immutable sandbox keeps from templates.</summary>
    internal static Undefined Unsafe(object? of, string name) =>
        new("SecurityError", $"access to attribute {PythonText.Quote(name)} of '{PythonType.Name(of)}' object is unsafe.");
}
