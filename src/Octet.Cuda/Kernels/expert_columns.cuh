// The layers of a mixture's experts, and the tokens that route and sort_routes (experts.cu) have sent to each.
#pragma once
#include "columns.cuh"

// A layer of all experts: of each, where its weight, scales and bias are. Of tiles row_bytes are those of 16 rows.
struct ExpertLayer
{
    const u64* weights;
    const u64* scales; // null: none
    const u64* biases; // null: none
    float* output;     // a row for each pair
    u64 row_bytes;
    i32 rows;
    i32 output_stride;
    i32 block_rows;
    i32 scale_stride;
    i32 scale_shift;
};

struct Routed
{
    const i32* pairs;
    const i32* groups;
    i32 chosen;   // inputs are those of tokens, each of so many pairs; 1: of pairs
};

// Of so many of the pairs, from the first on.
template<i32 Tiles>
DEVICE Columns<Tiles> columns_of_pairs(const Routed& routed, const Inputs& inputs, i32 first_pair, i32 count)
{
    Columns<Tiles> columns;
    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        i32 column = (i * 8) + (lane_index() / 4);
        i32 pair = column / inputs.per_row;
        columns.rows[i] = -1;
        if (pair < count)
        {
            columns.rows[i] = ((routed.pairs[first_pair + pair] / routed.chosen) * inputs.per_row) + (column % inputs.per_row);
        }
    }

    UNROLL for (i32 i = 0; i < Tiles; i++)
    {
        // Lane 4 c has column c; where there is none any scale will do.
        columns.first[i] = most(0, from_lane(columns.rows[i], (lane_index() % 4) * 8));
        columns.second[i] = most(0, from_lane(columns.rows[i], ((lane_index() % 4) * 8) + 4));
    }

    return columns;
}
