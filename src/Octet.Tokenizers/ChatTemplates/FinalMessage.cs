namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// The last message's text, which the model is to go on in. A mark behind it goes through the template, and the rendered text is cut
/// at the mark, as transformers does it (<c>continue_final_message</c>): a search for the text would find it in a later place too.
/// </summary>
/// <param name="text">The text without the mark.</param>
sealed class FinalMessage(string text)
{
    // transformers' own, without the blank that tells it whether the template trims: what is cut is trimmed here in any case.
    const string Mark = "CONTINUE_FINAL_MESSAGE_TAG";
    const string Content = "content";

    /// <summary>Puts the mark behind the last message's text: its content, or the last text among the content's parts.</summary>
    /// <param name="messages">The messages as template values.</param>
    /// <param name="name">The template's name, for messages.</param>
    internal static FinalMessage Begin(object? messages, string name)
    {
        if (messages is not List<object?> { Count: > 0 } list || list[^1] is not PythonDictionary last)
        {
            throw Refuse(name, "there is no final message to continue");
        }

        last.TryGet(Content, out object? content);
        switch (content)
        {
            case string text:
                last[Content] = text + Mark;
                return new FinalMessage(text);
            case List<object?> parts:
                foreach (PythonDictionary part in parts.OfType<PythonDictionary>().Reverse())
                {
                    if (part.TryGet("text", out object? found) && found is string text)
                    {
                        part["text"] = text + Mark;
                        return new FinalMessage(text);
                    }
                }

                throw Refuse(name, "no part of the final message is text to continue");
            default:
                throw Refuse(name, "the final message has no content to continue");
        }
    }

    /// <summary>The rendered text up to the mark, without white space at its end.</summary>
    internal string Cut(RenderState state, string rendered, string name)
    {
        int at = rendered.LastIndexOf(Mark, StringComparison.Ordinal);
        string sought = CodePoints.Trim(text);
        if (at < 0 || (sought.Length > 0 && new TextSearch(state, sought).Find(state, rendered) < 0))
        {
            throw Refuse(name, "the final message does not appear in the rendered chat, because the template leaves out or rewrites parts of it");
        }

        return CodePoints.Trim(rendered[..at], start: false);
    }

    static ChatTemplateException Refuse(string name, string reason) => new(name, 0, "ValueError", $"continue_final_message: {reason}");
}
