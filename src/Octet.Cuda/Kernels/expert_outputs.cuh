// What becomes of the sums of a piece (experts_wide.cuh): rows of pairs, or, where two layers gate each other, what gates them at their places, in float32 or
// at once as the codes that the next layer multiplies.
#pragma once
#include "expert_pieces.cuh"
#include "prepare.cuh"

// Of the columns of a piece the largest magnitude of each, then scales, then their inverses.
constexpr i32 CodedBytes = 3 * TileColumns * 4;

// Of an expert's row, 0 where there are no biases.
DEVICE float bias_of(const ExpertLayer& layer, i32 expert, i32 row) { return layer.biases ? load_global((const float*)load_global(layer.biases + expert) + row) : 0; }

// Where number i of a thread's sums of a row is, half of a wave's, and the pair beyond its first that it is of.
template<i32 PerRow>
DEVICE i32 sum_at(i32 half, i32 i) { return PerRow == 2 ? (i * 4) + (half * 2) : (i / 2 * 4) + (half * 2) + (i % 2); }

template<i32 PerRow>
DEVICE i32 place_of(i32 i) { return PerRow == 2 ? i * 4 : (i / 2 * 8) + (i % 2); }

template<i32 PerRow>
DEVICE float sum_of(const float (&totals)[ProductSums], i32 half, i32 i)
{
    i32 at = sum_at<PerRow>(half, i);
    return PerRow == 2 ? totals[at] + totals[at + 1] : totals[at];
}

// The pairs' own rows.
template<i32 PerRow>
DEVICE void store_piece(const float (&totals)[Waves][ProductSums], const Piece& piece, const ExpertLayer& layer, const WideRoutes& routes)
{
    const i32* places = routes.places + piece.first_place + (column_of_thread() / PerRow);
    i32 left = piece.places - (column_of_thread() / PerRow);
    UNROLL for (i32 i = 0; i < Waves * 2; i++)
    {
        i32 row = piece.first_row + row_of_thread() + (i / 2 * WaveRows) + (i % 2 * 8);
        if (row < layer.rows)
        {
            float bias = bias_of(layer, piece.expert, row);
            UNROLL for (i32 j = 0; j < TileColumns / 4 / PerRow; j++)
            {
                if (place_of<PerRow>(j) < left)
                {
                    i32 pair = load_global(places + place_of<PerRow>(j));
                    store_global(layer.output + ((u64)pair * layer.output_stride) + row, sum_of<PerRow>(totals[i / 2], i % 2, j) + bias);
                }
            }
        }
    }
}

// What gates a thread's pairs, where the sums of one layer were; behind the last row zeros.
template<i32 PerRow, bool IsSilu>
DEVICE void gate_sums(float (&totals)[Waves][ProductSums], const Piece& piece, const ExpertLayer& a, const ExpertLayer& b, const Gating& gating)
{
    UNROLL for (i32 half = 0; half < 2; half++)
    {
        i32 row = piece.first_row + row_of_thread() + (half * 8);
        bool is_there = row < a.rows;
        float gate_bias = is_there ? bias_of(a, piece.expert, row) : 0;
        float up_bias = is_there ? bias_of(b, piece.expert, row) : 0;
        UNROLL for (i32 i = 0; i < TileColumns / 4 / PerRow; i++)
        {
            float gate = sum_of<PerRow>(totals[0], half, i) + gate_bias;
            float up = sum_of<PerRow>(totals[1], half, i) + up_bias;
            totals[0][sum_at<PerRow>(half, i)] = !is_there ? 0 : IsSilu ? gated_by_silu(gate, up) : gated(gating, gate, up);
        }
    }
}

template<i32 PerRow>
DEVICE void store_gated(const float (&values)[ProductSums], const Piece& piece, const ExpertLayer& layer)
{
    i32 left = piece.places - (column_of_thread() / PerRow);
    UNROLL for (i32 half = 0; half < 2; half++)
    {
        i32 row = piece.first_row + row_of_thread() + (half * 8);
        float* to = layer.output + ((u64)(piece.first_place + (column_of_thread() / PerRow)) * layer.output_stride) + row;
        UNROLL for (i32 i = 0; i < TileColumns / 4 / PerRow; i++)
        {
            if (row < layer.rows && place_of<PerRow>(i) < left)
            {
                store_global(to + ((u64)place_of<PerRow>(i) * layer.output_stride), values[sum_at<PerRow>(half, i)]);
            }
        }
    }
}

// x / scale, rounded once, of what is neither infinite nor too small for a code; a zero keeps its sign.
DEVICE float quotient(float x, float scale, float inverse)
{
    float result = x * inverse;
    result = __builtin_fmaf(__builtin_fmaf(-result, scale, x), inverse, result);
    return __builtin_copysignf(__builtin_fmaf(__builtin_fmaf(-result, scale, x), inverse, result), x);
}

// A piece's rows are a group of the next layer's columns: the same codes and scales as prepare_group (prepare.cuh) makes of the values. Both warpgroups have
// rows of each column, whose largest magnitude is found in shared memory, where it is zero before and behind this.
DEVICE void store_codes(const float (&values)[ProductSums], u32 shared, const Piece& piece, const Preparation& to)
{
    UNROLL for (i32 i = 0; i < TileColumns / 4; i++)
    {
        u32 largest = most(bits_of(values[sum_at<1>(0, i)]) & 0x7fffffff, bits_of(values[sum_at<1>(1, i)]) & 0x7fffffff);
        UNROLL for (i32 mask = 4; mask < WarpLanes; mask *= 2)
        {
            largest = most(largest, exchange(largest, mask));
        }

        if (lane_index() < 4)
        {
            raise_shared(shared + ((column_of_thread() + place_of<1>(i)) * 4), largest);
        }
    }

    sync_consumers();
    i32 group = piece.first_row / Group;
    if (thread_index() < TileColumns)
    {
        u32 own = shared + (thread_index() * 4);
        float scale = code_scale(load_shared_4(own), to);
        store_shared_4(own, 0);
        store_shared_4(own + (TileColumns * 4), bits_of(scale));
        store_shared_4(own + (2 * TileColumns * 4), bits_of(1 / scale));
        if (thread_index() < piece.places)
        {
            store_global(to.scales + ((u64)group * to.scale_stride) + piece.first_place + thread_index(), scale);
        }
    }

    sync_consumers();
    u8* codes = (u8*)to.planes + ((((u64)(piece.first_place + column_of_thread()) * to.groups) + group) * Group) + row_of_thread();
    i32 left = piece.places - column_of_thread();
    UNROLL for (i32 j = 0; j < TileColumns / 8; j++)
    {
        f32x2 scale = load_shared_pair(shared + ((TileColumns + (j * 8) + column_of_thread()) * 4));
        f32x2 inverse = load_shared_pair(shared + (((2 * TileColumns) + (j * 8) + column_of_thread()) * 4));
        UNROLL for (i32 k = 0; k < 2; k++)
        {
            i32 i = (j * 2) + k;
            if (place_of<1>(i) < left)
            {
                u32 pair = pack_e4m3(quotient(values[sum_at<1>(0, i)], scale[k], inverse[k]), quotient(values[sum_at<1>(1, i)], scale[k], inverse[k]));
                u8* at = codes + ((u64)place_of<1>(i) * to.groups * Group);
                store_global(at, (u8)pair);
                store_global(at + 8, (u8)(pair >> 8));
            }
        }
    }
}
