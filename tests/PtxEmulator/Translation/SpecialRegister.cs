namespace PtxEmulator;

/// <summary>A read-only register that is filled when a warp begins.</summary>
/// <param name="Name">Of <see cref="Names"/>.</param>
/// <param name="Offset">In the frame.</param>
/// <param name="IsWide">Whether its lanes have 64 bits.</param>
sealed unsafe record SpecialRegister(string Name, int Offset, bool IsWide)
{
    /// <summary>The place where dynamic shared memory begins: no register of PTX, but a value that depends on the kernel.</summary>
    public const string DynamicShared = "dynamic shared memory";

    public static readonly string[] Names =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z",
        "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid",
        "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge",
        "%total_smem_size", "%dynamic_smem_size", "%is_explicit_cluster", "%clusterid.x", "%clusterid.y", "%clusterid.z",
        "%nclusterid.x", "%nclusterid.y", "%nclusterid.z", "%cluster_ctaid.x", "%cluster_ctaid.y", "%cluster_ctaid.z",
        "%cluster_nctaid.x", "%cluster_nctaid.y", "%cluster_nctaid.z", "%cluster_ctarank", "%cluster_nctarank",
        DynamicShared,
    ];

    public const int Stride = 8 * Lanes.Count;

    public static int FrameBytes => Names.Length * Stride;

    public static SpecialRegister? Find(string name)
    {
        int index = Array.IndexOf(Names, name);
        return index < 0 ? null : new SpecialRegister(name, index * Stride, name is DynamicShared or "%gridid");
    }

    /// <summary>Whether its value is another in every block, and not only in every warp.</summary>
    public bool DependsOnBlock => Name is "%ctaid.x" or "%ctaid.y" or "%ctaid.z" or "%clusterid.x" or "%clusterid.y" or "%clusterid.z" or "%smid";

    public void Fill(Warp warp)
    {
        byte* lanes = warp.Frame + Offset;
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            uint value = Value(warp, lane);
            if (IsWide)
            {
                ((ulong*)lanes)[lane] = value;
            }
            else
            {
                ((uint*)lanes)[lane] = value;
            }
        }
    }

    uint Value(Warp warp, int lane)
    {
        KernelLaunch launch = warp.Block.Launch;
        Dim3 thread = launch.Block.At((32L * warp.Index) + lane);
        Dim3 block = warp.Block.Index;
        uint bit = 1u << lane;
        return Name switch
        {
            "%tid.x" => (uint)thread.X,
            "%tid.y" => (uint)thread.Y,
            "%tid.z" => (uint)thread.Z,
            "%ntid.x" => (uint)launch.Block.X,
            "%ntid.y" => (uint)launch.Block.Y,
            "%ntid.z" => (uint)launch.Block.Z,
            "%ctaid.x" or "%clusterid.x" => (uint)block.X,
            "%ctaid.y" or "%clusterid.y" => (uint)block.Y,
            "%ctaid.z" or "%clusterid.z" => (uint)block.Z,
            "%nctaid.x" or "%nclusterid.x" => (uint)launch.Grid.X,
            "%nctaid.y" or "%nclusterid.y" => (uint)launch.Grid.Y,
            "%nctaid.z" or "%nclusterid.z" => (uint)launch.Grid.Z,
            "%laneid" => (uint)lane,
            "%warpid" => (uint)warp.Index,
            "%nwarpid" => (uint)warp.Block.Warps.Count,
            "%smid" => (uint)((block.X + ((long)launch.Grid.X * (block.Y + ((long)launch.Grid.Y * block.Z)))) % launch.Options.Multiprocessors),
            "%nsmid" => (uint)launch.Options.Multiprocessors,
            "%lanemask_eq" => bit,
            "%lanemask_lt" => bit - 1,
            "%lanemask_le" => bit | (bit - 1),
            "%lanemask_gt" => ~(bit | (bit - 1)),
            "%lanemask_ge" => ~(bit - 1),
            "%total_smem_size" => (uint)(launch.SharedEnd - AddressWindows.SharedStart),
            "%dynamic_smem_size" => (uint)launch.DynamicSharedBytes,
            "%cluster_nctaid.x" or "%cluster_nctaid.y" or "%cluster_nctaid.z" or "%cluster_nctarank" => 1,
            DynamicShared => (uint)launch.Kernel.DynamicSharedStart,
            _ => 0, // The only block of its cluster; the only grid.
        };
    }
}
