// linear_few: layers that share an input, for few tokens. What counts is that weights stream through without a pause: a warp holds the next groups of 16
// rows in registers while it multiplies one. Warps of a block share 16 rows and take every other group; their sums are added in order.
//
// Grid (tiles of 16 rows of all parts, chunks of inputs). Inputs are columns of products: a token's planes one after the other.
#include "linear.cuh"

constexpr i32 TileRows = 16;

template<typename Weights>
struct Loaded
{
    u32x4 upper[Weights::Loads];
    u32x4 lower[Weights::Loads];
    float upper_scale;
    float lower_scale;
};

template<typename Weights>
DEVICE void load(Loaded<Weights>& to, const u8* upper, const u8* lower, const float* upper_scales, const float* lower_scales, i32 scale_shift, i32 group)
{
    UNROLL for (i32 i = 0; i < Weights::Loads; i++)
    {
        to.upper[i] = load_once(upper + ((u64)group * (Group * Weights::Bytes)) + (i * 64));
        to.lower[i] = load_once(lower + ((u64)group * (Group * Weights::Bytes)) + (i * 64));
    }

    to.upper_scale = upper_scales ? load_global(upper_scales + (group >> scale_shift)) : 1;
    to.lower_scale = upper_scales ? load_global(lower_scales + (group >> scale_shift)) : 1;
}

template<typename Weights, i32 Tiles>
DEVICE void multiply_group(f32x4* totals, const Loaded<Weights>& loaded, const u32x4* a, const Inputs& inputs, i32 first_column, i32 columns, i32 group)
{
    i32 lane = lane_index();
    UNROLL for (i32 tile = 0; tile < Tiles; tile++)
    {
        i32 column = (tile * 8) + (lane / 4);
        u32x4 b[4];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            b[i] = 0;
        }

        if (column < columns)
        {
            const u16* source = inputs.planes + (((u64)(first_column + column) * inputs.groups) + group) * Group + ((lane % 4) * 8);
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                b[i] = load_shared_by_warps(source + (i * 32));
            }
        }

        f32x2 scales = 1;
        if (inputs.scales)
        {
            scales = *(const f32x2*)(inputs.scales + ((u64)group * inputs.scale_stride) + first_column + (tile * 8) + ((lane % 4) * 2));
        }

        f32x4 sums = group_products<Weights>(a, b);
        totals[tile].x += sums.x * (loaded.upper_scale * scales.x);
        totals[tile].y += sums.y * (loaded.upper_scale * scales.y);
        totals[tile].z += sums.z * (loaded.lower_scale * scales.x);
        totals[tile].w += sums.w * (loaded.lower_scale * scales.y);
    }
}

// The sum of one output of a tile, of all its warps and of the planes of the token.
DEVICE float reduced(const float* sums, i32 warps, i32 warp_floats, i32 row, i32 token, i32 planes)
{
    float total = 0;
    for (i32 plane = 0; plane < planes; plane++)
    {
        i32 column = (token * planes) + plane;
        const float* at = sums + ((column / 8) * (TileRows * 8)) + (row * 8) + (column % 8);
        for (i32 warp = 0; warp < warps; warp++)
        {
            total += at[warp * warp_floats];
        }
    }

    return total;
}

// Halves: 2 where a block has 16 rows of the first part and the same of the second, which gate each other; otherwise 1.
template<typename Weights, i32 Tiles, i32 MaxWarps, i32 Halves>
DEVICE void linear_few(Part a, Part b, Part c, Inputs inputs, Gating gating)
{
    // Groups that are on their way while another is multiplied; many columns leave registers for one.
    constexpr i32 Ahead = Tiles <= 2 ? 2 : 1;
    SHARED float sums[MaxWarps * Tiles * TileRows * 8];
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
    const u8* upper = weight + (upper_row * row_bytes) + ((lane % 4) * 16);
    const u8* lower = weight + (lower_row * row_bytes) + ((lane % 4) * 16);
    const float* scales = is_third ? c.scales : is_second ? b.scales : a.scales;
    i32 block_rows = is_third ? c.block_rows : is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_third ? c.scale_stride : is_second ? b.scale_stride : a.scale_stride;
    i32 scale_shift = is_third ? c.scale_shift : is_second ? b.scale_shift : a.scale_shift;
    const float* upper_scales = scales ? scales + ((u64)(upper_row / block_rows) * scale_stride) : nullptr;
    const float* lower_scales = scales ? scales + ((u64)(lower_row / block_rows) * scale_stride) : nullptr;

    f32x4 totals[Tiles];
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        totals[i] = 0;
    }

    Loaded<Weights> loaded[Ahead];
    UNROLL for (i32 i = 0; i < Ahead; i++)
    {
        if (warp + (i * warps) < inputs.groups)
        {
            load(loaded[i], upper, lower, upper_scales, lower_scales, scale_shift, warp + (i * warps));
        }
    }

    KEEP_LOOP for (i32 group = warp; group < inputs.groups; group += Ahead * warps)
    {
        UNROLL for (i32 i = 0; i < Ahead; i++)
        {
            i32 at = group + (i * warps);
            if (at < inputs.groups)
            {
                u32x4 operands[8];
                UNROLL for (i32 product = 0; product < 8; product++)
                {
                    operands[product] = operand<Weights>(loaded[i].upper, loaded[i].lower, product);
                }

                Loaded<Weights> current = loaded[i];
                if (at + (Ahead * warps) < inputs.groups)
                {
                    load(loaded[i], upper, lower, upper_scales, lower_scales, scale_shift, at + (Ahead * warps));
                }

                multiply_group<Weights, Tiles>(totals, current, operands, inputs, first_column, columns, at);
            }
        }
    }

    constexpr i32 WarpFloats = Tiles * TileRows * 8;
    float* own = sums + (warp_index() * WarpFloats) + ((lane / 4) * 8) + ((lane % 4) * 2);
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        *(f32x2*)(own + (i * TileRows * 8)) = (f32x2){totals[i].x, totals[i].y};
        *(f32x2*)(own + (i * TileRows * 8) + 64) = (f32x2){totals[i].z, totals[i].w};
    }

    sync_block();
    i32 tokens = columns / inputs.per_row;
    i32 first_token = first_column / inputs.per_row;
    is_third = Halves == 1 && is_third;
    is_second = Halves == 1 && is_second;
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

        float sum = reduced(sums, warps, WarpFloats, i % TileRows, token, inputs.per_row) * Weights::Factor;
        sum += bias ? bias[row] : 0;
        u64 place = ((u64)(first_token + token) * output_stride) + row;
        if constexpr (Halves == 2)
        {
            float up = reduced(sums + (warps * WarpFloats), warps, WarpFloats, i % TileRows, token, inputs.per_row) * Weights::Factor;
            up += b.bias ? b.bias[row] : 0;
            b.output[((u64)(first_token + token) * b.output_stride) + row] = up;
            sum = gated(gating, sum, up);
        }

        output[place] = sum;
    }
}

#define LINEAR(name, weights, tiles, warps) \
    GLOBAL BOUNDS(warps * 32) void linear_few_##name##_##tiles(Part a, Part b, Part c, Inputs inputs) { linear_few<weights, tiles, warps, 1>(a, b, c, inputs, Gating{}); }

#define GATED(name, weights, tiles, warps) \
    GLOBAL BOUNDS(warps * 32) void linear_few_gated_##name##_##tiles(Part a, Part b, Inputs inputs, Gating gating) { linear_few<weights, tiles, warps, 2>(a, b, b, inputs, gating); }

#define LINEAR_ALL(name, weights) LINEAR(name, weights, 1, 16) LINEAR(name, weights, 2, 16) LINEAR(name, weights, 4, 8) LINEAR(name, weights, 8, 8)
#define GATED_ALL(name, weights) GATED(name, weights, 1, 16) GATED(name, weights, 2, 16) GATED(name, weights, 4, 8) GATED(name, weights, 8, 8)

LINEAR_ALL(e4m3, E4M3Weights)
GATED_ALL(e4m3, E4M3Weights)
LINEAR_ALL(bf16, BF16Weights)
LINEAR(e5m2, E5M2Weights, 1, 16)
LINEAR(e5m2, E5M2Weights, 8, 8)
LINEAR(f16, F16Weights, 1, 16)
LINEAR(f16, F16Weights, 8, 8)
