namespace Octet.Cuda;

/// <summary>The elements that kernels multiply.</summary>
enum CudaFormat
{
    E4M3,
    E5M2,
    Float16,
    BFloat16,
    Float32,

    // In tiles, as tiled_weights.cuh has them.

    /// <summary>MXFP4: E2M1, and E8M0 for 32 columns.</summary>
    MxE2M1,

    /// <summary>NVFP4: E2M1, E4M3 for 16 columns and a float32 for all.</summary>
    NvE2M1,

    /// <summary>MXFP8: E4M3, and E8M0 for 32 columns.</summary>
    MxE4M3,

    /// <summary>MXFP8: E5M2, and E8M0 for 32 columns.</summary>
    MxE5M2,

    /// <summary>E4M3, and float32 for any multiple of 32 columns.</summary>
    SmallE4M3,

    /// <summary>E5M2, and float32 for any multiple of 32 columns.</summary>
    SmallE5M2,

    /// <summary>E4M3FNUZ, and float32 for any multiple of 32 columns.</summary>
    SmallE4M3Fnuz,

    /// <summary>Float16, of experts.</summary>
    SmallFloat16,
}

/// <summary>How formats lie on the card, and what their kernels are called.</summary>
static class CudaFormats
{
    /// <summary>Rows of a tile, which has <see cref="WeightLayout.Group"/> columns.</summary>
    internal const int TileRows = 16;

    /// <summary>Columns that a scale of a tile is for, or several times as many.</summary>
    internal const int Span = 32;

    /// <summary>Columns that a scale of NVFP4 is for.</summary>
    internal const int FoldedSpan = 16;

    /// <summary>Elements of a tile.</summary>
    internal const int TileCodes = TileRows * WeightLayout.Group;

    /// <summary>Whether it lies in tiles of 16 rows, not in rows.</summary>
    internal static bool IsTiled(this CudaFormat format) => format >= CudaFormat.MxE2M1;

    /// <summary>Whether a byte holds two codes.</summary>
    internal static bool HasFourBits(this CudaFormat format) => format is CudaFormat.MxE2M1 or CudaFormat.NvE2M1;

    /// <summary>Of a format in tiles the bytes of so many codes.</summary>
    internal static int CodeBytes(this CudaFormat format, int codes) => format.HasFourBits() ? codes / 2 : format == CudaFormat.SmallFloat16 ? codes * 2 : codes;

    /// <summary>Of a tile the bytes of codes; the rest are scales.</summary>
    internal static int TileCodeBytes(this CudaFormat format) => format.CodeBytes(TileCodes);

    /// <summary>Bytes of a tile.</summary>
    internal static int TileBytes(this CudaFormat format) => format.TileCodeBytes() + format switch
    {
        CudaFormat.MxE2M1 or CudaFormat.MxE4M3 or CudaFormat.MxE5M2 => TileCodes / Span,
        CudaFormat.NvE2M1 => TileCodes / FoldedSpan,
        _ => 0,
    };

    /// <summary>Whether there are kernels of two layers that gate each other, and for every number of columns.</summary>
    internal static bool IsGated(this CudaFormat format) => format is CudaFormat.E4M3 or CudaFormat.BFloat16 or CudaFormat.MxE2M1 or CudaFormat.NvE2M1 or CudaFormat.MxE4M3;

    /// <summary>Whether there are kernels of experts.</summary>
    internal static bool HasExperts(this CudaFormat format) => format.IsGated() || format.IsTiled();

    /// <summary>What the names of its kernels end with.</summary>
    internal static string Suffix(this CudaFormat format) => format switch
    {
        CudaFormat.E4M3 => "e4m3",
        CudaFormat.E5M2 => "e5m2",
        CudaFormat.Float16 => "f16",
        CudaFormat.BFloat16 => "bf16",
        CudaFormat.Float32 => "f32",
        CudaFormat.MxE2M1 => "mx_e2m1",
        CudaFormat.NvE2M1 => "nv_e2m1",
        CudaFormat.MxE4M3 => "mx_e4m3",
        CudaFormat.MxE5M2 => "mx_e5m2",
        CudaFormat.SmallE4M3 => "small_e4m3",
        CudaFormat.SmallE5M2 => "small_e5m2",
        CudaFormat.SmallE4M3Fnuz => "small_fnuz",
        _ => "small_f16",
    };
}
