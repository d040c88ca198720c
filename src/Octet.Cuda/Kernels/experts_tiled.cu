// Layers of the experts of a mixture in tiles (tiled_weights.cuh): as experts.cu has them, of tokens that route and sort_routes there have sent to them.
#include "expert_columns.cuh"
#include "tiled_stream.cuh"

// Grid (16 rows, experts that may have been chosen). Halves: 2 where a block has the same rows of both layers, which gate each other. A block takes the tokens
// of its expert as many at a time as it has columns for.
template<typename Weights, i32 Tiles, i32 MaxWarps, i32 Halves>
DEVICE void expert_tiles(const ExpertLayer& a, const ExpertLayer& b, const Routed& routed, const Inputs& inputs, const Gating& gating)
{
    SHARED float sums[MaxWarps * Tiles * TiledRows * 8];
    constexpr i32 WarpFloats = Tiles * TiledRows * 8;
    if (block_y() >= routed.groups[0])
    {
        return;
    }

    i32 warps = block_warps() / Halves;
    i32 warp = warp_index() % warps;
    bool is_second = Halves == 2 && warp_index() / warps == 1;
    i32 first_row = block_x() * TiledRows;
    i32 expert = routed.groups[1 + (3 * block_y())];
    i32 first_pair = routed.groups[2 + (3 * block_y())];
    i32 pairs = routed.groups[3 + (3 * block_y())];
    const u8* tiles = (const u8*)load_global((is_second ? b.weights : a.weights) + expert) + ((u64)block_x() * (is_second ? b.row_bytes : a.row_bytes));
    const float* a_scales = a.scales ? (const float*)load_global(a.scales + expert) : nullptr;
    const float* b_scales = b.scales ? (const float*)load_global(b.scales + expert) : nullptr;
    RowScales of_rows = row_scales(is_second ? b_scales : a_scales, is_second ? b.block_rows : a.block_rows, is_second ? b.scale_stride : a.scale_stride,
        is_second ? b.scale_shift : a.scale_shift, first_row, a.rows);
    i32 chunk_pairs = (Tiles * 8) / inputs.per_row;
    KEEP_LOOP for (i32 done = 0; done < pairs; done += chunk_pairs)
    {
        i32 count = least(chunk_pairs, pairs - done);
        Columns<Tiles> places = columns_of_pairs<Tiles>(routed, inputs, first_pair + done, count);
        f32x4 totals[Tiles];
        multiply_tiles<Weights, Tiles>(totals, tiles, of_rows, inputs, places, warp, warps);
        put_warp_sums<Tiles>(sums, totals);
        sync_block();
        float a_factor = tile_factor<Weights>(a_scales);
        float b_factor = Halves == 2 ? tile_factor<Weights>(b_scales) : 0;
        for (i32 i = thread_index(); i < count * TiledRows; i += block_threads())
        {
            i32 row = first_row + (i % TiledRows);
            i32 pair = i / TiledRows;
            if (row < a.rows)
            {
                u64 place = routed.pairs[first_pair + done + pair];
                float sum = block_sum(sums, warps, WarpFloats, i % TiledRows, pair, inputs.per_row) * a_factor;
                sum += a.biases ? load_global((const float*)load_global(a.biases + expert) + row) : 0;
                if constexpr (Halves == 2)
                {
                    float up = block_sum(sums + (warps * WarpFloats), warps, WarpFloats, i % TiledRows, pair, inputs.per_row) * b_factor;
                    up += b.biases ? load_global((const float*)load_global(b.biases + expert) + row) : 0;
                    sum = gated(gating, sum, up);
                }

                store_global(a.output + (place * a.output_stride) + row, sum);
            }
        }

        sync_block();
    }
}

#define EXPERTS(name, weights, tiles, warps) \
    GLOBAL BOUNDS(warps * 32) void experts_##name##_##tiles(ExpertLayer a, Routed routed, Inputs inputs) { expert_tiles<weights, tiles, warps, 1>(a, a, routed, inputs, Gating{}); } \
    GLOBAL BOUNDS(warps * 32) void experts_gated_##name##_##tiles(ExpertLayer a, ExpertLayer b, Routed routed, Inputs inputs, Gating gating) { expert_tiles<weights, tiles, warps, 2>(a, b, routed, inputs, gating); }

#define EXPERTS_ALL(name, weights) EXPERTS(name, weights, 1, 16) EXPERTS(name, weights, 4, 8)

EXPERTS_ALL(mx_e2m1, MxE2M1)
EXPERTS_ALL(nv_e2m1, NvE2M1)
EXPERTS_ALL(mx_e4m3, MxE4M3)
EXPERTS_ALL(mx_e5m2, MxE5M2)
EXPERTS_ALL(small_e4m3, SmallE4M3)
EXPERTS_ALL(small_e5m2, SmallE5M2)
EXPERTS_ALL(small_fnuz, SmallFnuz)
EXPERTS_ALL(small_f16, SmallF16)
