using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Cuda.CublasLt;

/// <summary>Values of the library's enumerations.</summary>
static class MatmulConstants
{
    /// <summary><c>CUBLAS_COMPUTE_32F</c>.</summary>
    internal const int ComputeFloat32 = 68;

    /// <summary><c>CUBLAS_OP_T</c>.</summary>
    internal const int Transposed = 1;

    /// <summary><c>CUBLASLT_MATRIX_LAYOUT_COLS</c>, a uint64.</summary>
    internal const int LayoutColumns = 3;

    /// <summary><c>CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES</c>, a uint64.</summary>
    internal const int PreferenceWorkspaceBytes = 1;
}

/// <summary>Types of elements (<c>cudaDataType</c>).</summary>
enum MatrixType
{
    Float32 = 0,
    BFloat16 = 14,
    E4M3 = 28,
}

/// <summary>Of a product (<c>cublasLtMatmulDescAttributes_t</c>).</summary>
enum OperationAttribute
{
    /// <summary>An int32.</summary>
    TransposeA = 3,

    /// <summary>A pointer to the card's memory.</summary>
    ScalesA = 17,

    /// <summary>A pointer to the card's memory.</summary>
    ScalesB = 18,

    /// <summary>A <see cref="MatrixScale"/>, from 12.8 on.</summary>
    ScaleModeA = 31,

    /// <summary>A <see cref="MatrixScale"/>, from 12.8 on.</summary>
    ScaleModeB = 32,
}

/// <summary>What scales are for (<c>cublasLtMatmulMatrixScale_t</c>).</summary>
enum MatrixScale
{
    /// <summary>128 elements of the columns that are summed over.</summary>
    Vector128 = 4,

    /// <summary>Blocks of 128 x 128.</summary>
    Block128 = 5,
}

/// <summary>An algorithm, whose content is the library's own (<c>cublasLtMatmulAlgo_t</c>): it may be copied.</summary>
[InlineArray(8)]
struct MatmulAlgorithm
{
    ulong _first;
}

/// <summary><c>cublasLtMatmulHeuristicResult_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
struct HeuristicResult
{
    internal MatmulAlgorithm Algorithm;
    internal nuint WorkspaceBytes;

    /// <summary>The other fields say something where this is 0.</summary>
    internal int State;
    internal float Waves;
    internal Reserved Rest;

    [InlineArray(4)]
    internal struct Reserved
    {
        int _first;
    }
}
