// The columns of inputs that a warp multiplies with, which kernels for a few and for many of them have alike whatever form weights are in.
#pragma once
#include "linear.cuh"

// Of the columns of a product, 8 for each tile, the prepared rows that they are: of the lane's operand, -1 where there is none, and of its two sums.
template<i32 Tiles>
struct Columns
{
    i32 rows[Tiles];
    i32 first[Tiles];
    i32 second[Tiles];
};

// Stores a lane's sums of 32 rows, from first_row + lane / 4 on every 8th, by tiles of 8 columns: of two planes a token's are added up.
template<i32 Tiles>
DEVICE void store_many(const f32x4 (&totals)[2][Tiles], float factor, const Inputs& inputs, i32 first_row, i32 rows, i32 first_column, const float* bias, float* output, i32 output_stride)
{
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        i32 row = first_row + (i * 8) + (lane_index() / 4);
        if (row >= rows)
        {
            continue;
        }

        float term = bias ? load_global(bias + row) : 0;
        UNROLL for (i32 j = 0; j < Tiles; j++)
        {
            i32 column = first_column + (j * 8) + ((lane_index() % 4) * 2);
            float first = totals[i / 2][j][(i % 2) * 2] * factor;
            float second = totals[i / 2][j][((i % 2) * 2) + 1] * factor;
            if (inputs.per_row == 2)
            {
                if (column < inputs.count)
                {
                    store_global(output + ((u64)(column / 2) * output_stride) + row, first + second + term);
                }
            }
            else
            {
                if (column < inputs.count)
                {
                    store_global(output + ((u64)column * output_stride) + row, first + term);
                }

                if (column + 1 < inputs.count)
                {
                    store_global(output + ((u64)(column + 1) * output_stride) + row, second + term);
                }
            }
        }
    }
}
