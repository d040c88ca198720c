// Layers in tiles (tiled_weights.cuh) that share an input, for few tokens. As linear_few has it, warps of a block share 16 rows and take every
// other group, each with the next groups on their way; their sums are added in order.
//
// Grid (tiles of 16 rows of all parts, chunks of inputs). A part's row_bytes are those of 16 rows, its scales float32 for 2^scale_shift spans, or the tensor's
// own scale alone.
#pragma once
#include "tiled_stream.cuh"

// Halves: 2 where a block has 16 rows of the first part and the same of the second, which gate each other; otherwise 1.
template<typename Weights, i32 Tiles, i32 MaxWarps, i32 Halves>
DEVICE void linear_tiled(const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Gating& gating)
{
    SHARED float sums[MaxWarps * Tiles * TiledRows * 8];
    constexpr i32 WarpFloats = Tiles * TiledRows * 8;
    i32 lane = lane_index();
    i32 warps = block_warps() / Halves;
    i32 half = warp_index() / warps;
    i32 warp = warp_index() % warps;
    i32 block = block_x();
    bool is_third = Halves == 1 && block >= c.first_tile;
    bool is_second = Halves == 2 ? half == 1 : !is_third && block >= b.first_tile;
    i32 tile = block - (Halves == 2 ? 0 : is_third ? c.first_tile : is_second ? b.first_tile : 0);
    i32 rows = is_third ? c.rows : is_second ? b.rows : a.rows;
    i32 first_row = tile * TiledRows;
    i32 first_column = block_y() * inputs.chunk;
    i32 columns = least(inputs.chunk, inputs.count - first_column);
    const u8* weight = is_third ? c.weight : is_second ? b.weight : a.weight;
    u64 tile_bytes = is_third ? c.row_bytes : is_second ? b.row_bytes : a.row_bytes;
    const float* scales = is_third ? c.scales : is_second ? b.scales : a.scales;
    i32 block_rows = is_third ? c.block_rows : is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_third ? c.scale_stride : is_second ? b.scale_stride : a.scale_stride;
    i32 scale_shift = is_third ? c.scale_shift : is_second ? b.scale_shift : a.scale_shift;
    RowScales of_rows = row_scales(scales, block_rows, scale_stride, scale_shift, first_row, rows);

    Columns<Tiles> places;
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        i32 column = (i * 8) + (lane / 4);
        places.rows[i] = column < columns ? first_column + column : -1;
        places.first[i] = first_column + (i * 8) + ((lane % 4) * 2);
        places.second[i] = places.first[i] + 1;
    }

    f32x4 totals[Tiles];
    multiply_tiles<Weights, Tiles>(totals, weight + ((u64)tile * tile_bytes), of_rows, inputs, places, warp, warps);
    put_warp_sums<Tiles>(sums, totals);
    sync_block();

    // Of two halves every warp has both parts' outputs.
    is_second = Halves == 1 && is_second;
    float* output = is_third ? c.output : is_second ? b.output : a.output;
    const float* bias = is_third ? c.bias : is_second ? b.bias : a.bias;
    i32 output_stride = is_third ? c.output_stride : is_second ? b.output_stride : a.output_stride;
    float factor = tile_factor<Weights>(is_third ? c.scales : is_second ? b.scales : a.scales);
    i32 tokens = columns / inputs.per_row;
    i32 first_token = first_column / inputs.per_row;
    for (i32 i = thread_index(); i < tokens * TiledRows; i += block_threads())
    {
        i32 row = first_row + (i % TiledRows);
        i32 token = i / TiledRows;
        if (row >= rows)
        {
            continue;
        }

        float sum = block_sum(sums, warps, WarpFloats, i % TiledRows, token, inputs.per_row) * factor;
        sum += bias ? load_global(bias + row) : 0;
        if constexpr (Halves == 2)
        {
            float up = block_sum(sums + (warps * WarpFloats), warps, WarpFloats, i % TiledRows, token, inputs.per_row) * tile_factor<Weights>(b.scales);
            up += b.bias ? load_global(b.bias + row) : 0;
            store_global(b.output + ((u64)(first_token + token) * b.output_stride) + row, up);
            sum = gated(gating, sum, up);
        }

        store_global(output + ((u64)(first_token + token) * output_stride) + row, sum);
    }
}

#define LINEAR(name, weights, tiles, warps) \
    GLOBAL BOUNDS(warps * 32) void linear_few_##name##_##tiles(Part a, Part b, Part c, Inputs inputs) { linear_tiled<weights, tiles, warps, 1>(a, b, c, inputs, Gating{}); }

#define GATED(name, weights, tiles, warps) \
    GLOBAL BOUNDS(warps * 32) void linear_few_gated_##name##_##tiles(Part a, Part b, Inputs inputs, Gating gating) { linear_tiled<weights, tiles, warps, 2>(a, b, b, inputs, gating); }

#define LINEAR_ALL(name, weights) LINEAR(name, weights, 1, 16) LINEAR(name, weights, 2, 16) LINEAR(name, weights, 4, 8) LINEAR(name, weights, 8, 8)
#define GATED_ALL(name, weights) GATED(name, weights, 1, 16) GATED(name, weights, 2, 16) GATED(name, weights, 4, 8) GATED(name, weights, 8, 8)
#define LINEAR_ENDS(name, weights) LINEAR(name, weights, 1, 16) LINEAR(name, weights, 8, 8)
