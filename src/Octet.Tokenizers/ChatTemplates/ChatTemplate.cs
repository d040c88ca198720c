using System.Text.Json.Nodes;
using Octet.Tokenizers.Reading;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// A chat template as models publish it: a Jinja program that turns messages into the prompt's text. It runs as transformers runs
/// it (<c>ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])</c>, no autoescape), and
/// under the limits of <see cref="ChatTemplateOptions"/>. An instance is immutable and may be used by several threads.
/// </summary>
public sealed class ChatTemplate
{
    readonly Block _body;
    readonly string _name;
    readonly ChatTemplateOptions _options;
    readonly ChatTemplate? _withTools;
    readonly IReadOnlyDictionary<string, JsonNode?> _variables;

    ChatTemplate(string source, string name, ChatTemplateOptions options, IReadOnlyDictionary<string, JsonNode?> variables, ChatTemplate? withTools = null)
    {
        _body = TemplateParser.Parse(source, name, options);
        _name = name;
        _options = options;
        _variables = variables;
        _withTools = withTools;
        Source = source;
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>The special tokens that templates see (<c>bos_token</c>, <c>eos_token</c>, ...), by name; empty after <see cref="Parse"/>.</summary>
    public IReadOnlyDictionary<string, JsonNode?> SpecialTokens => _variables;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template's text.</param>
    /// <param name="name">What messages of errors call it.</param>
    /// <param name="options">Limits and clock; <see cref="ChatTemplateOptions.Default"/> where absent.</param>
    /// <exception cref="ChatTemplateException">The text is not a template, or is beyond a limit.</exception>
    public static ChatTemplate Parse(string source, string name = "chat template", ChatTemplateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new ChatTemplate(source, name, options ?? ChatTemplateOptions.Default, new Dictionary<string, JsonNode?>());
    }

    /// <summary>
    /// Reads a model folder's template: <c>chat_template.jinja</c>, else <c>chat_template</c> of <c>tokenizer_config.json</c> (a string, or
    /// a list of <c>{name, template}</c>), else <c>chat_template.json</c>; <c>additional_chat_templates/NAME.jinja</c> are templates with
    /// names. The special tokens of <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> become variables. Files are UTF-8, with
    /// or without a byte-order mark.
    /// </summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="options">Limits and clock; <see cref="ChatTemplateOptions.Default"/> where absent.</param>
    /// <param name="template">
    /// Which template: the name of one of the folder's (<c>default</c>, <c>tool_use</c>, <c>rag</c>, ...), or the path of a file that holds
    /// one. Absent: <c>default</c>, and <c>tool_use</c>, if there is one, where tools are given.
    /// </param>
    /// <returns><see langword="null"/> where the folder has no template and none is named.</returns>
    /// <exception cref="ChatTemplateException">A file is not what it should be, or there is no template of this name.</exception>
    public static ChatTemplate? Load(string directory, ChatTemplateOptions? options = null, string? template = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        TemplateFiles files = TemplateFiles.Read(directory);
        options ??= ChatTemplateOptions.Default;
        if (template is not null)
        {
            return Make(files.Find(template) ?? (File.Exists(template) ? (TemplateFiles.ReadFile(template, mayBePipe: true), template) : throw Unknown(template)));
        }

        if (files.IsEmpty)
        {
            return null;
        }

        ChatTemplate? withTools = files.Find(TemplateFiles.ToolUseName) is { } toolUse ? Make(toolUse) : null;
        return files.Find(TemplateFiles.DefaultName) is { } single ? Make(single, withTools)
            : withTools ?? throw TemplateFiles.Refuse(directory, $"none of the chat templates is named \"default\"; choose one of {files.Names()}");

        ChatTemplate Make((string Source, string File) found, ChatTemplate? withTools = null) =>
            new(found.Source, found.File, options, files.SpecialTokens, withTools);

        ChatTemplateException Unknown(string name) => TemplateFiles.Refuse(
            directory, $"{QuotedText.Of(name)} is neither one of its chat templates ({(files.IsEmpty ? "it has none" : files.Names())}) nor a file");
    }

    /// <summary>Reads the special tokens that a model's folder names, as templates see them, whether or not it has a template.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <returns>Strings, and for <c>additional_special_tokens</c> a list, by name; what is not set is not there.</returns>
    /// <exception cref="ChatTemplateException">A file is not what it should be.</exception>
    public static IReadOnlyDictionary<string, JsonNode?> LoadSpecialTokens(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return TokenizerConfig.Read(directory, TemplateFiles.Refuse).SpecialTokens;
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The list of messages, each with <c>role</c> and <c>content</c>.</param>
    /// <param name="tools">The list of tools, or <see langword="null"/>: then <c>tools</c> is none to the template.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with the head of the assistant's answer.</param>
    /// <param name="variables">More variables, such as <c>enable_thinking</c>; they replace special tokens of the same name.</param>
    /// <exception cref="ChatTemplateException">The template raised an error or met a limit.</exception>
    public string Render(JsonNode messages, JsonNode? tools, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonNode?>? variables = null) =>
        Render(messages, new RenderOptions { Tools = tools, AddGenerationPrompt = addGenerationPrompt, Variables = variables });

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The list of messages, each with <c>role</c> and <c>content</c>.</param>
    /// <param name="options">Tools, variables and how the text ends; <see langword="null"/>: no tools, and the text ends with the last message.</param>
    /// <exception cref="ChatTemplateException">The template raised an error or met a limit, or the last message cannot be continued.</exception>
    public string Render(JsonNode messages, RenderOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new RenderOptions();
        if (options.Tools is not null && _withTools is not null)
        {
            return _withTools.Render(messages, options);
        }

        if (options.ContinueFinalMessage && options.AddGenerationPrompt)
        {
            throw new ChatTemplateException(
                _name, 0, "ValueError", "continue_final_message and add_generation_prompt exclude each other: the one goes on in the last message, the other begins a new one");
        }

        return Render(new RenderState(_name, _options), messages, options);
    }

    /// <summary>Renders with a state of the caller's, who sees what it took.</summary>
    internal string Render(RenderState state, JsonNode messages, RenderOptions options)
    {
        Scope scope = new(null);
        foreach ((string name, JsonNode? value) in _variables)
        {
            scope.Set(name, JsonValues.Of(state, value, name));
        }

        object? conversation = JsonValues.Of(state, messages, "messages");
        FinalMessage? final = options.ContinueFinalMessage ? FinalMessage.Begin(conversation, _name) : null;
        scope.Set("messages", conversation);
        scope.Set("tools", JsonValues.Of(state, options.Tools, "tools"));
        scope.Set("documents", JsonValues.Of(state, options.Documents, "documents"));
        scope.Set("add_generation_prompt", options.AddGenerationPrompt);
        foreach ((string name, JsonNode? value) in options.Variables ?? new Dictionary<string, JsonNode?>())
        {
            scope.Set(name, JsonValues.Of(state, value, name));
        }

        _body.Execute(scope, state);
        string rendered = state.Output.ToString();
        return final is null ? rendered : final.Cut(state, rendered, _name);
    }
}
