namespace Octet.Cuda.Tests.Costs;

/// <summary>What a card makes in a second, where kernels of long duration run: what it is sold with, less what is known to be left of it.</summary>
/// <param name="Name">As it is sold.</param>
/// <param name="Target">The kernels that it runs.</param>
/// <param name="Multiprocessors">Of it.</param>
/// <param name="Clock">Of a multiprocessor while its tensor cores are busy, per second.</param>
/// <param name="Bandwidth">Of its memory, bytes a second.</param>
/// <param name="HalfProducts">Multiplications of a multiprocessor in a clock, of 16 bits with float32 sums.</param>
/// <param name="NarrowProducts">The same of 8-bit floats; 0: it runs no such kernels.</param>
/// <param name="CacheBytes">That the second cache gives a multiprocessor in a clock.</param>
/// <param name="Cache">Bytes of the second cache.</param>
sealed record Card(string Name, string Target, int Multiprocessors, double Clock, double Bandwidth, double HalfProducts, double NarrowProducts, double CacheBytes, long Cache)
{
    /// <summary>Whether it has products of warpgroups, launches that overlap, and 227 KiB of shared memory for a block.</summary>
    internal bool IsHopper => Target == "sm_90a";

    /// <summary>
    /// Multiprocessors, clocks, caches, products: NVIDIA's data sheets and the papers on GA100, AD102 and GB202 (L4: 121 and 242 TFLOPS at 2.04 GHz; RTX 4090: 165 and 330 at 2.52, sums in
    /// float32 at half of the rate that float16 has; A100: 312 at 1.41; RTX 5090: 210 and 419 at 2.41). Bandwidths: 90 % of the data sheet's, an A100's 85 %.
    /// Second cache: 14 bytes assumed, as an RTX 4090 was measured to give some 1700 a clock (arXiv 2402.13499); of an A100's 5120 (its paper) two thirds.
    /// An L4 has 72 W and does not hold its clock: multiplications of matrices in bfloat16 were measured at 53 to 59 TFLOPS, which is 0.9 to 1.0 GHz. The others are taken at the boost clock that they
    /// are sold with: an RTX 4090 was measured at 156 TFLOPS of its 165.
    /// H100 and H200: 989 and 1979 TFLOPS at 1.83 GHz; an H200's memory gave copies 4.3 TB/s, an H100's is taken at 90 % of its 3.35. Second cache: 24 bytes assumed, some 5.8 TB/s as papers that measured an H100 have it.
    /// </summary>
    internal static IReadOnlyList<Card> All { get; } =
    [
        new("H100 SXM", "sm_90a", 132, 1.83e9, 3.0e12, 2048, 4096, 24, 50L << 20),
        new("H200", "sm_90a", 132, 1.83e9, 4.3e12, 2048, 4096, 24, 60L << 20),
        new("L4", "sm_89", 58, 1.0e9, 0.27e12, 512, 1024, 14, 48L << 20),
        new("RTX 4090", "sm_89", 128, 2.52e9, 0.91e12, 256, 512, 14, 72L << 20),
        new("RTX 5090", "sm_89", 170, 2.41e9, 1.61e12, 256, 512, 14, 96L << 20),
        new("A100 80 GB", "sm_80", 108, 1.41e9, 1.73e12, 1024, 0, 30, 40L << 20),
    ];
}
