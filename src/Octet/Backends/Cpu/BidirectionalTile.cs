namespace Octet.Backends.Cpu;

/// <summary>
/// One unit of attention without a cache: tokens <see cref="First"/> to First + <see cref="Rows"/> - 1 of a text of <see cref="Tokens"/>, in
/// one head. Pointers are to the head in the text's first row.
/// </summary>
readonly unsafe ref struct BidirectionalTile
{
    // Keys are laid out once for all rows of a tile. A multiple of the tokens that are multiplied together.
    internal const int MaxRows = 48;

    // Scored together, so that a row's scores are few vectors' work apart from the exponentials. Whole panels with any vectors.
    internal const int MaxKeys = 128;

    internal required float* Query { get; init; }

    internal required float* Key { get; init; }

    internal required float* Value { get; init; }

    internal required float* Output { get; init; }

    /// <summary>Floats from one row of queries to the next, and so on.</summary>
    internal required int QueryStride { get; init; }

    internal required int KeyStride { get; init; }

    internal required int ValueStride { get; init; }

    internal required int OutputStride { get; init; }

    internal required int Tokens { get; init; }

    internal required int First { get; init; }

    internal required int Rows { get; init; }

    internal required int HeadDim { get; init; }

    internal required float Scale { get; init; }

    /// <summary>How many tokens a token sees on either side.</summary>
    internal required int Reach { get; init; }

    internal required float* Scratch { get; init; }

    /// <summary>The first token that the token <paramref name="row"/> of the text sees.</summary>
    internal int From(int row) => Math.Max(0, row - Reach);

    /// <summary>The token after the last that it sees.</summary>
    internal int End(int row) => (int)Math.Min(Tokens, (long)row + Reach + 1);
}
