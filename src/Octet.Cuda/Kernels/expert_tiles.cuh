// Where the pairs of experts lie, by expert, and the tiles of them that experts_wide.cuh multiplies: made on the card by sort_routes (experts.cu), so that
// the host waits for none of it.
#pragma once
#include "shim.cuh"

// What each expert's first place is a multiple of: scales of places are copied 16 bytes at a time.
constexpr i32 PlaceUnit = 8;

// Pairs of a tile.
constexpr i32 TilePairs = 128;

// Of each tile that expert has; before the first there is one whose `expert` is how many there are.
struct __attribute__((aligned(16))) ExpertTile
{
    i32 expert;
    i32 first_place; // of the expert's
    i32 pairs;       // of the expert
    i32 first_tile;  // of the expert's
};

DEVICE i32 in_units(i32 pairs) { return (pairs + PlaceUnit - 1) / PlaceUnit * PlaceUnit; }
DEVICE i32 tiles_of(i32 pairs) { return (pairs + TilePairs - 1) / TilePairs; }
