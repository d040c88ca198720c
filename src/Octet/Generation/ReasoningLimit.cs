using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>How long a model may think, and how it says that it has done so.</summary>
/// <param name="Tokens">The most tokens of reasoning, from 0.</param>
/// <param name="Tokenizer">The model's.</param>
/// <param name="IsHarmony">Whether it thinks in messages of a channel, and not between marks.</param>
/// <param name="Spacing">What stands around reasoning.</param>
sealed record ReasoningLimit(int Tokens, Tokenizer Tokenizer, bool IsHarmony, ReasoningSpacing Spacing)
{
    /// <summary>Begins to count, for one generation.</summary>
    internal ReasoningBudget Begin() => IsHarmony ? new ChannelReasoningBudget(Tokenizer, Tokens) : new MarkedReasoningBudget(Tokenizer, Tokens, Spacing);
}
