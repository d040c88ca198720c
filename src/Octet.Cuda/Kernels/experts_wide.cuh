// experts_wide: the layers of a mixture's experts for the many tokens of prompts, as linear_wide has those of all tokens (linear_wide.cuh): a tile is up to 128
// pairs of an expert, at places one behind the other, where spread_inputs has copied their inputs. Which tiles there are the card alone knows (sort_routes):
// blocks stay, and take them in turn, those of the same rows of weights one after the other.
//
// A tile has 256 rows, of a gated layer 128 of each of both, whose sums are in the same lanes. Of all experts a layer's rows lie one behind the other in memory,
// so that one tensor map has them: behind the last row of an expert are the next one's, whose sums nobody stores. Inputs come 32 columns at a time, as many as
// the tile has; what lies behind them in a stage is that of an earlier tile. PerRow: columns of a pair, its planes; of two a tile's pairs are two pieces' columns.
#pragma once
#include "expert_columns.cuh"
#include "expert_tiles.cuh"
#include "wide_ring.cuh"

constexpr i32 BoxColumns = 32;
constexpr i32 Waves = 2;

static_assert(TilePairs == TileColumns);

struct ExpertMaps
{
    TensorMap weights[2];
    TensorMap inputs;
};

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

// What one thread does.
template<typename Form, i32 PerRow, bool IsGated>
DEVICE void copy_pieces(Ring<Form, Waves> ring, u64 maps, i32 rows, const WideRoutes& routes, const Inputs& inputs)
{
    using Own = Pieces<PerRow, IsGated>;
    i32 count = Own::count(routes.tiles, rows);
    KEEP_LOOP for (i32 index = block_x(); index < count; index += blocks_x())
    {
        Piece piece = Own::at(index, routes.tiles, rows);
        i32 boxes = piece.places <= 0 ? 0 : ((piece.places * PerRow) + BoxColumns - 1) / BoxColumns;
        i32 scale_bytes = inputs.scales ? in_units(piece.places) * 4 : 0;
        i32 bytes = ring.RowsBytes + (boxes * BoxColumns * Form::ColumnPieces * 128) + scale_bytes;
        i32 first_row = (piece.expert * rows) + piece.first_row;
        const float* scales = inputs.scales + piece.first_place;
        KEEP_LOOP for (i32 group = 0; group < (boxes > 0 ? inputs.groups : 0); group++, scales += inputs.scale_stride, ring.advance())
        {
            await_phase(ring.free(), ring.phase ^ 1);
            arrive_expecting(ring.full(), bytes);
            UNROLL for (i32 wave = 0; wave < Waves; wave++)
            {
                copy_wave(ring, maps + (IsGated ? wave * sizeof(TensorMap) : 0), first_row + Own::of_wave(wave), group, wave);
            }

            KEEP_LOOP for (i32 box = 0; box < boxes; box++)
            {
                UNROLL for (i32 i = 0; i < Form::ColumnPieces; i++)
                {
                    copy_tile(ring.columns() + (((i * TileColumns) + (box * BoxColumns)) * 128), maps + (2 * sizeof(TensorMap)), (group * Group) + (i * (Group / Form::ColumnPieces)), (piece.first_place * PerRow) + (box * BoxColumns), ring.full());
                }
            }

            if (scale_bytes > 0)
            {
                copy_bytes(ring.scales(), scales, scale_bytes, ring.full());
            }
        }
    }
}

// Of an expert's row, 0 where there are no biases.
DEVICE float bias_of(const ExpertLayer& layer, i32 expert, i32 row) { return layer.biases ? load_global((const float*)load_global(layer.biases + expert) + row) : 0; }

// Number i of a thread's sums of a row, half of a wave's: of the pair place_of(i) beyond its first.
template<i32 PerRow>
DEVICE float sum_of(float (&totals)[ProductSums], i32 half, i32 i)
{
    i32 at = PerRow == 2 ? (i * 4) + (half * 2) : (i / 2 * 4) + (half * 2) + (i % 2);
    return PerRow == 2 ? totals[at] + totals[at + 1] : totals[at];
}

template<i32 PerRow>
DEVICE i32 place_of(i32 i) { return PerRow == 2 ? i * 4 : (i / 2 * 8) + (i % 2); }

// What gates a thread's pairs of a row, at their places.
template<i32 PerRow, bool IsSilu>
DEVICE void store_gated(float (&totals)[Waves][ProductSums], i32 half, float gate_bias, float up_bias, i32 places, float* to, i32 stride, const Gating& gating)
{
    UNROLL for (i32 i = 0; i < TileColumns / 4 / PerRow; i++)
    {
        if (place_of<PerRow>(i) < places)
        {
            float gate = sum_of<PerRow>(totals[0], half, i) + gate_bias;
            float up = sum_of<PerRow>(totals[1], half, i) + up_bias;
            store_global(to + ((u64)place_of<PerRow>(i) * stride), IsSilu ? gated_by_silu(gate, up) : gated(gating, gate, up));
        }
    }
}

// What gates an expert's pair goes to its place, what it gives otherwise to the pair's own row.
template<i32 PerRow, bool IsGated>
DEVICE void store_piece(float (&totals)[Waves][ProductSums], const Piece& piece, const ExpertLayer& a, const ExpertLayer& b, const WideRoutes& routes, const Gating& gating)
{
    i32 first_place = piece.first_place + (column_of_thread() / PerRow);
    i32 left = piece.places - (column_of_thread() / PerRow);
    UNROLL for (i32 i = 0; i < (IsGated ? 2 : 4); i++)
    {
        i32 row = piece.first_row + row_of_thread() + Pieces<PerRow, IsGated>::of_wave(i / 2) + (i % 2 * 8);
        if (row >= a.rows)
        {
            continue;
        }

        float bias = bias_of(a, piece.expert, row);
        float* output = a.output + row;
        if constexpr (IsGated)
        {
            float up_bias = bias_of(b, piece.expert, row);
            output += (u64)first_place * a.output_stride;
            if (gating.kind == Silu)
            {
                store_gated<PerRow, true>(totals, i, bias, up_bias, left, output, a.output_stride, gating);
            }
            else
            {
                store_gated<PerRow, false>(totals, i, bias, up_bias, left, output, a.output_stride, gating);
            }
        }
        else
        {
            UNROLL for (i32 j = 0; j < TileColumns / 4 / PerRow; j++)
            {
                if (place_of<PerRow>(j) < left)
                {
                    i32 pair = load_global(routes.places + first_place + place_of<PerRow>(j));
                    store_global(output + ((u64)pair * a.output_stride), sum_of<PerRow>(totals[i / 2], i % 2, j) + bias);
                }
            }
        }
    }
}

// What both warpgroups do.
template<typename Form, i32 PerRow, bool IsGated>
DEVICE void multiply_pieces(Ring<Form, Waves> ring, const ExpertLayer& a, const ExpertLayer& b, const WideRoutes& routes, const Inputs& inputs, const Gating& gating)
{
    using Own = Pieces<PerRow, IsGated>;
    float sums[ProductSums];
    UNROLL for (i32 i = 0; i < ProductSums; i++)
    {
        sums[i] = 0;
    }

    KEEP_LOOP for (i32 index = block_x(); index < Own::count(routes.tiles, anew(a.rows)); index += blocks_x())
    {
        Piece piece = Own::at(index, routes.tiles, anew(a.rows));
        if (PerRow > 1 && piece.places <= 0)
        {
            continue;
        }

        // Four lanes have the same rows, two of each wave: each of them has the scale of one.
        i32 scaled = lane_index() % 4;
        i32 scaled_row = least(piece.first_row + row_of_thread() + Own::of_wave(scaled / 2) + (scaled % 2 * 8), a.rows - 1);
        const u64* all_scales = IsGated && scaled >= 2 ? b.scales : a.scales;
        const float* scales = all_scales ? (const float*)load_global(all_scales + piece.expert) + ((u64)(scaled_row / a.block_rows) * a.scale_stride) : nullptr;
        float totals[Waves][ProductSums];
        UNROLL for (i32 i = 0; i < Waves * ProductSums; i++)
        {
            totals[i / ProductSums][i % ProductSums] = 0;
        }

        multiply_groups(totals, sums, ring, scales, a.scale_shift, 0, inputs.groups);
        store_piece<PerRow, IsGated>(totals, Own::at(anew(index), routes.tiles, anew(a.rows)), a, b, routes, gating);
    }
}

template<typename Form, i32 PerRow, bool IsGated>
DEVICE void experts_wide(u64 maps, const ExpertLayer& a, const ExpertLayer& b, const WideRoutes& routes, const Inputs& inputs, const Gating& gating)
{
    admit_launches();
    extern SHARED __attribute__((aligned(1024))) u8 memory[];
    Ring<Form, Waves> ring = begin_ring<Form, Waves>(memory, false);

    // Places that a tile has not are multiplied as well.
    UNROLL for (i32 stage = 0; stage < ring.Stages; stage++)
    {
        for (i32 i = thread_index(); i < (ring.StageBytes - ring.RowsBytes) / 16; i += Threads)
        {
            ((u32x4*)(memory + (stage * ring.StageBytes) + ring.RowsBytes))[i] = 0;
        }
    }

    publish_shared();
    sync_block();
    await_launches();
    if (warp_index() >= ConsumerWarps)
    {
        give_registers<ProducerRegisters>();
        if (thread_index() == Consumers * WarpgroupThreads)
        {
            publish_memory();
            copy_pieces<Form, PerRow, IsGated>(ring, maps, a.rows, routes, inputs);
        }
    }
    else
    {
        take_registers<ConsumerRegisters>();
        multiply_pieces<Form, PerRow, IsGated>(ring, a, b, routes, inputs, gating);
    }
}

#define EXPERTS_WIDE(name, planes, ...) \
    GLOBAL BOUNDS(Threads) void experts_wide_##name(ExpertMaps, ExpertLayer a, WideRoutes routes, Inputs inputs) \
    { \
        u64 maps; \
        FIRST_PARAMETER(experts_wide_##name, maps); \
        experts_wide<__VA_ARGS__, planes, false>(maps, a, a, routes, inputs, Gating{}); \
    } \
    GLOBAL BOUNDS(Threads) void experts_wide_gated_##name(ExpertMaps, ExpertLayer a, ExpertLayer b, WideRoutes routes, Inputs inputs, Gating gating) \
    { \
        u64 maps; \
        FIRST_PARAMETER(experts_wide_gated_##name, maps); \
        experts_wide<__VA_ARGS__, planes, true>(maps, a, b, routes, inputs, gating); \
    }
