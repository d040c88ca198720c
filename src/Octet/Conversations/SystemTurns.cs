namespace Octet;

/// <summary>
/// System messages where the model's template takes them. Agents send several, and in the middle of a conversation; many templates take one at the beginning, refuse others or leave
/// them out silently. What changes is always the end of a conversation: the beginning stays what the prefix cache knows.
/// </summary>
static class SystemTurns
{
    const string System = "system";
    const string Between = "\n\n";

    /// <summary>The turns as the template takes them: those that are not changed are the same.</summary>
    /// <param name="turns">The conversation.</param>
    /// <param name="traits">What the template does.</param>
    internal static IReadOnlyList<ChatTurn> Fit(IReadOnlyList<ChatTurn> turns, TemplateTraits traits)
    {
        int leading = turns.TakeWhile(static turn => turn.Role == System).Count();
        bool joins = leading > 1 && !traits.TakesSeveralSystems;
        bool folds = turns.Skip(leading).Any(static turn => turn.Role == System) && !traits.TakesLaterSystems;
        if (!joins && !folds)
        {
            return turns;
        }

        IEnumerable<ChatTurn> first = joins ? [new ChatTurn(System, string.Join(Between, turns.Take(leading).Select(Text)))] : turns.Take(leading);
        IEnumerable<ChatTurn> rest = turns.Skip(leading);
        return [.. first, .. folds ? Fold(rest) : rest];
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
}
