namespace Octet.Tokenizers.ChatTemplates;

/// <summary>A chat template could not be read, or its rendering ended with an error of the template or of a limit.</summary>
/// <param name="templateName">The template's name: the file it came from, or what <see cref="ChatTemplate.Parse"/> was given.</param>
/// <param name="line">The line of the template, from 1; 0 where no line is meant.</param>
/// <param name="kind">The class of the error, named as Python and jinja2 name it.</param>
/// <param name="reason">The message without name and line.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class ChatTemplateException(string templateName, int line, string kind, string reason, Exception? innerException = null)
    : Exception(line > 0 ? $"{templateName}, line {line}: {reason}" : $"{templateName}: {reason}", innerException)
{
    /// <summary>The template's name.</summary>
    public string TemplateName { get; } = templateName;

    /// <summary>The line of the template, from 1; 0 where no line is meant.</summary>
    public int Line { get; } = line;

    /// <summary>
    /// The class of the error, named as Python and jinja2 name it: <c>TemplateError</c> (<c>raise_exception</c>),
    /// <c>TemplateSyntaxError</c>, <c>UndefinedError</c>, <c>TypeError</c>, <c>ValueError</c>, <c>SecurityError</c>, ...;
    /// <c>LimitError</c> where a limit of <see cref="ChatTemplateOptions"/> was met.
    /// </summary>
    public string Kind { get; } = kind;

    /// <summary>The message without name and line: what the template gave to <c>raise_exception</c>, verbatim.</summary>
    public string Reason { get; } = reason;
}
