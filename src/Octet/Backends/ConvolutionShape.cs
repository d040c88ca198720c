namespace Octet.Backends;

/// <summary>A short causal convolution over each channel by itself, and where in the state of a recurrent layer its last inputs lie.</summary>
/// <param name="Channels">What goes over, and how far the inputs of two tokens are apart.</param>
/// <param name="Taps">Tokens that it sees, the token itself among them: <see cref="FewestTaps"/> to <see cref="MostTaps"/>.</param>
/// <param name="StateFloats">Floats of the layer's state before its last inputs.</param>
/// <param name="HasSilu">Whether silu follows.</param>
readonly record struct ConvolutionShape(int Channels, int Taps, int StateFloats, bool HasSilu)
{
    internal const int FewestTaps = 2;

    internal const int MostTaps = 4;

    // States of layers begin at lines of the cache.
    const int LineFloats = 16;

    /// <summary>What a sequence keeps for the layer.</summary>
    internal int Floats => checked((StateFloats + ((Taps - 1) * Channels) + LineFloats - 1) / LineFloats * LineFloats);
}
