namespace PtxEmulator;

/// <summary>
/// What a descriptor of <c>wgmma</c> says of a matrix in shared memory, whose rows are M or N and whose columns are K
/// (PTX ISA, "Matrix descriptor" and the layouts it refers to). Byte distances are stored divided by 16.
/// </summary>
/// <param name="Start">The shared address of the first element.</param>
/// <param name="Leading">The leading dimension's byte offset.</param>
/// <param name="Stride">The stride dimension's byte offset.</param>
/// <param name="Swizzle">The permutation, which <see cref="TensorMap"/>s give alike.</param>
readonly record struct MatrixDescriptor(int Start, int Leading, int Stride, TensorMapSwizzle Swizzle)
{
    const int CoreRows = 8;

    public static MatrixDescriptor? Decode(ulong bits)
    {
        // A base offset is for patterns that do not begin at a multiple of their size.
        bool hasBaseOffset = (bits >> 49 & 7) != 0;
        TensorMapSwizzle swizzle = (bits >> 62) switch
        {
            0 => TensorMapSwizzle.None,
            1 => TensorMapSwizzle.Bytes128,
            2 => TensorMapSwizzle.Bytes64,
            _ => TensorMapSwizzle.Bytes32,
        };
        return hasBaseOffset ? null : new MatrixDescriptor(Field(bits, 0), Field(bits, 16), Field(bits, 32), swizzle);
    }

    /// <summary>
    /// K-major: where 16 bytes of a row begin. Eight rows of a swizzle's span are a pattern, and the stride leads to the next
    /// eight rows; without a swizzle eight rows of 16 bytes lie together, and the leading offset leads on along K.
    /// </summary>
    public int RowPiece(int row, int piece)
    {
        int within = row % CoreRows;
        int group = row / CoreRows;
        return Swizzle == TensorMapSwizzle.None
            ? Start + (group * Stride) + (piece * Leading) + (within * 16)
            : PtxEmulator.Swizzle.Apply(Start + (group * Stride) + (within * Span) + (piece * 16), Swizzle);
    }

    /// <summary>
    /// MN-major, of 16-bit elements: where eight elements along M or N begin, at one k. Along them lie a swizzle's span, then
    /// the leading offset leads on; eight ks are a pattern, then the stride leads on. Without a swizzle the two change parts.
    /// </summary>
    public int ColumnPiece(int piece, int k)
    {
        int within = k % CoreRows;
        int group = k / CoreRows;
        if (Swizzle == TensorMapSwizzle.None)
        {
            return Start + (piece * Stride) + (group * Leading) + (within * 16);
        }

        int pieces = Span / 16;
        int at = Start + (piece / pieces * Leading) + (group * Stride) + (within * Span) + (piece % pieces * 16);
        return PtxEmulator.Swizzle.Apply(at, Swizzle);
    }

    /// <summary>
    /// PTX ISA, "Matrix descriptor", base offset: 0 where the repeating pattern begins at a multiple of its bytes. Along K a start may lie further on in the first row.
    /// </summary>
    public bool BeginsInFirstRow => Swizzle == TensorMapSwizzle.None || Start % (CoreRows * Span) < Span;

    int Span => 16 << (int)Swizzle;

    static int Field(ulong bits, int at) => (int)(bits >> at & 0x3fff) << 4;
}
