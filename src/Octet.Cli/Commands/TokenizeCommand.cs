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
    readonly Option<bool> _chat = new("--chat") { Description = "{\"messages\", \"tools\"?, \"documents\"?, \"add_generation_prompt\"?, \"continue_final_message\"?, \"chat_template_kwargs\"?, ...} to {\"rendered\", \"ids\"}, or {\"error\"} where the template refuses; any other key is a variable of the template" };
    readonly Option<string?> _template = new("--chat-template") { Description = "With --chat: another template, by its name among the model's (rag, tool_use, ...) or in a file", HelpName = "NAME|FILE" };

    readonly Option<bool> _splitSpecial = new("--split-special-tokens") { Description = "Special tokens in the text are text like any other [default: split_special_tokens of tokenizer_config.json]" };

    internal TokenizeCommand()
        : base("tokenize", "JSON Lines in, JSON Lines out: {\"text\"} to {\"ids\"}. Halves of surrogate pairs are read as U+FFFD")
    {
        Arguments.Add(_model);
        Options.Add(_file);
        Options.Add(_decode);
        Options.Add(_skipSpecial);
        Options.Add(_chat);
        Options.Add(_template);
        Options.Add(_splitSpecial);
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

        bool? split = parsed.GetValue(_splitSpecial) ? true : null;
        if (split is not null && (decode || chat))
        {
            throw new UsageException("--split-special-tokens goes with neither --decode nor --chat: a template's own markers are special tokens");
        }

        string? named = parsed.GetValue(_template);
        if (named is not null && !chat)
        {
            throw new UsageException("--chat-template goes with --chat");
        }

        string directory = ModelPath.Folder(ModelPath.Resolve(parsed.GetValue(_model)));
        Tokenizer tokenizer = Load(directory);
        ChatTemplate? template = chat
            ? ChatTemplate.Load(directory, template: named)
                ?? throw new CommandException($"{directory} has no chat template: looked for chat_template.jinja, for chat_template in tokenizer_config.json, and for chat_template.json")
            : null;
        string? file = parsed.GetValue(_file);
        foreach ((long line, JsonObject value) in JsonLines.Read(file ?? "-"))
        {
            JsonOutput.WriteLine(
                template is not null ? Render(tokenizer, template, value, At)
                : decode ? new JsonObject { ["text"] = tokenizer.Decode(Ids(value["ids"], At), skip) }
                : new JsonObject { ["ids"] = JsonOutput.Array(tokenizer.Encode(Text(value["text"], At), splitSpecialTokens: split)) });

            // A partner at the other end of two pipes waits for every line.
            if (file is null)
            {
                Standard.Output.Flush();
            }

            CommandException At(string what) => JsonLines.Malformed(TextInput.Name(file ?? "-"), line, what);
        }

        return 0;
    }

    static Tokenizer Load(string directory) =>
        Tokenizer.Exists(directory) ? Tokenizer.Load(directory) : throw new CommandException($"{directory} has no tokenizer.json, nor another tokenizer");

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
        Dictionary<string, JsonNode?> keys = value.ToDictionary(StringComparer.Ordinal);
        if (keys.Remove("chat_template_kwargs", out JsonNode? more) && more is not null)
        {
            // vLLM, SGLang and llama.cpp keep the template's variables here; what stands here wins, as in vLLM.
            foreach ((string name, JsonNode? variable) in more as JsonObject ?? throw malformed("\"chat_template_kwargs\" is not an object"))
            {
                keys[name] = name is not ("messages" or "chat_template_kwargs") ? variable : throw malformed($"\"{name}\" does not belong into \"chat_template_kwargs\"");
            }
        }

        JsonArray messages = Take("messages") as JsonArray ?? throw malformed("expected {\"messages\":[...]}");
        RenderOptions options = new()
        {
            Tools = Take("tools"),
            Documents = Take("documents"),
            AddGenerationPrompt = Flag("add_generation_prompt"),
            ContinueFinalMessage = Flag("continue_final_message"),
            Variables = keys,
        };
        try
        {
            string rendered = template.Render(messages, options);
            return new JsonObject { ["rendered"] = rendered, ["ids"] = JsonOutput.Array(tokenizer.Encode(rendered, addSpecialTokens: false)) };
        }
        catch (ChatTemplateException error)
        {
            return new JsonObject { ["error"] = error.Message };
        }

        JsonNode? Take(string name) => keys.Remove(name, out JsonNode? taken) ? taken : null;

        bool Flag(string name) => Take(name) switch
        {
            null => false,
            { } node when node.GetValueKind() is JsonValueKind.True or JsonValueKind.False => node.GetValue<bool>(),
            _ => throw malformed($"\"{name}\" is neither true nor false"),
        };
    }
}
