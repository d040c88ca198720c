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
}
