using System.Text.Json;
using System.Text.Json.Nodes;

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
    /// Reads a model folder's template: <c>chat_template.jinja</c>, or <c>chat_template</c> of <c>tokenizer_config.json</c> — a string,
    /// or a list of <c>{name, template}</c> of which <c>default</c> is taken, and <c>tool_use</c> when tools are given. The special
    /// tokens of <c>tokenizer_config.json</c> become variables.
    /// </summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="options">Limits and clock; <see cref="ChatTemplateOptions.Default"/> where absent.</param>
    /// <returns><see langword="null"/> where the folder has no template.</returns>
    /// <exception cref="ChatTemplateException">A file is not what it should be.</exception>
    public static ChatTemplate? Load(string directory, ChatTemplateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        TemplateFiles files = TemplateFiles.Read(directory);
        options ??= ChatTemplateOptions.Default;
        if (files.Default is not { } source)
        {
            return null;
        }

        ChatTemplate? withTools = files.ToolUse is { } toolSource ? new ChatTemplate(toolSource, files.Name, options, files.SpecialTokens) : null;
        return new ChatTemplate(source, files.Name, options, files.SpecialTokens, withTools);
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The list of messages, each with <c>role</c> and <c>content</c>.</param>
    /// <param name="tools">The list of tools, or <see langword="null"/>: then <c>tools</c> is none to the template.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with the head of the assistant's answer.</param>
    /// <param name="variables">More variables, such as <c>enable_thinking</c>; they replace special tokens of the same name.</param>
    /// <exception cref="ChatTemplateException">The template raised an error or met a limit.</exception>
    public string Render(JsonNode messages, JsonNode? tools, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonNode?>? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (tools is not null && _withTools is not null)
        {
            return _withTools.Render(messages, tools, addGenerationPrompt, variables);
        }

        RenderState state = new(_name, _options);
        Scope scope = new(null);
        foreach ((string name, JsonNode? value) in _variables)
        {
            scope.Set(name, JsonValues.Of(state, value, name));
        }

        scope.Set("messages", JsonValues.Of(state, messages, "messages"));
        scope.Set("tools", JsonValues.Of(state, tools, "tools"));
        scope.Set("documents", null);
        scope.Set("add_generation_prompt", addGenerationPrompt);
        foreach ((string name, JsonNode? value) in variables ?? new Dictionary<string, JsonNode?>())
        {
            scope.Set(name, JsonValues.Of(state, value, name));
        }

        _body.Execute(scope, state);
        return state.Output.ToString();
    }
}
