namespace Octet.Backends;

/// <summary>
/// The sizes of a gated DeltaNet layer (Yang, Kautz, Hatamizadeh, "Gated Delta Networks", 2024): every value head has a state of
/// [<see cref="KeyDim"/>, <see cref="ValueDim"/>], and value heads that follow each other share a query and key head.
/// </summary>
sealed record DeltaShape(int KeyHeads, int ValueHeads, int KeyDim, int ValueDim)
{
    /// <summary>Tokens that the convolution before it sees, the token itself among them.</summary>
    internal const int Taps = 4;

    /// <summary>Whether every channel of a key forgets at a rate of its own (Kimi Delta Attention), not a head at one.</summary>
    internal bool DecaysChannels { get; init; }

    /// <summary>What decays by itself.</summary>
    internal int Steps => checked(ValueHeads * (DecaysChannels ? KeyDim : 1));

    internal int Queries => checked(KeyHeads * KeyDim);

    internal int Values => checked(ValueHeads * ValueDim);

    /// <summary>Queries, keys and values: what the convolution goes over.</summary>
    internal int Channels => checked((2 * Queries) + Values);

    /// <summary>Floats before the convolution's last inputs, which lie behind the states of the heads.</summary>
    internal int StateFloats => checked(ValueHeads * KeyDim * ValueDim);

    internal ConvolutionShape Convolution => new(Channels, Taps, StateFloats, HasSilu: true);

    /// <summary>What a sequence keeps for a layer.</summary>
    internal int Floats => Convolution.Floats;
}
