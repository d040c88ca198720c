// Small operations on rows of activations.
#include "gating.cuh"

// gate = the gating of gate and up. Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void gate(float* gate, const float* up, i32 gate_stride, i32 up_stride, i32 columns, Gating gating)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        float* at = gate + ((u64)block_y() * gate_stride) + column;
        *at = gated(gating, *at, up[((u64)block_y() * up_stride) + column]);
    }
}

// output[i] = source[rows[i]]. Grid (rows).
GLOBAL BOUNDS(256) void gather(const float* source, const i32* rows, float* output, i32 source_stride, i32 output_stride, i32 columns)
{
    admit_launches();
    await_launches();
    const float* from = source + ((u64)rows[block_x()] * source_stride);
    float* to = output + ((u64)block_x() * output_stride);
    for (i32 column = thread_index() * 4; column < columns; column += block_threads() * 4)
    {
        *(f32x4*)(to + column) = *(const f32x4*)(from + column);
    }
}

// states *= the logistic function of gate, of which a row has one column, or as many as states. Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void gate_output(float* states, const float* gate, i32 states_stride, i32 gate_stride, i32 columns, i32 gate_step)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        states[((u64)block_y() * states_stride) + column] *= logistic(gate[((u64)block_y() * gate_stride) + (column * gate_step)]);
    }
}

// A row is so many groups, each of a piece of every part: those of one part, one after another. Grid (columns of the part / threads, rows).
GLOBAL BOUNDS(256) void ungroup(const float* input, float* output, i32 input_stride, i32 output_stride, i32 piece, i32 group, i32 first, i32 columns)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        output[((u64)block_y() * output_stride) + column] = input[((u64)block_y() * input_stride) + ((column / piece) * group) + first + (column % piece)];
    }
}
