namespace Octet;

/// <summary>Whether several tokens of a generation are computed in one step, where they can be guessed. What is written is the same: every token is drawn from the model's own logits, and a wrong guess is dropped.</summary>
public enum Speculation
{
    /// <summary>One token a step.</summary>
    None,

    /// <summary>
    /// Guesses that a text goes on as it did behind the same three tokens before: answers that quote their prompt, code that is edited. It is given up
    /// for a while where it makes a model slower.
    /// </summary>
    PromptLookup,

    /// <summary>
    /// Guesses of a smaller model with the same tokenizer, <see cref="LanguageModelOptions.DraftModel"/>: its likeliest tokens, as long as it is sure of
    /// them. It is given up for a while where it makes a model slower, for all its steps and for what it has to read.
    /// </summary>
    DraftModel,
}
