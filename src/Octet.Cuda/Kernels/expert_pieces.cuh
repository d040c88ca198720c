// Which part of a mixture's experts a block of experts_wide.cuh multiplies at a time.
#pragma once
#include "expert_columns.cuh"
#include "expert_tiles.cuh"
#include "wide_ring.cuh"

constexpr i32 Waves = 2;

static_assert(TilePairs == TileColumns);

struct WideRoutes
{
    const i32* places; // the pair of each
    const ExpertTile* tiles;
};

// Of a tile with its rows.
struct Piece
{
    i32 expert;
    i32 first_row;
    i32 first_place;
    i32 places;
};

// A layer with its gate, or alone, in pieces.
template<i32 PerRow, bool IsGated>
struct Pieces
{
    static constexpr i32 Rows = IsGated ? WaveRows : Waves * WaveRows;
    static constexpr i32 Places = TilePairs / PerRow;

    // Of the wave's first row beside the piece's.
    DEVICE i32 of_wave(i32 wave) { return IsGated ? 0 : wave * WaveRows; }

    // Those of a tile.
    DEVICE i32 of_tile(i32 rows) { return (rows + Rows - 1) / Rows * PerRow; }
    DEVICE i32 count(const ExpertTile* tiles, i32 rows) { return tiles[0].expert * of_tile(rows); }

    // Of an expert with few pairs in its last tile there is one without a place.
    DEVICE Piece at(i32 index, const ExpertTile* tiles, i32 rows)
    {
        ExpertTile tile = tiles[1 + (index / of_tile(rows))];
        i32 across = tiles_of(tile.pairs) * PerRow;
        i32 own = index - (tile.first_tile * of_tile(rows));
        i32 down = own / across;
        i32 first = (own - (down * across)) * Places;
        return {tile.expert, down * Rows, tile.first_place + first, least(tile.pairs - first, Places)};
    }
};
