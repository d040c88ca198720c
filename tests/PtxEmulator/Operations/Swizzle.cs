namespace PtxEmulator;

/// <summary>
/// The permutation of 16-byte pieces that bulk copies and matrix descriptors share: within a pattern of 1,024, 512 or 256
/// bytes, bits 4 and up of the shared address are turned by the bits three above them.
/// </summary>
static class Swizzle
{
    public static int Apply(int address, TensorMapSwizzle swizzle) => swizzle switch
    {
        TensorMapSwizzle.Bytes128 => address ^ ((address >> 3) & 0x70),
        TensorMapSwizzle.Bytes64 => address ^ ((address >> 3) & 0x30),
        TensorMapSwizzle.Bytes32 => address ^ ((address >> 3) & 0x10),
        _ => address,
    };
}
