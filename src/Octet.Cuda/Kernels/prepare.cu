// prepare_inputs: rows of activations as operands of linear layers (see prepare.cuh).
#include "prepare.cuh"

DEVICE f32x4 load_columns(const float* row, i32 column, i32 columns, const float* factors)
{
    f32x4 x = 0;
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        if (column + i < columns)
        {
            x[i] = factors ? row[column + i] * factors[column + i] : row[column + i];
        }
    }

    return x;
}

// Grid (blocks, rows): the warps of a row's blocks take its groups in turn.
GLOBAL BOUNDS(256) void prepare_inputs(const float* x, i32 stride, i32 columns, const float* factors, Preparation to)
{
    admit_launches();
    await_launches();
    i32 row = block_y();
    const float* source = x + ((u64)row * stride);
    i32 lane = lane_index();
    for (i32 group = (block_x() * block_warps()) + warp_index(); group < to.groups; group += blocks_x() * block_warps())
    {
        prepare_group(to, row, group, load_columns(source, (group * Group) + (lane * 4), columns, factors), to.scale);
    }
}

// Grid (rows): scales are those of whole rows.
GLOBAL BOUNDS(256) void prepare_rows(const float* x, i32 stride, i32 columns, const float* factors, Preparation to)
{
    SHARED u32 largest[8];
    admit_launches();
    await_launches();
    i32 row = block_x();
    const float* source = x + ((u64)row * stride);
    i32 lane = lane_index();
    u32 found = 0;
    for (i32 group = warp_index(); group < to.groups; group += block_warps())
    {
        found = most(found, largest_bits(load_columns(source, (group * Group) + (lane * 4), columns, factors)));
    }

    found = warp_most(found);
    if (lane == 0)
    {
        largest[warp_index()] = found;
    }

    sync_block();
    for (i32 i = 0; i < block_warps(); i++)
    {
        found = most(found, largest[i]);
    }

    float scale = code_scale(found, to);
    for (i32 group = warp_index(); group < to.groups; group += block_warps())
    {
        prepare_group(to, row, group, load_columns(source, (group * Group) + (lane * 4), columns, factors), scale);
    }
}
