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
        List<string> run = [];
        foreach (ChatTurn turn in turns)
        {
            if (turn.Role == System)
            {
                run.Add(Text(turn));
                continue;
            }

            Place(folded, run, turn);
        }

        Place(folded, run, null);
        return folded;
    }

    /// <summary>Puts the texts of messages that follow each other to what is before or behind them; null: nothing is behind them.</summary>
    static void Place(List<ChatTurn> folded, List<string> run, ChatTurn? next)
    {
        if (run.Count > 0)
        {
            string text = string.Join(Between, run);
            run.Clear();
            if (folded is [.., { Role: "user" or "tool" } before])
            {
                folded[^1] = Append(before, text);
            }
            else if (next is null or { Role: "assistant" })
            {
                folded.Add(new ChatTurn("user", text));
            }
            else
            {
                next = next.Role == "tool" ? Append(next, text) : Prepend(next, text);
            }
        }

        if (next is not null)
        {
            folded.Add(next);
        }
    }

    static ChatTurn Append(ChatTurn turn, string text) => turn.ContentParts is [.., { } last] parts
        ? turn with { ContentParts = [.. parts.SkipLast(1), last + Between + text] }
        : turn with { Content = string.IsNullOrEmpty(turn.Content) ? text : turn.Content + Between + text };

    static ChatTurn Prepend(ChatTurn turn, string text) => turn.ContentParts is [{ } first, ..] parts
        ? turn with { ContentParts = [text + Between + first, .. parts.Skip(1)] }
        : turn with { Content = string.IsNullOrEmpty(turn.Content) ? text : text + Between + turn.Content };

    static string Text(ChatTurn turn) => turn.Content ?? string.Join('\n', turn.ContentParts ?? []);
}
