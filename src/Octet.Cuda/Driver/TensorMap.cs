namespace Octet.Cuda.Driver;

/// <summary>
/// What the tensor memory accelerator is told of rows in a card's memory and of the boxes that it copies from there, as the driver encodes it: a kernel's
/// parameter, whose content only the card understands.
/// </summary>
unsafe struct TensorMap
{
    /// <summary>Bytes of a box's rows, at most, that are swizzled: 16-byte pieces of eight rows change places so that all banks are read.</summary>
    internal const int SwizzledBytes = 128;

    const int Words = 16;
    const int Alignment = 64;
    const uint Dimensions = 2;

    // CU_TENSOR_MAP_DATA_TYPE_UINT8 and _UINT16, INTERLEAVE_NONE, SWIZZLE_NONE and _128B, L2_PROMOTION_L2_256B, FLOAT_OOB_FILL_NONE: zeros outside.
    const int Bytes8 = 0;
    const int Bytes16 = 1;
    const int NotInterleaved = 0;
    const int NotSwizzled = 0;
    const int Swizzled128 = 3;
    const int Promoted256 = 3;
    const int Zeros = 0;

    // It is not read here.
#pragma warning disable CS0169, IDE0044, IDE0051
    fixed ulong _words[Words];
#pragma warning restore CS0169, IDE0044, IDE0051

    /// <summary>Rows that lie one behind the other.</summary>
    /// <param name="context">The card.</param>
    /// <param name="address">Of the first, a multiple of 16.</param>
    /// <param name="elementBytes">Of an element: 1 or 2.</param>
    /// <param name="columns">Elements of a row, whose bytes are a multiple of 16.</param>
    /// <param name="rows">From 1 on.</param>
    /// <param name="boxBytes">Of a box's rows, at most 128, which are swizzled.</param>
    /// <param name="boxRows">At most 256.</param>
    /// <exception cref="CudaException">The driver does not take these numbers.</exception>
    internal static TensorMap OfRows(CudaContext context, ulong address, int elementBytes, long columns, long rows, int boxBytes, int boxRows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ulong* sizes = stackalloc ulong[] { (ulong)columns, (ulong)rows };
        ulong stride = (ulong)(columns * elementBytes);
        uint* box = stackalloc uint[] { (uint)(boxBytes / elementBytes), (uint)boxRows };
        uint* steps = stackalloc uint[] { 1, 1 };
        byte* room = stackalloc byte[sizeof(TensorMap) + Alignment];
        byte* map = room + (Alignment - ((nint)room % Alignment));
        context.Check(context.Driver.cuTensorMapEncodeTiled(
            map,
            elementBytes == 1 ? Bytes8 : Bytes16,
            Dimensions,
            address,
            sizes,
            &stride,
            box,
            steps,
            NotInterleaved,
            boxBytes == SwizzledBytes ? Swizzled128 : NotSwizzled,
            Promoted256,
            Zeros));
        return *(TensorMap*)map;
    }
}
