using System.Text.Json.Nodes;
using Octet.Generation;
using Octet.Output;
using Octet.Scheduling;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>Text and conversations: templates, tokens, generation.</summary>
public sealed partial class LanguageModel
{
    /// <summary>The model's tokenizer, read when first asked for (<see cref="Tokenizers.Tokenizer.Load"/> of the directory); null where there is no <c>tokenizer.json</c> nor another file of one.</summary>
    /// <exception cref="TokenizerException">A file is broken or not supported.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>The model's chat template, read when first asked for; null where the directory has none.</summary>
    /// <exception cref="ChatTemplateException">The template is broken.</exception>
    public ChatTemplate? ChatTemplate => _template.Value;

    /// <summary>The variable of the chat template that switches thinking: <c>enable_thinking</c> or <c>thinking</c>. Null where there is none, or no template.</summary>
    /// <exception cref="ChatTemplateException">The template is broken.</exception>
    public string? ThinkingVariable => _traits.Value?.ThinkingVariable;

    /// <summary>How the model writes calls of tools, by the marks of its chat template; <see cref="OutputFormat.Plain"/> where it has none, or no template that can be read.</summary>
    public OutputFormat OutputFormat => _outputFormat.Value;

    /// <summary>
    /// The tokens that end an answer: those of <c>generation_config.json</c> and <c>config.json</c>, the tokenizer's <c>eos_token</c>, and the
    /// special token that the chat template writes behind an answer. Empty where none is known: an answer then goes on as long as it may.
    /// </summary>
    /// <exception cref="TokenizerException">The tokenizer's file is broken or not supported.</exception>
    public IReadOnlyList<int> EndTokenIds => _endTokenIds.Value;

    /// <summary>Answers one user message.</summary>
    /// <param name="prompt">The message; the model's chat template is put around it.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token, a prompt between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateAsync([new ChatTurn("user", prompt)], options, null, cancellationToken);
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="conversation">The messages so far, the newest last.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="prompt">Tools, variables of the template and so on.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token, a prompt between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        IReadOnlyList<ChatTurn> conversation, GenerationOptions? options = null, PromptOptions? prompt = null, CancellationToken cancellationToken = default)
        => GenerateAsync(
            Encode(conversation, prompt),
            null,
            prompt?.Tools is { } tools && options is { Tools: null } ? options with { Tools = tools } : options,
            cancellationToken);

    /// <summary>Continues token ids as they are.</summary>
    /// <param name="prompt">At least one id.</param>
    /// <param name="session">Where the sequence is computed: what it shares with <paramref name="prompt"/> from the start is not computed again. Null: a new one.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token, a prompt between layers.</param>
    /// <exception cref="ModelException">The prompt is empty or does not fit into the context.</exception>
    /// <exception cref="ArgumentException"><paramref name="session"/> is of another model.</exception>
    /// <exception cref="InvalidOperationException">While the stream is read: another operation on <paramref name="session"/> has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The model or <paramref name="session"/> is disposed of.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        IReadOnlyList<int> prompt, InferenceSession? session = null, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (session?.IsOf(_engine) == false)
        {
            throw new ArgumentException($"the session is of another model: expected one made by this model's {nameof(CreateSession)}", nameof(session));
        }

        session?.ThrowIfDisposed();
        RequireRoom(prompt.Count);
        int[] ids = [.. prompt];
        GenerationSettings settings = Settings(options, ids);
        return GenerationStream.RunAsync(
            _scheduler, () => new TextGeneration(ids, settings, ContextLength, Tokenizer, TokenizerSize, OutputFormat), session, settings, cancellationToken);
    }

    /// <summary>Checks that a prompt can be continued.</summary>
    /// <exception cref="ModelException">It is empty, does not fit into the context or holds what is no token.</exception>
    internal void RequirePrompt(int[] prompt)
    {
        RequireRoom(prompt.Length);
        _engine.Check(prompt, prompt.Length);
    }

    void RequireRoom(int promptTokens)
    {
        if (promptTokens == 0)
        {
            throw new ModelException(ModelError.InvalidInput, "the prompt has no tokens: expected at least one");
        }

        if (promptTokens >= ContextLength)
        {
            throw new ModelException(ModelError.InvalidInput, $"the prompt has {promptTokens} tokens, and the context holds {ContextLength} for prompt and answer together: shorten the prompt or open the model with a longer context");
        }
    }

    /// <summary>What a generation with these options will go by, but for what needs the prompt and the tokenizer.</summary>
    /// <inheritdoc cref="GenerationSettings.Resolve"/>
    internal GenerationSettings Settings(GenerationOptions? options, int promptTokens)
        => GenerationSettings.Resolve(options, GenerationConfig with { EosTokenIds = EndTokenIds }, TokenizerSize, promptTokens);

    /// <summary>What a generation with these options will go by.</summary>
    /// <inheritdoc cref="GenerationSettings.Resolve"/>
    GenerationSettings Settings(GenerationOptions? options, int[] prompt)
    {
        GenerationSettings settings = Settings(options, prompt.Length);
        if (options?.ReasoningBudget is { } budget && Tokenizer is { } tokenizer)
        {
            settings = settings with { ReasoningLimit = new ReasoningLimit(budget, tokenizer, OutputFormat.IsHarmony, FindReasoningSpacing()) };
        }

        if (options?.Constraint is not { } constraint)
        {
            return settings;
        }

        // Where the prompt has begun no message there are no channels: a text is continued.
        bool hasChannels = OutputFormat.IsHarmony && RequireTokenizer().GetId(HarmonyReader.Start) is { } start && prompt.Contains(start);
        OutputConstraint whole = hasChannels ? constraint.InChannels(mayThink: options.Reasoning != ReasoningMode.Keep) : constraint;
        return settings with { Constraint = whole.Compile(RequireTokenizer()) };
    }

    ReasoningSpacing FindReasoningSpacing()
    {
        try
        {
            return _traits.Value?.Spacing ?? (ChatTemplate?.Source.Contains("</think>", StringComparison.Ordinal) == true ? ReasoningSpacing.Lines : ReasoningSpacing.None);
        }
        catch (ChatTemplateException)
        {
            // A broken template is an error of what renders it; ids can be continued without it.
            return ReasoningSpacing.None;
        }
    }

    OutputFormat FindOutputFormat()
    {
        try
        {
            return OutputFormat.Of(ChatTemplate);
        }
        catch (ChatTemplateException)
        {
            // A broken template is an error of what renders it; ids can be continued without it.
            return OutputFormat.Plain;
        }
    }

    int TokenizerSize => Math.Min(Tokenizer?.VocabularySize ?? Config.VocabSize, Config.VocabSize);

    /// <summary>The text that the model's chat template makes of a conversation, ready for the model's answer.</summary>
    /// <param name="conversation">The messages so far, the newest last.</param>
    /// <param name="options">Tools, variables of the template and so on.</param>
    /// <exception cref="ArgumentException">A message is null.</exception>
    /// <exception cref="ModelException">There is no chat template, or it has no switch for <see cref="PromptOptions.Thinking"/>.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public string Render(IReadOnlyList<ChatTurn> conversation, PromptOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        for (int i = 0; i < conversation.Count; i++)
        {
            if (conversation[i] is null)
            {
                throw new ArgumentException($"message {i} of the conversation is null: expected a {nameof(ChatTurn)}", nameof(conversation));
            }
        }

        options ??= new PromptOptions();
        ChatTemplate template = ChatTemplate ?? throw new ModelException(
            ModelError.Unsupported,
            $"{Path} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json): give the prompt as plain text", Path);
        Dictionary<string, JsonNode?> variables = new(options.Variables ?? new Dictionary<string, JsonNode?>(), StringComparer.Ordinal);
        if (options.Thinking is { } thinking)
        {
            variables.TryAdd(
                ThinkingVariable ?? throw new ModelException(
                    ModelError.Unsupported, $"{Path}: the chat template has no switch for thinking: neither enable_thinking nor thinking changes what it writes", Path),
                thinking);
        }

        bool knowsParts = conversation.Any(turn => turn.ContentParts is not null) && _traits.Value!.KnowsParts;
        var messages = new JsonArray([.. conversation.Select(turn => (JsonNode)ChatTurnJson.ForTemplate(turn, knowsParts))]);
        return template.Render(messages, new RenderOptions
        {
            Tools = options.Tools,
            Documents = options.Documents,
            Variables = variables,
            AddGenerationPrompt = options.AddGenerationPrompt && !options.ContinueFinalMessage,
            ContinueFinalMessage = options.ContinueFinalMessage,
        });
    }

    /// <summary>A conversation whose system messages are where the model's chat template takes them.</summary>
    internal IReadOnlyList<ChatTurn> FitSystems(IReadOnlyList<ChatTurn> conversation) => _traits.Value is { } traits ? SystemTurns.Fit(conversation, traits) : conversation;

    /// <summary>A word for how much the model is to think, as its chat template takes it.</summary>
    internal string FitEffort(string word) => _traits.Value is { } traits

        // Harmony's template writes any word, and its models know three.
        ? ReasoningEfforts.Nearest(word, OutputFormat.Name == "harmony" ? static known => known is "low" or "medium" or "high" : traits.TakesEffort)
        : word;

    /// <summary>The token ids of a conversation: of the text that <see cref="Render"/> makes of it.</summary>
    /// <param name="conversation">The messages so far, the newest last.</param>
    /// <param name="options">Tools, variables of the template and so on.</param>
    /// <exception cref="ArgumentException">A message is null.</exception>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or it has no switch for <see cref="PromptOptions.Thinking"/>.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public int[] Encode(IReadOnlyList<ChatTurn> conversation, PromptOptions? options = null)

        // The template has written every special token itself.
        => Encode(Render(conversation, options), addSpecialTokens: false);

    /// <summary>The token ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the tokenizer's post-processor adds its own tokens; not to text that a chat template made, which has them.</param>
    /// <exception cref="ModelException">There is no tokenizer.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true) => RequireTokenizer().Encode(text, addSpecialTokens);

    int[] FindEndTokens()
    {
        List<int> ends = [.. GenerationConfig.EosTokenIds, .. Config.EosTokenIds];
        if (Tokenizer is { } tokenizer)
        {
            try
            {
                if (Tokenizers.ChatTemplates.ChatTemplate.LoadSpecialTokens(Path).GetValueOrDefault("eos_token") is JsonValue value && value.TryGetValue(out string? eos) && tokenizer.GetId(eos) is { } id)
                {
                    ends.Add(id);
                }

                // Behind an answer in channels another message may come.
                ends.AddRange(tokenizer.Encode(_traits.Value?.BehindAnswer ?? "", addSpecialTokens: false).Take(1)
                    .Where(token => tokenizer.IsSpecial(token) && !(OutputFormat.IsHarmony && tokenizer.GetToken(token) == HarmonyReader.End)));
            }
            catch (ChatTemplateException)
            {
                // A broken template is an error of what renders it; ids can be continued without it.
            }
        }

        return [.. ends.Where(id => id < Config.VocabSize).Distinct()];
    }

    static Tokenizer? LoadTokenizer(string directory)
        => Tokenizer.Exists(directory) ? Tokenizer.Load(directory) : null;

    Tokenizer RequireTokenizer() => Tokenizer ?? throw new ModelException(ModelError.Unsupported, $"{Path} has no tokenizer (tokenizer.json or another): text needs one (token ids do not)", Path);
}
