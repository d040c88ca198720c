namespace Octet.Cuda.CublasLt;

/// <summary>What is multiplied.</summary>
enum MatmulKind
{
    /// <summary>Bfloat16 with bfloat16.</summary>
    BFloat16,

    /// <summary>E4M3 with E4M3: weights with a scale for each block of 128 x 128, inputs with one for each token and 128 columns.</summary>
    BlockCodes,
}

/// <summary>A layer's product, whatever its number of tokens.</summary>
/// <param name="Kind">What is multiplied.</param>
/// <param name="Outputs">Rows of the weights.</param>
/// <param name="Columns">Of the weights, which lie row by row without gaps: whole groups of 128.</param>
/// <param name="InputStride">Elements from one token's inputs to the next one's.</param>
/// <param name="OutputStride">Floats from one token's outputs to the next one's.</param>
readonly record struct MatmulShape(MatmulKind Kind, int Outputs, int Columns, int InputStride, int OutputStride)
{
    /// <summary>Columns that an E4M3 scale is for.</summary>
    internal const int Group = 128;

    /// <summary>A block of rows has a multiple of so many scales (cuBLAS's manual, "Scaling factors layouts").</summary>
    internal const int ScaleAlignment = 4;

    // Of codes the manual wants both to be multiples of 4. PyTorch asks for layers of 16; so many tokens were right on an H100 (Avarok-Cybersecurity/atlas, pull request 1030).
    const int CodeUnit = 16;

    // Bytes that rows and columns are aligned to for the tensor cores (cuBLAS's manual, "Tensor Core Usage"): outputs are float32.
    const int FloatUnit = 4;

    /// <summary>Whether the library multiplies so many outputs at its best.</summary>
    internal bool IsAligned => Outputs % (Kind == MatmulKind.BlockCodes ? CodeUnit : FloatUnit) == 0;

    /// <summary>Tokens that a product of codes has, with those of nobody.</summary>
    internal static int PaddedTokens(int tokens) => (tokens + CodeUnit - 1) / CodeUnit * CodeUnit;
}

/// <summary>Where the operands of a product lie on the card.</summary>
/// <param name="Weights">[outputs][columns].</param>
/// <param name="WeightScales">[blocks of 128 outputs][groups of 128 columns, up to a multiple of 4]; 0: there are none.</param>
/// <param name="Inputs">[tokens][input stride].</param>
/// <param name="InputScales">[groups of 128 columns][tokens]; 0: there are none.</param>
/// <param name="Outputs">[tokens][output stride] of float32.</param>
readonly record struct MatmulOperands(ulong Weights, ulong WeightScales, ulong Inputs, ulong InputScales, ulong Outputs);
