// linear_wide: layers that share an input, for the many tokens of prompts and batches. A block multiplies 128 or 256 rows of weights with 128 columns of inputs, a
// group of 128 at a time; blocks stay and take tiles in turn, those of the same rows one after the other. Where tiles are few, each is cut into parts, ranges of
// groups, whose sums join_sums adds (join_sums.cu).
//
// One thread copies groups by the tensor memory accelerator into a ring of stages in shared memory, ahead of two warpgroups, which multiply: each has 64 rows of
// every 128. A group's products are summed by the tensor cores, of 8 bits with some 14 bits, then times both scales and added in float32 registers: the two
// levels of docs/architecture.md, section 3. The idea of the two levels, of the ring and of the roles of warps is that of DeepGEMM (DeepSeek).
#pragma once
#include "division.cuh"
#include "wide_ring.cuh"

struct Maps
{
    TensorMap weights[3];
    TensorMap inputs;
};

// Where a part of a tile is, and the layer that it is of.
struct Tile
{
    i32 layer;
    i32 first_row;
    i32 first_column;
    i32 part;
    i32 first_group;
    i32 end_group;
};

// The parts of a tile one behind the other.
DEVICE Tile tile_at(i32 index, const Part& b, const Part& c, const Inputs& inputs, const Division& division, i32 tile_rows)
{
    i32 across = (inputs.count + TileColumns - 1) / TileColumns;
    i32 whole = index / division.parts;
    i32 down = whole / across;
    Tile tile;
    tile.layer = layer_of(down, b, c);
    tile.first_row = (down - of_layer(tile.layer, 0, b.first_tile, c.first_tile)) * tile_rows;
    tile.first_column = (whole - (down * across)) * TileColumns;
    tile.part = index - (whole * division.parts);
    tile.first_group = tile.part * division.groups;
    tile.end_group = least(tile.first_group + division.groups, inputs.groups);
    return tile;
}

// The group's rows of weights.
template<typename Form, i32 Waves>
DEVICE void copy_rows(const Ring<Form, Waves>& ring, u64 maps, const Inputs& inputs, const Tile& tile, i32 group)
{
    arrive_expecting(ring.full(), ring.StageBytes + (inputs.scales ? ScaleBytes : 0));
    UNROLL for (i32 wave = 0; wave < Waves; wave++)
    {
        copy_wave(ring, maps + (tile.layer * sizeof(TensorMap)), tile.first_row + (wave * WaveRows), group, wave);
    }
}

// Its columns of inputs, and their scales.
template<typename Form, i32 Waves>
DEVICE void copy_columns(const Ring<Form, Waves>& ring, u64 maps, const Inputs& inputs, const Tile& tile, i32 group)
{
    UNROLL for (i32 piece = 0; piece < Form::ColumnPieces; piece++)
    {
        copy_tile(ring.columns() + (piece * TileColumns * 128), maps + (3 * sizeof(TensorMap)), (group * Group) + (piece * (Group / Form::ColumnPieces)), tile.first_column, ring.full());
    }

    if (inputs.scales)
    {
        copy_bytes(ring.scales(), inputs.scales + ((u64)group * inputs.scale_stride) + tile.first_column, ScaleBytes, ring.full());
    }
}

// What one thread does: every group of every tile into the stage that comes next, once nobody reads it. Weights, which no launch writes, fill the ring before the
// launches before this one have ended, the inputs beside them come behind that.
template<typename Form, i32 Waves>
DEVICE void copy_tiles(Ring<Form, Waves> ring, u64 maps, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    Tile first = tile_at(block_x(), b, c, inputs, division, ring.TileRows);
    i32 ahead = least(first.end_group - first.first_group, ring.Stages);
    Ring<Form, Waves> begun = ring;
    KEEP_LOOP for (i32 i = 0; i < ahead; i++, begun.advance())
    {
        copy_rows(begun, maps, inputs, first, first.first_group + i);
    }

    await_launches();
    publish_memory();
    KEEP_LOOP for (i32 i = 0; i < ahead; i++, ring.advance())
    {
        copy_columns(ring, maps, inputs, first, first.first_group + i);
    }

    KEEP_LOOP for (i32 index = block_x(); index < division.pieces; index += blocks_x(), ahead = 0)
    {
        Tile tile = tile_at(index, b, c, inputs, division, ring.TileRows);
        KEEP_LOOP for (i32 group = tile.first_group + ahead; group < tile.end_group; group++, ring.advance())
        {
            await_phase(ring.free(), ring.phase ^ 1);
            copy_rows(ring, maps, inputs, tile, group);
            copy_columns(ring, maps, inputs, tile, group);
        }
    }
}

// PerRow: columns that are added up, the planes of a token.
template<i32 Waves, i32 PerRow>
DEVICE void store_tile(float (&totals)[Waves][ProductSums], const Tile& tile, const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    i32 rows = of_layer(tile.layer, a.rows, b.rows, c.rows);
    float* output = of_layer(tile.layer, a.output, b.output, c.output);
    const float* bias = of_layer(tile.layer, a.bias, b.bias, c.bias);
    i32 output_stride = of_layer(tile.layer, a.output_stride, b.output_stride, c.output_stride);
    if (division.sums)
    {
        output = division.sums + ((u64)tile.part * (inputs.count / PerRow) * division.stride) + (of_layer(tile.layer, 0, b.first_tile, c.first_tile) * Waves * WaveRows);
        bias = nullptr;
        output_stride = division.stride;
    }

    i32 first_column = tile.first_column + column_of_thread();
    i32 left = inputs.count - first_column;
    UNROLL for (i32 i = 0; i < Waves * 2; i++)
    {
        i32 row = tile.first_row + row_of_thread() + (i / 2 * WaveRows) + (i % 2 * 8);
        if (row < rows)
        {
            float term = bias ? load_global(bias + row) : 0;
            float* to = output + ((u64)(first_column / PerRow) * output_stride) + row;
            UNROLL for (i32 j = 0; j < TileColumns / 8; j++, to += (u64)output_stride * (8 / PerRow))
            {
                float first = totals[i / 2][(4 * j) + (i % 2 * 2)];
                float second = totals[i / 2][(4 * j) + (i % 2 * 2) + 1];
                if (j * 8 < left)
                {
                    store_global(to, (PerRow == 2 ? first + second : first) + term);
                }

                if (PerRow == 1 && (j * 8) + 1 < left)
                {
                    store_global(to + output_stride, second + term);
                }
            }
        }
    }
}

// What both warpgroups do.
template<typename Form, i32 Waves, i32 PerRow>
DEVICE void multiply_tiles(Ring<Form, Waves> ring, const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    float sums[ProductSums];
    UNROLL for (i32 i = 0; i < ProductSums; i++)
    {
        sums[i] = 0;
    }

    KEEP_LOOP for (i32 index = block_x(); index < division.pieces; index += blocks_x())
    {
        Tile tile = tile_at(index, b, c, inputs, division, ring.TileRows);
        const float* scales = of_layer(tile.layer, a.scales, b.scales, c.scales);
        i32 scale_shift = of_layer(tile.layer, a.scale_shift, b.scale_shift, c.scale_shift);

        // Four lanes have the same rows, two of each wave: each of them has the scale of one.
        i32 scaled = lane_index() % (2 * Waves);
        i32 scaled_row = least(tile.first_row + row_of_thread() + (scaled / 2 * WaveRows) + (scaled % 2 * 8), of_layer(tile.layer, a.rows, b.rows, c.rows) - 1);
        scales += scales ? (u64)(scaled_row / of_layer(tile.layer, a.block_rows, b.block_rows, c.block_rows)) * of_layer(tile.layer, a.scale_stride, b.scale_stride, c.scale_stride) : 0;
        float totals[Waves][ProductSums];
        UNROLL for (i32 i = 0; i < Waves * ProductSums; i++)
        {
            totals[i / ProductSums][i % ProductSums] = 0;
        }

        multiply_groups(totals, sums, ring, scales, scale_shift, tile.first_group, tile.end_group);
        store_tile<Waves, PerRow>(totals, tile_at(anew(index), b, c, inputs, division, ring.TileRows), a, b, c, inputs, division);
    }
}

template<typename Form, i32 Waves, i32 PerRow>
DEVICE void linear_wide(u64 maps, const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    admit_launches();
    extern SHARED __attribute__((aligned(1024))) u8 memory[];
    Ring<Form, Waves> ring = begin_ring<Form, Waves>(memory, inputs.scales != nullptr);
    sync_block();
    if (warp_index() >= ConsumerWarps)
    {
        give_registers<ProducerRegisters>();
        if (thread_index() == Consumers * WarpgroupThreads)
        {
            copy_tiles(ring, maps, b, c, inputs, division);
        }
        else
        {
            await_launches();
        }
    }
    else
    {
        take_registers<ConsumerRegisters>();
        await_launches();
        multiply_tiles<Form, Waves, PerRow>(ring, a, b, c, inputs, division);
    }
}

#define WIDE(name, waves, planes, ...) \
    GLOBAL BOUNDS(Threads) void linear_wide_##name(Maps, Part a, Part b, Part c, Inputs inputs, Division division) \
    { \
        u64 maps; \
        FIRST_PARAMETER(linear_wide_##name, maps); \
        linear_wide<__VA_ARGS__, waves, planes>(maps, a, b, c, inputs, division); \
    }
