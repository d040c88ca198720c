// linear_wide: layers that share an input, for the many tokens of prompts and batches. A block multiplies 128 or 256 rows of weights with 128 columns of inputs, a
// group of 128 at a time; blocks stay and take tiles in turn, those of the same rows one after the other. Where tiles are few, each is cut into parts, ranges of
// groups, whose sums join_sums adds (join_sums.cu).
//
// One thread copies groups by the tensor memory accelerator into a ring of stages in shared memory, ahead of two warpgroups, which multiply: each has 64 rows of
// every 128. A group's products are summed by the tensor cores, of 8 bits with some 14 bits, then times both scales and added in float32 registers: the two
// levels of docs/architecture.md, section 3. The idea of the two levels, of the ring and of the roles of warps is that of DeepGEMM (DeepSeek).
//
// Behind all stages lie the scales of their columns, then the barriers: of each stage one that it is full, one that it is free.
#pragma once
#include "division.cuh"
#include "wide_forms.cuh"

constexpr i32 WaveRows = 128;
constexpr i32 Consumers = 2;
constexpr i32 Threads = (Consumers + 1) * WarpgroupThreads;
constexpr i32 ConsumerWarps = Consumers * WarpgroupThreads / WarpLanes;
constexpr i32 RingBytes = 192 << 10;
constexpr i32 ScaleBytes = TileColumns * 4;

// Of the 504 that three lanes have, one of each warpgroup: what a producer does without goes to those that hold sums.
constexpr i32 ProducerRegisters = 24;
constexpr i32 ConsumerRegisters = 240;

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

// What is computed of it is computed again, and is not kept in registers meanwhile.
DEVICE i32 anew(i32 value)
{
    asm volatile("" : "+r"(value));
    return value;
}

// The first row and column of a thread's sums in a tile.
DEVICE i32 row_of_thread() { return (warp_index() / 4 * 64) + (warp_index() % 4 * 16) + (lane_index() / 4); }
DEVICE i32 column_of_thread() { return lane_index() % 4 * 2; }

#define METHOD __attribute__((device)) __attribute__((always_inline))

// Where things are in shared memory, and the stage that comes next.
template<typename Form, i32 Waves>
struct Ring
{
    static constexpr i32 TileRows = Waves * WaveRows;
    static constexpr i32 RowsBytes = TileRows * Form::RowPieces * Form::RowPieceBytes;
    static constexpr i32 StageBytes = RowsBytes + (TileColumns * Form::ColumnPieces * 128);
    static constexpr i32 Stages = RingBytes / StageBytes;
    static constexpr i32 ScalesAt = Stages * StageBytes;

    u32 base;
    u32 stage;
    u32 phase;

    DEVICE Ring begin(u32 base) { return {base, 0, 0}; }
    METHOD u32 rows() const { return base + (stage * StageBytes); }
    METHOD u32 columns() const { return rows() + RowsBytes; }
    METHOD u32 scales() const { return base + ScalesAt + (stage * ScaleBytes); }
    METHOD u32 full() const { return base + ScalesAt + (Stages * ScaleBytes) + (stage * 8); }
    METHOD u32 free() const { return full() + (Stages * 8); }

    METHOD void advance()
    {
        phase ^= stage == Stages - 1 ? 1 : 0;
        stage = stage == Stages - 1 ? 0 : stage + 1;
    }
};

// The group's rows of weights.
template<typename Form, i32 Waves>
DEVICE void copy_rows(const Ring<Form, Waves>& ring, u64 maps, const Inputs& inputs, const Tile& tile, i32 group)
{
    arrive_expecting(ring.full(), ring.StageBytes + (inputs.scales ? ScaleBytes : 0));
    UNROLL for (i32 i = 0; i < Form::RowPieces * Waves; i++)
    {
        i32 piece = i / Waves;
        i32 first = i % Waves * WaveRows;
        copy_tile(ring.rows() + (((piece * ring.TileRows) + first) * Form::RowPieceBytes), maps + (tile.layer * sizeof(TensorMap)), (group * Group) + (piece * (Group / Form::RowPieces)), tile.first_row + first, ring.full());
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

        KEEP_LOOP for (i32 group = tile.first_group; group < tile.end_group; group++, ring.advance())
        {
            float weight_scale = scales ? load_global(scales + (group >> scale_shift)) : 1;
            await_phase(ring.full(), ring.phase);
            UNROLL for (i32 wave = 0; wave < Waves; wave++)
            {
                Form::multiply(sums, ring.rows(), (wave * WaveRows) + (warp_index() / 4 * 64), ring.columns());
                i32 lane = (lane_index() & ~3) + (wave * 2);
                float weight_scales[2] = {from_lane(weight_scale, lane), from_lane(weight_scale, lane + 1)};
                await_products(sums);
                UNROLL for (i32 j = 0; j < TileColumns / 8; j++)
                {
                    f32x2 scale = load_shared_pair(ring.scales() + (((j * 8) + column_of_thread()) * 4));
                    UNROLL for (i32 i = 0; i < 4; i++)
                    {
                        totals[wave][(4 * j) + i] += sums[(4 * j) + i] * (weight_scales[i / 2] * scale[i % 2]);
                    }
                }

                settle(totals[wave]);
            }

            sync_warp();
            if (lane_index() == 0)
            {
                arrive(ring.free());
            }
        }

        store_tile<Waves, PerRow>(totals, tile_at(anew(index), b, c, inputs, division, ring.TileRows), a, b, c, inputs, division);
    }
}

template<typename Form, i32 Waves, i32 PerRow>
DEVICE void linear_wide(u64 maps, const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    admit_launches();
    extern SHARED __attribute__((aligned(1024))) u8 memory[];
    using Own = Ring<Form, Waves>;
    Own ring = Own::begin(shared_address(memory));
    if (thread_index() == 0)
    {
        UNROLL for (i32 i = 0; i < Own::Stages; i++)
        {
            begin_barrier(ring.full() + (i * 8), 1);
            begin_barrier(ring.free() + (i * 8), ConsumerWarps);
        }

        publish_barriers();
    }

    // Of inputs without scales: nothing is copied over these.
    for (i32 i = thread_index(); !inputs.scales && i < Own::Stages * TileColumns; i += Threads)
    {
        ((float*)(memory + Own::ScalesAt))[i] = 1;
    }

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
