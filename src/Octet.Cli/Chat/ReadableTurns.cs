namespace Octet.Cli.Chat;

/// <summary>
/// What of a conversation still fits into the context. When it is full the oldest exchanges, a user's message and what answered it, are left out of
/// what the model reads; the conversation keeps them.
/// </summary>
static class ReadableTurns
{
    /// <summary>The prompt of the newest turns that fit, and moves <see cref="Conversation.FirstRead"/> where older ones no longer do.</summary>
    /// <param name="conversation">The conversation; its last turn is the one to answer.</param>
    /// <param name="contextLength">Tokens that prompt and answer may have together.</param>
    /// <param name="maxTokens">The most tokens that the answer may have; null: no limit.</param>
    /// <param name="encode">The token ids of turns as the model's template writes them.</param>
    /// <returns>Token ids, fewer than <paramref name="contextLength"/>.</returns>
    /// <exception cref="CommandException">The newest exchange alone does not fit.</exception>
    internal static int[] Encode(Conversation conversation, int contextLength, int? maxTokens, Func<IReadOnlyList<ChatTurn>, int[]> encode)
    {
        int room = contextLength - Math.Min(maxTokens ?? int.MaxValue, contextLength / 4);
        int[] prompt = encode(conversation.From(conversation.FirstRead));
        if (prompt.Length <= room && prompt.Length < contextLength)
        {
            return prompt;
        }

        // More is left out than must be: the next exchanges then go on behind what is computed already, instead of shifting all of it.
        int target = Math.Min(room - room / 4, contextLength - 1);
        int[] begins = [.. Enumerable.Range(0, conversation.Turns.Count).Where(i => i > conversation.FirstRead && conversation.Turns[i].Role == "user")];
        int low = 0, high = begins.Length - 1;
        int first = conversation.FirstRead;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int[] tried = encode(conversation.From(begins[middle]));
            if (tried.Length <= target || middle == begins.Length - 1)
            {
                (first, prompt) = (begins[middle], tried);
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        if (prompt.Length >= contextLength)
        {
            throw new CommandException(
                $"the message has {prompt.Length} tokens with what the chat puts around it, and the context holds {contextLength} for it and the answer: shorten it, or start the chat with a longer --context");
        }

        conversation.FirstRead = first;
        return prompt;
    }
}
