using System.Runtime.Intrinsics;

namespace Octet.Numerics;

/// <summary>The choice of a width, at run time.</summary>
static class LaneWidth
{
    /// <summary>Runs a loop in the widest vectors that the processor has.</summary>
    internal static void Widest<TLoop>(TLoop loop)
        where TLoop : ILaneLoop, allows ref struct
    {
        if (Vector512.IsHardwareAccelerated)
        {
            loop.Run<Lanes512, Vector512<uint>>();
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            loop.Run<Lanes256, Vector256<uint>>();
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            loop.Run<Lanes128, Vector128<uint>>();
        }
        else
        {
            loop.Run<Lane, uint>();
        }
    }
}
