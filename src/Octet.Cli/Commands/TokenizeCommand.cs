using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Cli.IO;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Cli.Commands;

/// <summary><c>octet tokenize</c>: JSON Lines in, JSON Lines out. Needs no weights.</summary>
sealed class TokenizeCommand : Command
{
    readonly Argument<string?> _model = ModelPath.Argument();
    readonly Option<string?> _file = new("--file") { Description = "The input [default: the standard input]", HelpName = "FILE" };
    readonly Option<bool> _decode = new("--decode") { Description = "{\"ids\"} to {\"text\"}" };
    readonly Option<bool> _skipSpecial = new("--skip-special") { Description = "With --decode: leave special tokens out" };
    readonly Option<bool> _chat = new("--chat") { Description = "{\"messages\", \"tools\"?, \"add_generation_prompt\"?, ...} to {\"rendered\", \"ids\"}, or {\"error\"} where the template refuses; any other key is a variable of the template" };

    internal TokenizeCommand()
        : base("tokenize", "JSON Lines in, JSON Lines out: {\"text\"} to {\"ids\"}. Halves of surrogate pairs are read as U+FFFD")
    {
        Arguments.Add(_model);
        Options.Add(_file);
        Options.Add(_decode);
        Options.Add(_skipSpecial);
        Options.Add(_chat);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        bool decode = parsed.GetValue(_decode);
        bool chat = parsed.GetValue(_chat);
        bool skip = parsed.GetValue(_skipSpecial);
        if (decode && chat)
        {
            throw new UsageException("--decode and --chat: expected one of them");
        }

        if (skip && !decode)
        {
            throw new UsageException("--skip-special goes with --decode");
        }

        string directory = ModelPath.Resolve(parsed.GetValue(_model));
        Tokenizer tokenizer = Load(directory);
        ChatTemplate? template = chat
            ? ChatTemplate.Load(directory) ?? throw new CommandException($"{directory} has no chat template: looked for chat_template.jinja, and for chat_template in tokenizer_config.json")
            : null;
        string? file = parsed.GetValue(_file);
        using Stream input = file is null or "-" ? Standard.OpenInput() : Open(file);
        foreach ((long line, JsonObject value) in JsonLines.Read(input, file is null or "-" ? "standard input" : file))
        {
            JsonOutput.WriteLine(
                template is not null ? Render(tokenizer, template, value, At)
                : decode ? new JsonObject { ["text"] = tokenizer.Decode(Ids(value["ids"], At), skip) }
                : new JsonObject { ["ids"] = JsonOutput.Array(tokenizer.Encode(Text(value["text"], At))) });

            // A partner at the other end of two pipes waits for every line.
            if (file is null)
            {
                Standard.Output.Flush();
            }

            CommandException At(string what) => JsonLines.Malformed(file ?? "standard input", line, what);
        }

        return 0;
    }

    static Tokenizer Load(string directory)
    {
        string path = Path.Combine(directory, "tokenizer.json");
        return File.Exists(path) ? Tokenizer.Load(path) : throw new CommandException($"{directory} has no tokenizer.json");
    }

    static FileStream Open(string path) => File.Exists(path) ? File.OpenRead(path) : throw new CommandException($"there is no file {path}");

    static string Text(JsonNode? node, Func<string, CommandException> malformed)
        => node is JsonValue value && value.TryGetValue(out string? text) ? text : throw malformed("expected {\"text\":\"...\"}");

    static int[] Ids(JsonNode? node, Func<string, CommandException> malformed)
    {
        JsonArray array = node as JsonArray ?? throw malformed("expected {\"ids\":[...]}");
        int[] ids = new int[array.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = array[i] is JsonValue value && value.TryGetValue(out int id) && id >= 0
                ? id
                : throw malformed($"\"ids\", item {i + 1} is not a token id: expected a whole number from 0");
        }

        return ids;
    }

    static JsonObject Render(Tokenizer tokenizer, ChatTemplate template, JsonObject value, Func<string, CommandException> malformed)
    {
        JsonArray messages = value["messages"] as JsonArray ?? throw malformed("expected {\"messages\":[...]}");
        bool generate = value["add_generation_prompt"] switch
        {
            null => false,
            { } node when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False => node.GetValue<bool>(),
            _ => throw malformed("\"add_generation_prompt\" is neither true nor false"),
        };
        Dictionary<string, JsonNode?> variables = value
            .Where(pair => pair.Key is not ("messages" or "tools" or "add_generation_prompt"))
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        try
        {
            string rendered = template.Render(messages, value["tools"], generate, variables);
            return new JsonObject { ["rendered"] = rendered, ["ids"] = JsonOutput.Array(tokenizer.Encode(rendered, addSpecialTokens: false)) };
        }
        catch (ChatTemplateException error)
        {
            return new JsonObject { ["error"] = error.Message };
        }
    }
}
