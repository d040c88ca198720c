// join_sums: adds the sums of the parts that linear_wide and linear_many have cut tiles into, in their order, and biases. A thread has a row of a token. Grid (rows of all
// tiles, tokens).
#include "division.cuh"

GLOBAL BOUNDS(256) void join_sums(Part a, Part b, Part c, Division division, i32 tile_rows)
{
    admit_launches();
    await_launches();
    i32 at = (block_x() * block_threads()) + thread_index();
    if (at >= division.stride)
    {
        return;
    }

    i32 layer = layer_of(at / tile_rows, b, c);
    i32 row = at - (of_layer(layer, 0, b.first_tile, c.first_tile) * tile_rows);
    if (row >= of_layer(layer, a.rows, b.rows, c.rows))
    {
        return;
    }

    u64 step = (u64)blocks_y() * division.stride;
    const float* sums = division.sums + ((u64)block_y() * division.stride) + at;
    float total = load_global(sums);
    for (i32 part = 1; part < division.parts; part++)
    {
        sums += step;
        total += load_global(sums);
    }

    const float* bias = of_layer(layer, a.bias, b.bias, c.bias);
    total += bias ? load_global(bias + row) : 0;
    float* output = of_layer(layer, a.output, b.output, c.output);
    store_global(output + ((u64)block_y() * of_layer(layer, a.output_stride, b.output_stride, c.output_stride)) + row, total);
}
