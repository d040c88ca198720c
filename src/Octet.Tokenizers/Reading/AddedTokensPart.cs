namespace Octet.Tokenizers.Reading;

/// <summary>The <c>added_tokens</c> of the file.</summary>
static class AddedTokensPart
{
    /// <summary>
    /// Reads the tokens. As in the reference, one that the model has too has the model's id, and the others have the ids from the number of
    /// the model's tokens on, in their order, whatever the file says.
    /// </summary>
    internal static IReadOnlyList<AddedToken> Read(JsonPlace place, Vocabulary vocabulary)
    {
        List<AddedToken> tokens = [];
        HashSet<int> ids = [];
        HashSet<string> contents = new(StringComparer.Ordinal);
        int next = vocabulary.Count;
        foreach (JsonPlace item in place.Items())
        {
            AddedToken token = Token(item);
            if (!ids.Add(token.Id) || !contents.Add(token.Content))
            {
                throw item.Problem($"id {token.Id} or the token {QuotedText.Of(token.Content)} is there twice");
            }

            int id = vocabulary.FindContent(token.Content);
            if (id < 0)
            {
                id = next++;
                if (id > Vocabulary.MaxId || vocabulary.Contains(id))
                {
                    throw item.Problem($"expected a model whose ids leave no gap, so that {QuotedText.Of(token.Content)} can have id {id}");
                }
            }

            tokens.Add(token with { Id = id });
        }

        return tokens;
    }

    static AddedToken Token(JsonPlace item)
    {
        bool special = item.Flag("special", absent: false);
        string content = item.Get("content").Text();
        return content.Length > 0
            ? new AddedToken(
                item.Get("id").Id(),
                content,
                item.Flag("single_word", absent: false),
                item.Flag("lstrip", absent: false),
                item.Flag("rstrip", absent: false),
                item.Flag("normalized", absent: !special),
                special)
            : throw item.Problem("expected a content that is not empty");
    }
}
