namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// jinja2's default <c>Undefined</c>: prints as nothing, is false and empty; any other use is an error with this message, which is
/// made only then: templates ask for what is not there as a matter of course.
/// </summary>
sealed class Undefined
{
    readonly Reason _reason;
    readonly object? _of;
    readonly object? _what;
    readonly RenderState? _state;

    Undefined(Reason reason, object? of, object? what, RenderState? state = null)
    {
        _reason = reason;
        _of = of;
        _what = what;
        _state = state;
    }

    enum Reason
    {
        Text,
        Name,
        Attribute,
        Element,
        Unsafe,
    }

    internal string Kind => _reason == Reason.Unsafe ? "SecurityError" : "UndefinedError";

    internal string Message => _reason switch
    {
        Reason.Text => (string)_what!,
        Reason.Name => $"'{_what}' is undefined",
        Reason.Attribute => $"'{PythonType.Describe(_of)}' has no attribute {PythonText.QuoteShort(PythonType.TextOrNull(_what)!)}",
        Reason.Element => $"{PythonType.Describe(_of)} has no element {PythonText.Repr(_state!, _what)}",
        _ => $"access to attribute {PythonText.QuoteShort((string)_what!)} of '{PythonType.Name(_of)}' object is unsafe.",
    };

    internal static Undefined Of(string message) => new(Reason.Text, null, message);

    internal static Undefined OfName(string name) => new(Reason.Name, null, name);

    internal static Undefined OfAttribute(object? of, string name) => new(Reason.Attribute, of, name);

    internal static Undefined OfElement(RenderState state, object? of, object? index) =>
        new(PythonType.IsPlainText(index) ? Reason.Attribute : Reason.Element, of, index, state);

    /// <summary>An attribute that the immutable sandbox keeps from templates.</summary>
    internal static Undefined Unsafe(object? of, string name) => new(Reason.Unsafe, of, name);
}
