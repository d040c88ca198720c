namespace Octet.Cli;

/// <summary>The token ids of a conversation as the model's template writes it.</summary>
static class ChatPrompt
{
    internal static int[] Encode(LanguageModel model, IReadOnlyList<ChatTurn> conversation)
    {
        string rendered = model.Render(conversation);

        // The template has written every special token itself.
        return model.Encode(rendered, addSpecialTokens: false);
    }
}
