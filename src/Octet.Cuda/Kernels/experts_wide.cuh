// experts_wide: the layers of a mixture's experts for the many tokens of prompts, as linear_wide has those of all tokens (linear_wide.cuh): a tile is up to 128
// pairs of an expert, at places one behind the other, where spread_inputs has copied their inputs. Which tiles there are the card alone knows (sort_routes):
// blocks stay, and take them in turn, those of the same rows of weights one after the other.
//
// A tile has 256 rows, of a gated layer 128 of each of both, whose sums are in the same lanes. Of all experts a layer's rows lie one behind the other in memory,
// so that one tensor map has them: behind the last row of an expert are the next one's, whose sums nobody stores. Inputs come 32 columns at a time, as many as
// the tile has; what lies behind them in a stage is that of an earlier tile. PerRow: columns of a pair, its planes; of two a tile's pairs are two pieces' columns.
#pragma once
#include "expert_outputs.cuh"

constexpr i32 BoxColumns = 32;

struct ExpertMaps
{
    TensorMap weights[2];
    TensorMap inputs;
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

// Shared memory for codes of what gates, behind the ring.
template<typename Form>
DEVICE u32 coded(const Ring<Form, Waves>& ring) { return ring.base + ring.EndAt; }

// What both warpgroups do.
template<typename Form, i32 PerRow, bool IsGated>
DEVICE void multiply_pieces(Ring<Form, Waves> ring, const ExpertLayer& a, const ExpertLayer& b, const WideRoutes& routes, const Inputs& inputs, const Gating& gating, const Preparation& to)
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
        piece = Own::at(anew(index), routes.tiles, anew(a.rows));
        if constexpr (IsGated)
        {
            if (gating.kind == Silu)
            {
                gate_sums<PerRow, true>(totals, piece, a, b, gating);
            }
            else
            {
                gate_sums<PerRow, false>(totals, piece, a, b, gating);
            }

            if (Form::AreCodes && to.planes)
            {
                store_codes(totals[0], coded(ring), piece, to);
            }
            else
            {
                store_gated<PerRow>(totals[0], piece, a);
            }
        }
        else
        {
            store_piece<PerRow>(totals, piece, a, routes);
        }
    }
}

template<typename Form, i32 PerRow, bool IsGated>
DEVICE void experts_wide(u64 maps, const ExpertLayer& a, const ExpertLayer& b, const WideRoutes& routes, const Inputs& inputs, const Gating& gating, const Preparation& to)
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

    if (thread_index() < TileColumns)
    {
        store_shared_4(coded(ring) + (thread_index() * 4), 0);
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
        multiply_pieces<Form, PerRow, IsGated>(ring, a, b, routes, inputs, gating, to);
    }
}

#define EXPERTS_WIDE(name, planes, ...) \
    GLOBAL BOUNDS(Threads) void experts_wide_##name(ExpertMaps, ExpertLayer a, WideRoutes routes, Inputs inputs) \
    { \
        u64 maps; \
        FIRST_PARAMETER(experts_wide_##name, maps); \
        experts_wide<__VA_ARGS__, planes, false>(maps, a, a, routes, inputs, Gating{}, Preparation{}); \
    } \
    GLOBAL BOUNDS(Threads) void experts_wide_gated_##name(ExpertMaps, ExpertLayer a, ExpertLayer b, WideRoutes routes, Inputs inputs, Gating gating, Preparation to) \
    { \
        u64 maps; \
        FIRST_PARAMETER(experts_wide_gated_##name, maps); \
        experts_wide<__VA_ARGS__, planes, true>(maps, a, b, routes, inputs, gating, to); \
    }
