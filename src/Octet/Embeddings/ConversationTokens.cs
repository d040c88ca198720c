using System.Text.Json.Nodes;
using Octet.Tokenizers;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Embeddings;

/// <summary>
/// Texts as a conversation that the model's own chat template makes. What is too long is cut, but for what the template puts behind the texts: models that
/// are read at their last token need it (sentence-transformers writes it over the last tokens, too).
/// </summary>
sealed class ConversationTokens
{
    const string System = "system";
    const string User = "user";
    const string Query = "query";
    const string Document = "document";

    readonly Tokenizer _tokenizer;
    readonly MessageForm _form;
    readonly ChatTemplate _template;
    readonly string _directory;
    readonly int _maxTokens;
    Ending? _ending;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="form">How texts become messages.</param>
    /// <param name="directory">The model's, where its templates are.</param>
    /// <param name="maxTokens">Of a conversation.</param>
    /// <exception cref="ModelException">There is no such template, or it is broken.</exception>
    internal ConversationTokens(Tokenizer tokenizer, MessageForm form, string directory, int maxTokens)
    {
        (_tokenizer, _form, _directory, _maxTokens) = (tokenizer, form, directory, maxTokens);
        try
        {
            _template = ChatTemplate.Load(directory, null, form.Template)
                ?? throw new ModelException(ModelError.Unsupported, $"{directory} has no chat template, by which sentence_bert_config.json (modality_config.message) makes prompts", directory);
        }
        catch (ChatTemplateException e)
        {
            throw new ModelException(ModelError.Unsupported, e.Message, directory, innerException: e);
        }
    }

    /// <summary>A text by itself.</summary>
    /// <param name="prompt">Before it, as the system's message; empty: none.</param>
    /// <param name="text">The text, which a user says.</param>
    /// <exception cref="ModelException">The template refuses it.</exception>
    internal int[] Encode(string prompt, string text) => Encode(prompt, [(User, text)]);

    /// <summary>A query and a document.</summary>
    /// <param name="instruction">Before them, as the system's message; empty: none.</param>
    /// <param name="query">The query.</param>
    /// <param name="document">The document.</param>
    /// <exception cref="ModelException">The template refuses them.</exception>
    internal int[] EncodePair(string instruction, string query, string document) => Encode(instruction, [(Query, query), (Document, document)]);

    /// <summary>A template that knows nothing of queries and documents would leave them out in silence.</summary>
    /// <exception cref="ModelException">The template does.</exception>
    internal void RequirePairs()
    {
        string whole = Render("", [(Query, "alpha"), (Document, "bravo")]);
        Require(Query, Render("", [(Query, "charlie"), (Document, "bravo")]));
        Require(Document, Render("", [(Query, "alpha"), (Document, "foxtrot")]));

        void Require(string role, string other)
        {
            if (other == whole)
            {
                throw new ModelException(ModelError.Unsupported, $"{_directory}: the chat template leaves out messages of the role {role}: expected one for rerankers, which writes those of query and document", _directory);
            }
        }
    }

    int[] Encode(string system, (string Role, string Text)[] messages)
    {
        int[] ids = _tokenizer.Encode(Render(system, messages), addSpecialTokens: false);
        if (ids.Length <= _maxTokens)
        {
            return ids;
        }

        int[] end = _form.KeepsEnd ? End(system, messages) : [];
        return end.Length < _maxTokens
            ? [.. ids.AsSpan(0, _maxTokens - end.Length), .. end]
            : throw new ModelException(ModelError.InvalidInput, $"texts of {_maxTokens} tokens: expected more than the {end.Length} that the chat template puts behind them");
    }

    /// <summary>What stands behind any text: what two renderings of different texts have in common at their end.</summary>
    int[] End(string system, (string Role, string Text)[] messages)
    {
        string role = messages[0].Role;
        if (_ending is { } known && known.System == system && known.Role == role)
        {
            return known.Ids;
        }

        int[] first = Filled("0");
        int[] second = Filled("1 2 3 4");
        int count = 0;
        while (count < Math.Min(first.Length, second.Length) && first[^(count + 1)] == second[^(count + 1)])
        {
            count++;
        }

        int[] ids = count < Math.Min(first.Length, second.Length) ? first[^count..] : [];
        _ending = new Ending(system, role, ids);
        return ids;

        int[] Filled(string filler) => _tokenizer.Encode(Render(system, [.. messages.Select(message => (message.Role, filler))]), addSpecialTokens: false);
    }

    string Render(string system, (string Role, string Text)[] messages)
    {
        var list = new JsonArray();
        if (system.Length > 0)
        {
            list.Add((JsonNode)_form.Message(System, system));
        }

        foreach ((string role, string text) in messages)
        {
            list.Add((JsonNode)_form.Message(role, text));
        }

        try
        {
            return _template.Render(list, _form.Rendering);
        }
        catch (ChatTemplateException e)
        {
            throw new ModelException(ModelError.InvalidInput, e.Message, _directory, innerException: e);
        }
    }

    /// <summary>Of the last text that was cut: its instruction is mostly the next one's.</summary>
    sealed record Ending(string System, string Role, int[] Ids);
}
