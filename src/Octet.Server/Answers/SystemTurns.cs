using System.Runtime.CompilerServices;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Server.Answers;

/// <summary>
/// System messages where the model's template takes them. Agents send several, and in the middle of a conversation; many templates take one at the beginning, refuse others or leave
/// them out silently. What changes is always the end of a conversation: the beginning stays what the prefix cache knows.
/// </summary>
static class SystemTurns
{
    const string System = "system";
    const string Between = "\n\n";

    static readonly ConditionalWeakTable<LanguageModel, Places> s_places = [];

    /// <summary>The turns as the template takes them: those that are not changed are the same.</summary>
    internal static IReadOnlyList<ChatTurn> Fit(IReadOnlyList<ChatTurn> turns, LanguageModel model)
    {
        int leading = turns.TakeWhile(static turn => turn.Role == System).Count();
        bool hasLater = turns.Skip(leading).Any(static turn => turn.Role == System);
        if ((leading < 2 && !hasLater) || model.ChatTemplate is null)
        {
            return turns;
        }

        Places places = s_places.GetValue(model, Probe);
        IEnumerable<ChatTurn> first = leading < 2 || places.Several ? turns.Take(leading) : [new ChatTurn(System, string.Join(Between, turns.Take(leading).Select(Text)))];
        IEnumerable<ChatTurn> rest = turns.Skip(leading);
        return [.. first, .. hasLater && !places.Later ? Fold(rest) : rest];
    }

    /// <summary>Tries what the template does with them: it may refuse, or pass over what it does not look for.</summary>
    static Places Probe(LanguageModel model)
    {
        ChatTurn[] several = [new(System, "octet-first"), new(System, "octet-second"), new("user", "octet-third")];
        ChatTurn[] later = [new(System, "octet-first"), new("user", "octet-second"), new("assistant", "octet-third"), new("user", "octet-fourth"), new(System, "octet-fifth")];
        return new Places(Shows(model, several), Shows(model, later));
    }

    static bool Shows(LanguageModel model, ChatTurn[] turns)
    {
        try
        {
            string text = model.Render(turns);
            int at = 0;
            return turns.All(turn => (at = text.IndexOf(turn.Content!, at, StringComparison.Ordinal)) >= 0);
        }
        catch (ChatTemplateException)
        {
            return false;
        }
    }

    /// <summary>
    /// Puts them into what is beside them: behind the user's words or a tool's result, else before the next of the user's. A user's turn is added where there is neither, and never between a call and
    /// its result, nor behind a result, since templates keep what was thought behind the last user's turn.
    /// </summary>
    static List<ChatTurn> Fold(IEnumerable<ChatTurn> turns)
    {
        List<ChatTurn> folded = [];
        string? held = null;
        foreach (ChatTurn turn in turns)
        {
            if (turn.Role == System)
            {
                if (held is null && folded is [.., { Role: "user" or "tool" } before])
                {
                    folded[^1] = Append(before, Text(turn));
                }
                else
                {
                    held = held is null ? Text(turn) : held + Between + Text(turn);
                }

                continue;
            }

            if (held is not null && turn.Role == "assistant")
            {
                folded.Add(new ChatTurn("user", held));
                held = null;
            }

            folded.Add(held is null ? turn : turn.Role == "tool" ? Append(turn, held) : Prepend(turn, held));
            held = null;
        }

        if (held is not null)
        {
            folded.Add(new ChatTurn("user", held));
        }

        return folded;
    }

    static ChatTurn Append(ChatTurn turn, string text) => turn.ContentParts is [.., { } last] parts
        ? turn with { ContentParts = [.. parts.SkipLast(1), last + Between + text] }
        : turn with { Content = string.IsNullOrEmpty(turn.Content) ? text : turn.Content + Between + text };

    static ChatTurn Prepend(ChatTurn turn, string text) => turn.ContentParts is [{ } first, ..] parts
        ? turn with { ContentParts = [text + Between + first, .. parts.Skip(1)] }
        : turn with { Content = string.IsNullOrEmpty(turn.Content) ? text : text + Between + turn.Content };

    static string Text(ChatTurn turn) => turn.Content ?? string.Join('\n', turn.ContentParts ?? []);

    /// <summary>Where a template takes them.</summary>
    /// <param name="Several">Several at the beginning.</param>
    /// <param name="Later">Behind other turns.</param>
    sealed record Places(bool Several, bool Later);
}
