using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary>Documents that are text, as what a model reads of them.</summary>
static class TextDocument
{
    /// <summary>A <c>document</c> whose source is text or blocks of text, with its title and what is said of it before it.</summary>
    internal static string Read(Fields block)
    {
        Fields source = block.Object("source") ?? throw block.Missing("source", "an object");
        string text = source.RequiredText("type") switch
        {
            "text" => source.RequiredText("data"),
            "content" => Blocks(source),
            var type => throw ApiException.Unsupported(source.At("type"), $"{source.At("type")} is \"{type}\"; expected \"text\" or \"content\": models here read text, no files"),
        };
        return Join(block.Text("title"), block.Text("context"), text);
    }

    /// <summary>A <c>search_result</c>: title, source and text.</summary>
    internal static string ReadSearchResult(Fields block) => Join(block.RequiredText("title"), block.RequiredText("source"), Blocks(block));

    static string Blocks(Fields place) => string.Join('\n', MessageTurns.Blocks(place).Select(static part => MessageTurns.Text(part.Json, part.Path)));

    static string Join(params ReadOnlySpan<string?> parts)
    {
        string text = "";
        foreach (string? part in parts)
        {
            text = string.IsNullOrEmpty(part) ? text : text.Length == 0 ? part : $"{text}\n{part}";
        }

        return text;
    }
}
