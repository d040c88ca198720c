// linear_few: layers that share an input, for few tokens. What counts is that weights stream through without a pause: groups of 16 rows are on their way
// while others are multiplied (see linear_stream.cuh), the first before the launches that make the inputs have ended. Warps of a block share 16 rows and
// take every other group; their sums are added in order.
//
// Grid (tiles of 16 rows of all parts, chunks of inputs). Inputs are columns of products: a token's planes one after the other.
#include "linear_stream.cuh"

// Halves: 2 where a block has 16 rows of the first part and the same of the second, which gate each other; otherwise 1.
template<typename Weights, i32 Tiles, i32 Halves>
DEVICE void linear_few(const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Gating& gating)
{
    extern SHARED __attribute__((aligned(128))) u8 rings[];
    admit_launches();
    i32 lane = lane_index();
    i32 warps = block_warps() / Halves;
    i32 half = warp_index() / warps;
    i32 warp = warp_index() % warps;
    i32 tile = block_x();
    bool is_third = Halves == 1 && tile >= c.first_tile;
    bool is_second = Halves == 1 ? !is_third && tile >= b.first_tile : half == 1;
    i32 rows = is_third ? c.rows : is_second ? b.rows : a.rows;
    i32 first_row = (tile - (Halves == 2 ? 0 : is_third ? c.first_tile : is_second ? b.first_tile : 0)) * TileRows;
    i32 first_column = block_y() * inputs.chunk;
    i32 columns = least(inputs.chunk, inputs.count - first_column);

    const u8* weight = is_third ? c.weight : is_second ? b.weight : a.weight;
    u64 row_bytes = is_third ? c.row_bytes : is_second ? b.row_bytes : a.row_bytes;
    i32 upper_row = least(first_row + (lane / 4), rows - 1);
    i32 lower_row = least(first_row + (lane / 4) + 8, rows - 1);
    WeightRows own;
    own.upper = weight + (upper_row * row_bytes) + ((lane % 4) * 16);
    own.lower = weight + (lower_row * row_bytes) + ((lane % 4) * 16);
    u32 ring = own_ring(rings);
    begin_rows<Weights>(ring, own, inputs.groups, warp, warps);

    const float* scales = is_third ? c.scales : is_second ? b.scales : a.scales;
    i32 block_rows = is_third ? c.block_rows : is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_third ? c.scale_stride : is_second ? b.scale_stride : a.scale_stride;
    own.scale_shift = is_third ? c.scale_shift : is_second ? b.scale_shift : a.scale_shift;
    own.upper_scales = scales ? scales + ((u64)(upper_row / block_rows) * scale_stride) : nullptr;
    own.lower_scales = scales ? scales + ((u64)(lower_row / block_rows) * scale_stride) : nullptr;
    Columns<Tiles> places;
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        i32 column = (i * 8) + (lane / 4);
        places.rows[i] = column < columns ? first_column + column : -1;
        places.first[i] = first_column + (i * 8) + ((lane % 4) * 2);
        places.second[i] = places.first[i] + 1;
    }

    f32x4 totals[Tiles];
    await_launches();
    multiply_rows<Weights, Tiles>(totals, ring, own, inputs, places, warp, warps);
    put_sums<Tiles>(rings, totals);
    sync_block();
    i32 tokens = columns / inputs.per_row;
    i32 first_token = first_column / inputs.per_row;
    tile = block_x_again();
    is_third = Halves == 1 && tile >= c.first_tile;
    is_second = Halves == 1 && !is_third && tile >= b.first_tile;
    first_row = (tile - (is_third ? c.first_tile : is_second ? b.first_tile : 0)) * TileRows;
    rows = is_third ? c.rows : is_second ? b.rows : a.rows;
    float* output = is_third ? c.output : is_second ? b.output : a.output;
    const float* bias = is_third ? c.bias : is_second ? b.bias : a.bias;
    i32 output_stride = is_third ? c.output_stride : is_second ? b.output_stride : a.output_stride;
    for (i32 i = thread_index(); i < tokens * TileRows; i += block_threads())
    {
        i32 row = first_row + (i % TileRows);
        i32 token = i / TileRows;
        if (row >= rows)
        {
            continue;
        }

        float sum = reduced(rings, 0, warps, i % TileRows, token, inputs.per_row) * Weights::Factor;
        sum += bias ? bias[row] : 0;
        u64 place = ((u64)(first_token + token) * output_stride) + row;
        if constexpr (Halves == 2)
        {
            float up = reduced(rings, warps, warps, i % TileRows, token, inputs.per_row) * Weights::Factor;
            up += b.bias ? b.bias[row] : 0;
            b.output[((u64)(first_token + token) * b.output_stride) + row] = up;
            sum = gated(gating, sum, up);
        }

        output[place] = sum;
    }
}

// Blocks of the most warps that are on a multiprocessor at once, or as many warps of smaller ones (CudaBackend.Linear.cs); registers are what they leave.
#define LINEAR(name, weights, tiles, warps, blocks) \
    GLOBAL RESIDENT_BOUNDS(warps * 32, blocks) void linear_few_##name##_##tiles(Part a, Part b, Part c, Inputs inputs) { linear_few<weights, tiles, 1>(a, b, c, inputs, Gating{}); }

#define GATED(name, weights, tiles, warps, blocks) \
    GLOBAL RESIDENT_BOUNDS(warps * 32, blocks) void linear_few_gated_##name##_##tiles(Part a, Part b, Inputs inputs, Gating gating) { linear_few<weights, tiles, 2>(a, b, b, inputs, gating); }

#define LINEAR_ALL(name, weights) LINEAR(name, weights, 1, 14, 2) LINEAR(name, weights, 2, 14, 1) LINEAR(name, weights, 4, 12, 1)
#define GATED_ALL(name, weights) GATED(name, weights, 1, 14, 2) GATED(name, weights, 2, 14, 1) GATED(name, weights, 4, 12, 1)

LINEAR_ALL(e4m3, E4M3Weights)
GATED_ALL(e4m3, E4M3Weights)
LINEAR_ALL(bf16, BF16Weights)
GATED_ALL(bf16, BF16Weights)
LINEAR(e5m2, E5M2Weights, 1, 14, 2)
LINEAR(e5m2, E5M2Weights, 4, 12, 1)
LINEAR(f16, F16Weights, 1, 14, 2)
LINEAR(f16, F16Weights, 4, 12, 1)
