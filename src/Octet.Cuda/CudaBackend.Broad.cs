using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Attention with heads of more than 256 dimensions, and over latents (<c>attend_broad.cu</c>), and that over a float32 cache.</summary>
sealed unsafe partial class CudaBackend
{
    /// <summary>Dimensions of a head whose sums a warp has room for.</summary>
    const int MostNarrow = 256;

    /// <summary>Of one that four warps share, and of a latent.</summary>
    const int MostBroad = 512;

    /// <summary>Of a latent with what turns.</summary>
    const int MostLatent = 576;

    const int BroadWarps = 4;
    const int BroadRows = 16;
    const int MostBroadTiles = 2;

    // Tokens of a prompt whose query rows fill blocks.
    const int BroadTokens = 8;

    // One block is all that a multiprocessor holds; of latents there is one head.
    const int MostBroadSplits = 64;

    /// <summary>Of a head's keys or values with so many of the other dimension, rows in shared memory.</summary>
    static int BroadBytes(int rows, int elements, int elementBytes) => rows * ((elements * elementBytes) + 16);

    /// <summary>Shared memory of a block of attend_broad.</summary>
    static int BroadSharedBytes(KvCacheLayout layout)
    {
        int stages = layout.ValuesInKeys
            ? 2 * BroadBytes(KvCacheLayout.PageTokens, MostLatent, layout.ElementBytes)
            : BroadBytes(KvCacheLayout.PageTokens, MostBroad, layout.ElementBytes) + BroadBytes(MostBroad, KvCacheLayout.PageTokens, layout.ElementBytes);
        return stages + (MostBroadTiles * BroadWarps * BroadRows * KvCacheLayout.PageTokens * sizeof(float));
    }

    void AttendBroad(AttentionParameters attention, KvCache cache, int layer, int heads, CudaActivations to)
    {
        KvCacheLayout layout = cache.Layout;
        int tokens = _step.IsDecode ? 1 : BroadTokens;
        int warps = tokens * attention.Group <= BroadRows ? BroadWarps : MostBroadTiles * BroadWarps;
        int rowBlocks = Blocks(checked(tokens * attention.Group), warps / BroadWarps * BroadRows);
        (attention.Tiles, int tiles) = _step.Tiles(new(tokens, 1, int.MaxValue));
        int blocks = checked(tiles * rowBlocks);
        int splits = (int)Math.Clamp(_context.Info.Multiprocessors / ((long)blocks * layout.Heads), 1, MostBroadSplits);
        if (splits > 1)
        {
            attention.Parts = ReserveParts((long)_step.Rows * heads * splits * (layout.ValueDim + 2) * sizeof(float));
        }

        var arguments = new LaunchArguments();
        arguments.Add(attention);
        arguments.Add(Pages(cache, layer));
        arguments.Add(layout.ValueDim);
        arguments.Add(tokens);
        Launch(ref arguments, "attend_broad", $"attend_{(layout.ValuesInKeys ? "latent" : "broad")}_{Suffix(layout.Type)}", new Dim3(blocks, layout.Heads, splits), warps * WarpThreads, BroadSharedBytes(layout));
        if (splits > 1)
        {
            Merge(attention, layout, layer, heads, splits, to);
        }
    }

    void AttendPlain(AttentionParameters attention, KvCache cache, int layer, int heads)
    {
        KvCacheLayout layout = cache.Layout;
        var arguments = new LaunchArguments();
        arguments.Add(attention);
        arguments.Add(Pages(cache, layer));
        if (layout.ValuesInKeys)
        {
            arguments.Add(layout.ValueDim);
        }

        string kernel = layout.ValuesInKeys ? "attend_latent_f32" : layout.HeadDim > MostNarrow ? "attend_broad_f32" : "attend_f32";
        Launch(ref arguments, "attend_plain", kernel, new Dim3(_step.Rows, heads), AttendWarps * WarpThreads);
    }
}
