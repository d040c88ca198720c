using System.Text.Json.Nodes;
using Octet.Generation;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>Text and conversations: templates, tokens, generation.</summary>
public sealed partial class LanguageModel
{
    /// <summary>The model's <c>tokenizer.json</c>, read when first asked for; null where the directory has none.</summary>
    /// <exception cref="TokenizerException">The file is broken or not supported.</exception>
    public Tokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>The model's chat template, read when first asked for; null where the directory has none.</summary>
    /// <exception cref="ChatTemplateException">The template is broken.</exception>
    public ChatTemplate? ChatTemplate => _template.Value;

    /// <summary>Answers one user message.</summary>
    /// <param name="prompt">The message; the model's chat template is put around it.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token, a prompt between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return GenerateAsync([new ChatTurn("user", prompt)], options, cancellationToken);
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="conversation">The messages so far, the newest last.</param>
    /// <param name="options">How to generate; null: as the model's producer recommends.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/> before the next token, a prompt between layers.</param>
    /// <exception cref="ModelException">There is no tokenizer or no chat template, or the prompt does not fit into the context.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(IReadOnlyList<ChatTurn> conversation, GenerationOptions? options = null, CancellationToken cancellationToken = default)
        => GenerateAsync(Encode(Render(conversation), addSpecialTokens: false), null, options, cancellationToken);

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
        if (prompt.Count == 0)
        {
            throw new ModelException(ModelError.InvalidInput, "the prompt has no tokens: expected at least one");
        }

        if (prompt.Count >= ContextLength)
        {
            throw new ModelException(ModelError.InvalidInput, $"the prompt has {prompt.Count} tokens, and the context holds {ContextLength} for prompt and answer together: shorten the prompt or open the model with a longer context");
        }

        int tokenizerSize = Math.Min(Tokenizer?.VocabularySize ?? Config.VocabSize, Config.VocabSize);
        GenerationSettings settings = GenerationSettings.Resolve(options, GenerationConfig, tokenizerSize);
        return GenerationStream.RunAsync(new TextGeneration(_engine, session, [.. prompt], settings, Tokenizer, tokenizerSize), cancellationToken);
    }

    /// <summary>The text that the model's chat template makes of a conversation, ready for the model's answer.</summary>
    /// <exception cref="ModelException">There is no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public string Render(IReadOnlyList<ChatTurn> conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        ChatTemplate template = ChatTemplate ?? throw new ModelException(
            ModelError.Unsupported,
            $"{Path} has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json): give the prompt as plain text", Path);
        var messages = new JsonArray();
        foreach (ChatTurn turn in conversation)
        {
            messages.Add((JsonNode)new JsonObject { ["role"] = turn.Role, ["content"] = turn.Content });
        }

        return template.Render(messages, tools: null, addGenerationPrompt: true);
    }

    /// <summary>The token ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the tokenizer's post-processor adds its own tokens; not to text that a chat template made, which has them.</param>
    /// <exception cref="ModelException">There is no tokenizer.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true) => RequireTokenizer().Encode(text, addSpecialTokens);

    static Tokenizer? LoadTokenizer(string directory)
    {
        string path = System.IO.Path.Combine(directory, "tokenizer.json");
        return File.Exists(path) ? Tokenizer.Load(path) : null;
    }

    Tokenizer RequireTokenizer() => Tokenizer ?? throw new ModelException(ModelError.Unsupported, $"{Path} has no tokenizer.json: text needs one (token ids do not)", Path);
}
