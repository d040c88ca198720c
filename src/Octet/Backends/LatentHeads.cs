namespace Octet.Backends;

/// <summary>
/// The heads of latent attention. A query is [<see cref="PlainDim"/> | <see cref="RotaryDim"/>], a latent with the rotating key of all heads
/// [<see cref="Rank"/> | <see cref="RotaryDim"/>]; of the weight that makes keys and values out of latents each head has
/// <see cref="PlainDim"/> rows for its key, then <see cref="ValueDim"/> for its value.
/// </summary>
sealed record LatentHeads(int Heads, int Rank, int PlainDim, int RotaryDim, int ValueDim, Rotary Rotary)
{
    internal int QueryDim => PlainDim + RotaryDim;

    internal int LatentDim => Rank + RotaryDim;

    /// <summary>Rows of the weight for one head.</summary>
    internal int HeadRows => PlainDim + ValueDim;
}
