// Tiles of weights (tiled_weights.cuh) that stream through registers, multiplied with a few columns of inputs: for linear layers and for experts.
#pragma once
#include "linear_stream.cuh"
#include "tiled_weights.cuh"

// The sums of a warp: of the 16 rows whose tiles begin at `tiles` and some columns, over every warps-th group from the warp's own on.
template<typename Weights, i32 Tiles>
DEVICE void multiply_tiles(f32x4* totals, const u8* tiles, const RowScales& rows, const Inputs& inputs, const Columns<Tiles>& columns, i32 warp, i32 warps)
{
    // Groups that are on their way while another is multiplied; many columns leave registers for one.
    constexpr bool IsShort = Weights::Codes::Loads == 1;
    constexpr i32 Ahead = Tiles > 2 || Weights::Scales::Bytes == 0 ? 1 : Tiles == 1 ? (IsShort ? 3 : 2) : IsShort ? 2 : 1;
    i32 lane = lane_index();
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        totals[i] = 0;
    }

    LoadedTile<Weights> loaded[Ahead];
    UNROLL for (i32 i = 0; i < Ahead; i++)
    {
        i32 at = warp + (i * warps);
        if (at < inputs.groups)
        {
            load_tile(loaded[i], GlobalTile{tiles + ((u64)at * Weights::Bytes)}, rows, at);
        }
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
                    load_tile(loaded[i], GlobalTile{tiles + ((u64)next * Weights::Bytes)}, rows, next);
                }

                UNROLL for (i32 tile = 0; tile < Tiles; tile++)
                {
                    u32x4 x[Spans];
                    UNROLL for (i32 span = 0; span < Spans; span++)
                    {
                        x[span] = 0;
                    }

                    if (columns.rows[tile] >= 0)
                    {
                        const u16* source = inputs.planes + (((u64)columns.rows[tile] * inputs.groups) + group) * Group + ((lane % 4) * 8);
                        UNROLL for (i32 span = 0; span < Spans; span++)
                        {
                            x[span] = load_shared_by_warps(source + (span * 32));
                        }
                    }

                    const float* of_group = inputs.scales + ((u64)group * inputs.scale_stride);
                    float first_scale = load_global(of_group + columns.first[tile]);
                    float second_scale = load_global(of_group + columns.second[tile]);
                    f32x4 sums = tile_products<Weights>(operands, scales, x);
                    totals[tile].x += sums.x * first_scale;
                    totals[tile].y += sums.y * second_scale;
                    totals[tile].z += sums.z * first_scale;
                    totals[tile].w += sums.w * second_scale;
                }
            }
        }
    }
}
