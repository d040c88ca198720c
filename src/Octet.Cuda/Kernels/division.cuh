// How linear_wide and linear_many cut layers that share an input, and where the sums of parts lie until join_sums adds them.
#pragma once
#include "linear.cuh"

struct Division
{
    float* sums; // of each part, each token, the rows of all tiles one behind the other; null: tiles are whole
    i32 pieces;  // parts of all tiles
    i32 parts;   // of a tile
    i32 groups;  // of a part; of the last one what is left
    i32 stride;  // rows of all tiles, of all layers
};

template<typename T>
DEVICE T of_layer(i32 layer, T a, T b, T c) { return layer == 2 ? c : layer == 1 ? b : a; }

// The layer of a tile, of those that lie under each other.
DEVICE i32 layer_of(i32 tile, const Part& b, const Part& c) { return tile >= c.first_tile ? 2 : tile >= b.first_tile ? 1 : 0; }
