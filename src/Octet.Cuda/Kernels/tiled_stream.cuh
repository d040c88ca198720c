// Tiles of weights (tiled_weights.cuh) that stream through registers, multiplied with a few columns of inputs: for linear layers and for experts.
#pragma once
#include "columns.cuh"
#include "tiled_weights.cuh"

// The sums of a warp: of the 16 rows whose tiles begin at `tiles` and some columns, over every warps-th group from the warp's own on.
template<typename Weights, i32 Tiles>
DEVICE void multiply_tiles(f32x4* totals, const u8* tiles, const RowScales& rows, const Inputs& inputs, const Columns<Tiles>& columns, i32 warp, i32 warps)
{
    // Groups that are on their way while another is multiplied; many columns leave registers for one.
    constexpr bool IsShort = Weights::Codes::Loads == 1;
    constexpr i32 Ahead = Tiles > 2 || Weights::Scales::Bytes == 0 ? 1 : Tiles == 1 ? (IsShort && !Weights::Scales::AreFolded ? 3 : 2) : IsShort ? 2 : 1;
    i32 lane = lane_index();
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        totals[i] = 0;
    }

    LoadedTile<Weights> loaded[Ahead];
    u64 tile_step = (u64)warps * Weights::Bytes;
    const u8* next_tile = tiles + ((u64)warp * Weights::Bytes);
    UNROLL for (i32 i = 0; i < Ahead; i++)
    {
        if (warp + (i * warps) < inputs.groups)
        {
            load_tile(loaded[i], GlobalTile{next_tile}, rows, warp + (i * warps));
        }

        next_tile += tile_step;
    }

    // A lane's columns of the group that is multiplied, and the group's scales.
    u64 input_step = (u64)warps * Group;
    u64 scale_step = (u64)warps * inputs.scale_stride;
    const u16* of_columns[Tiles];
    const float* of_group = inputs.scales + ((u64)warp * inputs.scale_stride);
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        of_columns[i] = inputs.planes + (((u64)most(columns.rows[i], 0) * inputs.groups) + warp) * Group + ((lane % 4) * 8);
    }

    KEEP_LOOP for (i32 first = warp; first < inputs.groups; first += Ahead * warps)
    {
        UNROLL for (i32 i = 0; i < Ahead; i++)
        {
            i32 group = first + (i * warps);
            if (group < inputs.groups)
            {
                u32x4 operands[2 * Spans];
                widen_tile(operands, loaded[i]);
                typename Weights::Scales scales = loaded[i].scales;
                i32 next = group + (Ahead * warps);
                if (next < inputs.groups)
                {
                    load_tile(loaded[i], GlobalTile{next_tile}, rows, next);
                }

                next_tile += tile_step;

                UNROLL for (i32 tile = 0; tile < Tiles; tile++)
                {
                    u32x4 x[Spans];
                    UNROLL for (i32 span = 0; span < Spans; span++)
                    {
                        x[span] = 0;
                    }

                    if (columns.rows[tile] >= 0)
                    {
                        UNROLL for (i32 span = 0; span < Spans; span++)
                        {
                            x[span] = load_global((const u32x4*)(of_columns[tile] + (span * 32)));
                        }
                    }

                    of_columns[tile] += input_step;
                    float first_scale = load_global(of_group + columns.first[tile]);
                    float second_scale = load_global(of_group + columns.second[tile]);
                    f32x4 sums = tile_products<Weights>(operands, scales, x);
                    totals[tile].x += sums.x * first_scale;
                    totals[tile].y += sums.y * second_scale;
                    totals[tile].z += sums.z * first_scale;
                    totals[tile].w += sums.w * second_scale;
                }

                of_group += scale_step;
            }
        }
    }
}

// Puts the sums of a warp where the block adds them up: [warp][tile][row][column].
template<i32 Tiles>
DEVICE void put_warp_sums(float* sums, const f32x4* totals)
{
    i32 lane = lane_index();
    float* own = sums + (warp_index() * (Tiles * TiledRows * 8)) + ((lane / 4) * 8) + ((lane % 4) * 2);
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        *(f32x2*)(own + (i * TiledRows * 8)) = (f32x2){totals[i].x, totals[i].y};
        *(f32x2*)(own + (i * TiledRows * 8) + 64) = (f32x2){totals[i].z, totals[i].w};
    }
}

// The sum of one output of a tile, of so many warps and of the planes of the token, in their order.
DEVICE float block_sum(const float* sums, i32 warps, i32 warp_floats, i32 row, i32 token, i32 planes)
{
    float total = 0;
    for (i32 plane = 0; plane < planes; plane++)
    {
        i32 column = (token * planes) + plane;
        const float* at = sums + ((column / 8) * (TiledRows * 8)) + (row * 8) + (column % 8);
        for (i32 warp = 0; warp < warps; warp++)
        {
            total += at[warp * warp_floats];
        }
    }

    return total;
}
