using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>Whether the ids of a draft model's guesses mean the tokens of the model that it guesses for.</summary>
static class DraftVocabulary
{
    /// <summary>Compares the tokens of all ids that both tokenizers have. One may have tokens behind them, and rows of padding.</summary>
    /// <exception cref="ModelException">They differ, or nothing tells; the message names the first difference.</exception>
    internal static void Check(LanguageModel model, LanguageModel draft)
    {
        if (model.Tokenizer is not { } tokens)
        {
            // Without texts the number of ids is all that there is.
            if (draft.Tokenizer is null && draft.Config.VocabSize == model.Config.VocabSize)
            {
                return;
            }

            throw Refuse($"{model.Path} has no tokenizer to compare it with, and {model.Config.VocabSize} ids (vocab_size) where the draft model has {draft.Config.VocabSize}{(draft.Tokenizer is null ? "" : " and a tokenizer")}");
        }

        Tokenizer others = draft.Tokenizer ?? throw Refuse("it has no tokenizer to compare");
        for (int id = 0; id < Math.Min(tokens.VocabularySize, others.VocabularySize); id++)
        {
            if (tokens.GetToken(id) is { } token && others.GetToken(id) is { } other && (token != other || tokens.IsSpecial(id) != others.IsSpecial(id)))
            {
                throw Refuse($"token {id} is {Describe(others, id, other)}, and {Describe(tokens, id, token)} in {model.Path}");
            }
        }

        ModelException Refuse(string difference)
            => new(ModelError.Unsupported, $"the draft model {draft.Path} writes other tokens: {difference}: expected a model with the same tokenizer", draft.Path);
    }

    static string Describe(Tokenizer tokenizer, int id, string token) => $"{(tokenizer.IsSpecial(id) ? "the special token " : "")}'{token}'";
}
