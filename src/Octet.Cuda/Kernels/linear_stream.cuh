// Rows of weights that stream through registers, multiplied with a few columns of inputs: what linear_few and the experts of a mixture share.
#pragma once
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

// Of the columns of a product, 8 for each tile, the prepared rows that they are: of the lane's operand, -1 where there is none, and of its two sums.
template<i32 Tiles>
struct Columns
{
    i32 rows[Tiles];
    i32 first[Tiles];
    i32 second[Tiles];
};

template<typename Weights, i32 Tiles>
DEVICE void multiply_group(f32x4* totals, const Loaded<Weights>& loaded, const u32x4* a, const Inputs& inputs, const Columns<Tiles>& columns, i32 group)
{
    i32 lane = lane_index();
    UNROLL for (i32 tile = 0; tile < Tiles; tile++)
    {
        u32x4 b[4];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            b[i] = 0;
        }

        if (columns.rows[tile] >= 0)
        {
            const u16* source = inputs.planes + (((u64)columns.rows[tile] * inputs.groups) + group) * Group + ((lane % 4) * 8);
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                b[i] = load_shared_by_warps(source + (i * 32));
            }
        }

        f32x2 scales = 1;
        if (inputs.scales)
        {
            const float* of_group = inputs.scales + ((u64)group * inputs.scale_stride);
            scales.x = load_global(of_group + columns.first[tile]);
            scales.y = load_global(of_group + columns.second[tile]);
        }

        f32x4 sums = group_products<Weights>(a, b);
        totals[tile].x += sums.x * (loaded.upper_scale * scales.x);
        totals[tile].y += sums.y * (loaded.upper_scale * scales.y);
        totals[tile].z += sums.z * (loaded.lower_scale * scales.x);
        totals[tile].w += sums.w * (loaded.lower_scale * scales.y);
    }
}

// The sums of a warp: of 16 rows of weights and some columns, over every warps-th group from the warp's own on.
template<typename Weights, i32 Tiles>
DEVICE void multiply_rows(f32x4* totals, const u8* upper, const u8* lower, const float* upper_scales, const float* lower_scales, i32 scale_shift, const Inputs& inputs, const Columns<Tiles>& columns, i32 warp, i32 warps)
{
    // Groups that are on their way while another is multiplied; many columns leave registers for one.
    constexpr i32 Ahead = Tiles <= 2 ? 2 : 1;
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

                multiply_group<Weights, Tiles>(totals, current, operands, inputs, columns, at);
            }
        }
    }
}

// Puts the sums of a warp where the block adds them up: [warp][tile][row][column].
template<i32 Tiles>
DEVICE void put_sums(float* sums, const f32x4* totals)
{
    i32 lane = lane_index();
    float* own = sums + (warp_index() * (Tiles * TileRows * 8)) + ((lane / 4) * 8) + ((lane % 4) * 2);
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        *(f32x2*)(own + (i * TileRows * 8)) = (f32x2){totals[i].x, totals[i].y};
        *(f32x2*)(own + (i * TileRows * 8) + 64) = (f32x2){totals[i].z, totals[i].w};
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
