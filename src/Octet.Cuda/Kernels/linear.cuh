// What kernels of linear layers share: layers that have an input in common, and that input.
#pragma once
#include "gating.cuh"
#include "weights.cuh"

struct Part
{
    const u8* weight;    // rows of whole groups, the last filled up with zeros
    const float* scales; // null: 1
    const float* bias;   // null: 0
    float* output;
    u64 row_bytes;
    i32 rows;
    i32 first_tile;
    i32 output_stride;
    i32 block_rows;
    i32 scale_stride;
    i32 scale_shift; // a scale is for 2^shift groups
};

struct Inputs
{
    const u16* planes;
    const float* scales; // null: 1
    i32 scale_stride;
    i32 groups;
    i32 count;   // columns in all
    i32 chunk;   // columns of a block
    i32 per_row; // planes of a token
};
