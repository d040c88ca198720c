namespace Octet;

/// <summary>Where two models' logits are farthest apart.</summary>
/// <param name="Text">The text, counted from 0 in the order in which they were added.</param>
/// <param name="Position">The position in it, from 0: the logits are for the token after.</param>
/// <param name="Token">The token's id.</param>
/// <param name="Reference">Its logit in the reference.</param>
/// <param name="Other">Its logit in the other model.</param>
public readonly record struct LogitDifference(int Text, int Position, int Token, float Reference, float Other)
{
    /// <summary>The absolute difference.</summary>
    public double Value => Math.Abs((double)Reference - Other);
}
