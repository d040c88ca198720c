namespace Octet.Backends.Cpu;

/// <summary>One unit of a convolution: <see cref="Channels"/> channels of <see cref="Rows"/> consecutive tokens of one sequence.</summary>
readonly unsafe ref struct ConvolutionRun
{
    /// <summary>The first channel of the first token; rows are <see cref="Stride"/> floats apart.</summary>
    internal required float* Mixed { get; init; }

    internal required int Stride { get; init; }

    internal required int Rows { get; init; }

    internal required int Channels { get; init; }

    /// <summary>The first channel of the oldest token's taps; the next tap's are <see cref="TapStride"/> floats further.</summary>
    internal required float* Taps { get; init; }

    internal required int TapStride { get; init; }

    /// <summary>How many there are, <see cref="ConvolutionShape.FewestTaps"/> to <see cref="ConvolutionShape.MostTaps"/>.</summary>
    internal required int TapCount { get; init; }

    /// <summary>What is added to the first channel; null: nothing.</summary>
    internal required float* Bias { get; init; }

    internal required bool HasSilu { get; init; }

    /// <summary>The last inputs before the run, the oldest first, <see cref="TapStride"/> floats apart; afterwards those before the next run.</summary>
    internal required float* History { get; init; }

    /// <summary>The same run without its first channels.</summary>
    internal ConvolutionRun From(int channel) => new()
    {
        Mixed = Mixed + channel,
        Stride = Stride,
        Rows = Rows,
        Channels = Channels - channel,
        Taps = Taps + channel,
        TapStride = TapStride,
        TapCount = TapCount,
        Bias = Bias is null ? null : Bias + channel,
        HasSilu = HasSilu,
        History = History + channel,
    };
}
