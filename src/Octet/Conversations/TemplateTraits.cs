using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Octet.Tokenizers.ChatTemplates;

namespace Octet;

/// <summary>
/// What a chat template does, found by rendering small conversations, because a template is a program and its text does not tell. A
/// template that refuses such a conversation has not got the trait; nothing here fails.
/// </summary>
sealed class TemplateTraits
{
    // Letters alone: nothing that a template would escape, cut or take for a mark of its own.
    const string Content = "octetprobe";

    readonly ChatTemplate _template;
    readonly ConcurrentDictionary<string, bool> _efforts = new(StringComparer.Ordinal);
    readonly Lazy<string?> _thinkingVariable;
    readonly Lazy<bool> _knowsParts;
    readonly Lazy<string> _behindAnswer;
    readonly Lazy<ReasoningSpacing?> _spacing;
    readonly Lazy<bool> _takesSeveralSystems;
    readonly Lazy<bool> _takesLaterSystems;

    internal TemplateTraits(ChatTemplate template)
    {
        _template = template;
        _thinkingVariable = new(() => Array.Find(["enable_thinking", "thinking"], Matters));
        _knowsParts = new(FindParts);
        _behindAnswer = new(FindBehindAnswer);
        _spacing = new(FindSpacing);
        _takesSeveralSystems = new(() => ShowsAll(["system", "system", "user"]));
        _takesLaterSystems = new(() => ShowsAll(["system", "user", "assistant", "user", "system"]));
    }

    /// <summary>The variable that switches thinking on and off; null where there is none.</summary>
    internal string? ThinkingVariable => _thinkingVariable.Value;

    /// <summary>Whether a message's content may be a list of parts.</summary>
    internal bool KnowsParts => _knowsParts.Value;

    /// <summary>What the template writes behind an assistant's answer, at the end of the conversation or else in front of the next message.</summary>
    internal string BehindAnswer => _behindAnswer.Value;

    /// <summary>What the template writes around an answer's reasoning; null where it leaves that out.</summary>
    internal ReasoningSpacing? Spacing => _spacing.Value;

    /// <summary>Whether a conversation may begin with several system messages.</summary>
    internal bool TakesSeveralSystems => _takesSeveralSystems.Value;

    /// <summary>Whether system messages may stand behind others.</summary>
    internal bool TakesLaterSystems => _takesLaterSystems.Value;

    /// <summary>Whether it takes a word for how much the model is to think: one of <see cref="ReasoningEfforts"/>, which are few.</summary>
    internal bool TakesEffort(string word) => _efforts.GetOrAdd(word, asked => Render(["user"], true, new() { [ReasoningEfforts.Variable] = asked }) is not null);

    bool Matters(string variable)
    {
        foreach (string[] roles in (string[][])[["user"], ["system", "user"]])
        {
            string? on = Render(roles, true, new() { [variable] = true });
            string? off = Render(roles, true, new() { [variable] = false });
            if (on is not null && off is not null && on != off)
            {
                return true;
            }
        }

        return false;
    }

    bool FindParts()
    {
        var message = new JsonObject { ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = Content }) };
        string? text = Render(new JsonArray(message), true, []);
        int at = text?.IndexOf(Content, StringComparison.Ordinal) ?? -1;

        // In quotes: the list was written out as a list.
        return at == 0 || (at > 0 && text![at - 1] is not ('\'' or '"'));
    }

    string FindBehindAnswer()
    {
        foreach (string[] roles in (string[][])[["user", "assistant"], ["user", "assistant", "user"]])
        {
            string text = Render(roles, false, []) ?? "";
            int at = text.IndexOf(Content + Array.IndexOf(roles, "assistant"), StringComparison.Ordinal);
            if (at >= 0 && text[(at + Content.Length + 1)..].TrimStart() is { Length: > 0 } behind)
            {
                return behind;
            }
        }

        return "";
    }

    ReasoningSpacing? FindSpacing()
    {
        const string Reasoning = "octetthought";
        var messages = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = $"{Content}0" },
            new JsonObject { ["role"] = "assistant", ["content"] = $"{Content}1", ["reasoning_content"] = Reasoning });
        return Render(messages, false, []) is { } text ? ReasoningSpacing.Find(text, Reasoning, $"{Content}1") : null;
    }

    /// <summary>Whether all messages are written, in their order: some templates pass over what they do not look for.</summary>
    bool ShowsAll(string[] roles)
    {
        string text = Render(roles, true, []) ?? "";
        int at = 0;
        return Enumerable.Range(0, roles.Length).All(i => (at = text.IndexOf($"{Content}{i}", at, StringComparison.Ordinal)) >= 0);
    }

    string? Render(string[] roles, bool addGenerationPrompt, Dictionary<string, JsonNode?> variables)
    {
        var messages = new JsonArray();
        for (int i = 0; i < roles.Length; i++)
        {
            messages.Add((JsonNode)new JsonObject { ["role"] = roles[i], ["content"] = $"{Content}{i}" });
        }

        return Render(messages, addGenerationPrompt, variables);
    }

    string? Render(JsonArray messages, bool addGenerationPrompt, Dictionary<string, JsonNode?> variables)
    {
        try
        {
            return _template.Render(messages, new RenderOptions { AddGenerationPrompt = addGenerationPrompt, Variables = variables });
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
