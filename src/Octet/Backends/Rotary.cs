namespace Octet.Backends;

/// <summary>
/// A rotary position embedding: pair i of a head turns by position * <see cref="Frequencies"/>[i]. What follows the pairs in a head stays as
/// it is. A backend keeps angles for every object of this type that it is given, so a model makes each once.
/// </summary>
/// <param name="frequencies">Radians a position, one for each pair.</param>
sealed class Rotary(double[] frequencies)
{
    /// <summary>Nothing turns: a layer without positions.</summary>
    internal static Rotary None { get; } = new([]);

    internal double[] Frequencies { get; } = frequencies;

    /// <summary>Elements of a head that turn.</summary>
    internal int Size => 2 * Frequencies.Length;

    /// <summary>What cosines and sines are multiplied with (YaRN's and LongRoPE's attention factor).</summary>
    internal double Factor { get; init; } = 1;

    /// <summary>Whether a pair is elements 2i and 2i + 1 (DeepSeek), not i and i + <see cref="Size"/> / 2.</summary>
    internal bool TurnsNeighbours { get; init; }

    /// <summary>What queries are multiplied with besides, and keys are not: 1 + Beta * ln(1 + floor(position / Length)) (Llama 4, Ministral 3); null: 1.</summary>
    internal (double Beta, int Length)? QueryGrowth { get; init; }

    /// <summary>The position that the first token counts as in <see cref="QueryGrowth"/> (1 in Llama 4).</summary>
    internal int GrowthBegins { get; init; }

    /// <summary>What holds for every token of a sequence of more than <see cref="LongFrom"/> tokens (LongRoPE); null: this one.</summary>
    internal Rotary? Long { get; init; }

    internal int LongFrom { get; init; } = int.MaxValue;

    /// <summary>The factor of the query at <paramref name="position"/>.</summary>
    internal float QueryFactor(int position) => QueryGrowth is not { } growth ? 1 : (float)(1 + (growth.Beta * Math.Log(1 + ((position + GrowthBegins) / growth.Length))));
}
