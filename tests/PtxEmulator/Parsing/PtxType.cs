namespace PtxEmulator;

/// <summary>The types of PTX that instructions and variables name.</summary>
enum PtxType
{
    None,
    Pred,
    B8, U8, S8,
    B16, U16, S16,
    B32, U32, S32,
    B64, U64, S64,
    U16x2, S16x2,
    F16, F16x2, BF16, BF16x2, TF32, F32, F64,
    E4M3, E5M2, E4M3x2, E5M2x2,
}

static class PtxTypes
{
    static readonly Dictionary<string, PtxType> s_names =
        Enum.GetValues<PtxType>().Where(type => type != PtxType.None).ToDictionary(type => type.ToString().ToLowerInvariant());

    /// <summary>The type of this name (<c>s32</c>), or <see cref="PtxType.None"/>.</summary>
    public static PtxType Parse(string name) => s_names.GetValueOrDefault(name);

    public static int Bytes(this PtxType type) => type switch
    {
        PtxType.B8 or PtxType.U8 or PtxType.S8 or PtxType.E4M3 or PtxType.E5M2 => 1,
        PtxType.B16 or PtxType.U16 or PtxType.S16 or PtxType.F16 or PtxType.BF16 or PtxType.E4M3x2 or PtxType.E5M2x2 => 2,
        PtxType.B64 or PtxType.U64 or PtxType.S64 or PtxType.F64 => 8,
        _ => 4,
    };

    public static bool IsSigned(this PtxType type) => type is PtxType.S8 or PtxType.S16 or PtxType.S32 or PtxType.S64;

    public static bool IsFloat(this PtxType type) => type >= PtxType.F16;

    public static bool IsInteger(this PtxType type) => type is > PtxType.Pred and < PtxType.F16;

    /// <summary>Whether a register of this type fills 64 bits of a lane; all others fill 32.</summary>
    public static bool IsWide(this PtxType type) => type.Bytes() == 8;
}
