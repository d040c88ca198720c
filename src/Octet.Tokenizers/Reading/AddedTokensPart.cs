using System.Text;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>added_tokens</c> of the file.</summary>
static class AddedTokensPart
{
    /// <summary>Reads the tokens; one that the model has too must have the same id there.</summary>
    internal static IReadOnlyList<AddedToken> Read(JsonPlace place, Vocabulary vocabulary)
    {
        List<AddedToken> tokens = [];
        HashSet<int> ids = [];
        HashSet<string> contents = new(StringComparer.Ordinal);
        foreach (JsonPlace item in place.Items())
        {
            AddedToken token = Token(item);
            if (!ids.Add(token.Id) || !contents.Add(token.Content))
            {
                throw item.Problem($"id {token.Id} or the token {JsonPlace.Quote(token.Content)} is there twice");
            }

            byte[] utf8 = Encoding.UTF8.GetBytes(token.Content);
            int inModel = vocabulary.FindContent(utf8, new byte[utf8.Length]);
            if (inModel >= 0 ? inModel != token.Id : vocabulary.Contains(token.Id))
            {
                string other = inModel >= 0 ? $"id {inModel}" : $"{JsonPlace.Quote(vocabulary.Content(token.Id)!)} under this id";
                throw item.Problem($"{JsonPlace.Quote(token.Content)} has id {token.Id}, but model.vocab has {other}");
            }

            tokens.Add(token);
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
