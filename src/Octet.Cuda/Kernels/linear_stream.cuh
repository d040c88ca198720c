// Rows of weights that stream through shared memory, multiplied with a few columns of inputs: what linear_few and the experts of a mixture share.
//
// A warp has a ring of groups of its own, [stage][16 columns][upper, lower row][lane] of 16 bytes: each lane copies what it multiplies itself, and waits for
// nothing but its own copies. What is on its way takes no registers, so that blocks for a whole layer are there at once. When all is multiplied a warp's sums
// take the ring's place.
#pragma once
#include "async_copy.cuh"
#include "columns.cuh"

constexpr i32 TileRows = 16;

// Of each warp; CudaBackend.Linear.cs asks for as many.
constexpr i32 RingBytes = 8192;
constexpr i32 RingFloats = RingBytes / 4;

// Of a lane's two rows, g = lane / 4 and g + 8 of 16, its first columns; and their scales, null: 1.
struct WeightRows
{
    const u8* upper;
    const u8* lower;
    const float* upper_scales;
    const float* lower_scales;
    i32 scale_shift;
};

template<typename Weights>
struct Ring
{
    static constexpr i32 RowBytes = WarpLanes * 16;
    static constexpr i32 StageBytes = 2 * Weights::Loads * RowBytes;
    static constexpr i32 Stages = RingBytes / StageBytes;
};

template<typename Weights>
DEVICE void copy_group(u32 stage, const WeightRows& rows, i32 group)
{
    UNROLL for (i32 i = 0; i < Weights::Loads; i++)
    {
        u64 column = ((u64)group * (Group * Weights::Bytes)) + (i * 64);
        copy_async(stage + (2 * i * Ring<Weights>::RowBytes), rows.upper + column);
        copy_async(stage + (((2 * i) + 1) * Ring<Weights>::RowBytes), rows.lower + column);
    }
}

DEVICE u32 own_ring(const u8* rings) { return shared_address(rings) + (warp_index() * RingBytes) + (lane_index() * 16); }

// Sends for the first groups of a warp, which has every warps-th from its own on; multiply_rows goes on from there.
template<typename Weights>
DEVICE void begin_rows(u32 ring, const WeightRows& rows, i32 groups, i32 warp, i32 warps)
{
    UNROLL for (i32 i = 0; i < Ring<Weights>::Stages - 1; i++)
    {
        if (warp + (i * warps) < groups)
        {
            copy_group<Weights>(ring + (i * Ring<Weights>::StageBytes), rows, warp + (i * warps));
        }

        end_copies();
    }
}

// Operand B of a group: the lane's column, zeros where there is none.
DEVICE void load_inputs(u32x4* b, const Inputs& inputs, i32 row, i32 group)
{
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        b[i] = 0;
    }

    if (row >= 0)
    {
        const u16* source = inputs.planes + ((u64)(u32)((row * inputs.groups) + group) * Group) + ((lane_index() % 4) * 8);
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            b[i] = load_global((const u32x4*)(source + (i * 32)));
        }
    }
}

// What products of a group are multiplied with: of the lane's two rows, and of its two columns of a tile.
struct GroupScales
{
    float upper;
    float lower;
    f32x2 columns;
};

template<i32 Tiles>
DEVICE f32x2 column_scales(const Inputs& inputs, const Columns<Tiles>& columns, i32 tile, i32 group)
{
    f32x2 scales = 1;
    if (inputs.scales)
    {
        const float* of_group = inputs.scales + ((u64)group * inputs.scale_stride);
        scales.x = load_global(of_group + columns.first[tile]);
        scales.y = load_global(of_group + columns.second[tile]);
    }

    return scales;
}

template<i32 Tiles>
DEVICE GroupScales group_scales(const WeightRows& rows, const Inputs& inputs, const Columns<Tiles>& columns, i32 group)
{
    GroupScales scales;
    scales.upper = rows.upper_scales ? load_global(rows.upper_scales + (group >> rows.scale_shift)) : 1;
    scales.lower = rows.upper_scales ? load_global(rows.lower_scales + (group >> rows.scale_shift)) : 1;
    scales.columns = column_scales(inputs, columns, 0, group);
    return scales;
}

// The sums of a warp: of 16 rows of weights and some columns.
template<typename Weights, i32 Tiles>
DEVICE void multiply_rows(f32x4* totals, u32 ring, const WeightRows& rows, const Inputs& inputs, const Columns<Tiles>& columns, i32 warp, i32 warps)
{
    constexpr i32 Stages = Ring<Weights>::Stages;
    constexpr i32 StageBytes = Ring<Weights>::StageBytes;
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        totals[i] = 0;
    }

    // Inputs and scales are on their way while what is there of them is multiplied: of the next tile, behind the last of the next group.
    constexpr i32 Buffers = Tiles == 1 ? 1 : 2;
    u32x4 b[Buffers][4];
    load_inputs(b[0], inputs, warp < inputs.groups ? columns.rows[0] : -1, warp);
    GroupScales scales = group_scales(rows, inputs, columns, least(warp, inputs.groups - 1));
    i32 stage = 0;
    KEEP_LOOP for (i32 group = warp; group < inputs.groups; group += warps)
    {
        // To where the group before was: its words have been multiplied.
        if (group + ((Stages - 1) * warps) < inputs.groups)
        {
            copy_group<Weights>(ring + (((stage + Stages - 1) % Stages) * StageBytes), rows, group + ((Stages - 1) * warps));
        }

        end_copies();
        await_copies<Stages - 1>();
        u32x4 upper[Weights::Loads];
        u32x4 lower[Weights::Loads];
        UNROLL for (i32 i = 0; i < Weights::Loads; i++)
        {
            u32 from = ring + (stage * StageBytes) + (2 * i * Ring<Weights>::RowBytes);
            upper[i] = load_shared(from);
            lower[i] = load_shared(from + Ring<Weights>::RowBytes);
        }

        u32x4 a[8];
        UNROLL for (i32 product = 0; product < 8; product++)
        {
            a[product] = operand<Weights>(upper, lower, product);
        }

        UNROLL for (i32 tile = 0; tile < Tiles; tile++)
        {
            i32 next = tile + 1 < Tiles ? group : group + warps;
            i32 next_row = next < inputs.groups ? columns.rows[(tile + 1) % Tiles] : -1;
            if (Buffers == 2)
            {
                load_inputs(b[(tile + 1) % Buffers], inputs, next_row, next);
            }

            f32x4 sums = group_products<Weights>(a, b[tile % Buffers]);
            if (Buffers == 1)
            {
                load_inputs(b[0], inputs, next_row, next);
            }

            totals[tile].x += sums.x * (scales.upper * scales.columns.x);
            totals[tile].y += sums.y * (scales.upper * scales.columns.y);
            totals[tile].z += sums.z * (scales.lower * scales.columns.x);
            totals[tile].w += sums.w * (scales.lower * scales.columns.y);
            if (tile + 1 < Tiles)
            {
                scales.columns = column_scales(inputs, columns, (tile + 1) % Tiles, group);
            }
        }

        scales = group_scales(rows, inputs, columns, least(group + warps, inputs.groups - 1));
        stage = (stage + 1) % Stages;
    }
}

// Puts the sums of a warp where the block adds them up: [warp][RingFloats], of which [tile][row][column].
template<i32 Tiles>
DEVICE void put_sums(u8* rings, const f32x4* totals)
{
    static_assert(Tiles * TileRows * 8 <= RingFloats, "sums of a warp take the place of its ring");
    i32 lane = lane_index();
    float* own = (float*)rings + (warp_index() * RingFloats) + ((lane / 4) * 8) + ((lane % 4) * 2);

    // A lane's sums lie where others had their words: all have read them.
    sync_warp();
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        *(f32x2*)(own + (i * TileRows * 8)) = (f32x2){totals[i].x, totals[i].y};
        *(f32x2*)(own + (i * TileRows * 8) + 64) = (f32x2){totals[i].z, totals[i].w};
    }
}

// The sum of one output of a tile, of all its warps from the first on and of the planes of the token.
DEVICE float reduced(const u8* rings, i32 first_warp, i32 warps, i32 row, i32 token, i32 planes)
{
    float total = 0;
    for (i32 plane = 0; plane < planes; plane++)
    {
        i32 column = (token * planes) + plane;
        const float* at = (const float*)rings + (first_warp * RingFloats) + ((column / 8) * (TileRows * 8)) + (row * 8) + (column % 8);
        for (i32 warp = 0; warp < warps; warp++)
        {
            total += at[warp * RingFloats];
        }
    }

    return total;
}
