// linear_wide: layers that share an input, for the many tokens of prompts. A block multiplies 128 or 256 rows of weights with 128 columns of inputs, a group of
// 128 at a time; blocks stay and take tiles in turn, those of the same rows one after the other.
//
// One thread copies groups by the tensor memory accelerator into a ring of stages in shared memory, ahead of two warpgroups, which multiply: each has 64 rows of
// every 128. A group's products are summed by the tensor cores, of 8 bits with some 14 bits, then times both scales and added in float32 registers: the two
// levels of docs/architecture.md, section 3. The idea of the two levels, of the ring and of the roles of warps is that of DeepGEMM (DeepSeek).
//
// Behind all stages lie the scales of their columns, then the barriers: of each stage one that it is full, one that it is free.
#pragma once
#include "linear.cuh"
#include "wide_forms.cuh"

constexpr i32 WaveRows = 128;
constexpr i32 Consumers = 2;
constexpr i32 Threads = (Consumers + 1) * WarpgroupThreads;
constexpr i32 ConsumerWarps = Consumers * WarpgroupThreads / WarpLanes;
constexpr i32 RingBytes = 192 << 10;
constexpr i32 ScaleBytes = TileColumns * 4;

// Of the 512 that a lane of all three warpgroups has: what a producer does without goes to those that hold sums.
constexpr i32 ProducerRegisters = 24;
constexpr i32 ConsumerRegisters = 240;

struct Maps
{
    TensorMap weights[3];
    TensorMap inputs;
};

// Where a tile is, and the layer that it is of.
struct Tile
{
    i32 layer;
    i32 first_row;
    i32 first_column;
};

DEVICE Tile tile_at(i32 index, const Part& b, const Part& c, i32 count, i32 tile_rows)
{
    i32 across = (count + TileColumns - 1) / TileColumns;
    i32 down = index / across;
    Tile tile;
    tile.layer = down >= c.first_tile ? 2 : down >= b.first_tile ? 1 : 0;
    tile.first_row = (down - (tile.layer == 2 ? c.first_tile : tile.layer == 1 ? b.first_tile : 0)) * tile_rows;
    tile.first_column = (index - (down * across)) * TileColumns;
    return tile;
}

template<typename T>
DEVICE T of_layer(i32 layer, T a, T b, T c) { return layer == 2 ? c : layer == 1 ? b : a; }

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

// What one thread does: every group of every tile into the stage that comes next, once nobody reads it.
template<typename Form, i32 Waves>
DEVICE void copy_tiles(Ring<Form, Waves> ring, u64 maps, const Part& b, const Part& c, const Inputs& inputs, i32 tiles)
{
    i32 bytes = ring.StageBytes + (inputs.scales ? ScaleBytes : 0);
    u64 inputs_map = maps + (3 * sizeof(TensorMap));
    KEEP_LOOP for (i32 index = block_x(); index < tiles; index += blocks_x())
    {
        Tile tile = tile_at(index, b, c, inputs.count, ring.TileRows);
        u64 weights_map = maps + (tile.layer * sizeof(TensorMap));
        KEEP_LOOP for (i32 group = 0; group < inputs.groups; group++, ring.advance())
        {
            await_phase(ring.free(), ring.phase ^ 1);
            arrive_expecting(ring.full(), bytes);
            UNROLL for (i32 i = 0; i < Form::RowPieces * Waves; i++)
            {
                i32 piece = i / Waves;
                i32 first = i % Waves * WaveRows;
                copy_tile(ring.rows() + (((piece * ring.TileRows) + first) * Form::RowPieceBytes), weights_map, (group * Group) + (piece * (Group / Form::RowPieces)), tile.first_row + first, ring.full());
            }

            UNROLL for (i32 piece = 0; piece < Form::ColumnPieces; piece++)
            {
                copy_tile(ring.columns() + (piece * TileColumns * 128), inputs_map, (group * Group) + (piece * (Group / Form::ColumnPieces)), tile.first_column, ring.full());
            }

            if (inputs.scales)
            {
                copy_bytes(ring.scales(), inputs.scales + ((u64)group * inputs.scale_stride) + tile.first_column, ScaleBytes, ring.full());
            }
        }
    }
}

// PerRow: columns that are added up, the planes of a token.
template<i32 Waves, i32 PerRow>
DEVICE void store_tile(float (&totals)[Waves][ProductSums], Tile tile, const Part& a, const Part& b, const Part& c, const Inputs& inputs)
{
    i32 rows = of_layer(tile.layer, a.rows, b.rows, c.rows);
    float* output = of_layer(tile.layer, a.output, b.output, c.output);
    const float* bias = of_layer(tile.layer, a.bias, b.bias, c.bias);
    i32 output_stride = of_layer(tile.layer, a.output_stride, b.output_stride, c.output_stride);
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
DEVICE void multiply_tiles(Ring<Form, Waves> ring, const Part& a, const Part& b, const Part& c, const Inputs& inputs, i32 tiles)
{
    float sums[ProductSums];
    UNROLL for (i32 i = 0; i < ProductSums; i++)
    {
        sums[i] = 0;
    }

    KEEP_LOOP for (i32 index = block_x(); index < tiles; index += blocks_x())
    {
        Tile tile = tile_at(index, b, c, inputs.count, ring.TileRows);
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

        KEEP_LOOP for (i32 group = 0; group < inputs.groups; group++, ring.advance())
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

        store_tile<Waves, PerRow>(totals, tile_at(anew(index), b, c, inputs.count, ring.TileRows), a, b, c, inputs);
    }
}

template<typename Form, i32 Waves, i32 PerRow>
DEVICE void linear_wide(u64 maps, const Part& a, const Part& b, const Part& c, const Inputs& inputs, i32 tiles)
{
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
            copy_tiles(ring, maps, b, c, inputs, tiles);
        }
    }
    else
    {
        take_registers<ConsumerRegisters>();
        multiply_tiles<Form, Waves, PerRow>(ring, a, b, c, inputs, tiles);
    }
}

#define WIDE(name, waves, planes, ...) \
    GLOBAL BOUNDS(Threads) void linear_wide_##name(Maps, Part a, Part b, Part c, Inputs inputs, i32 tiles) \
    { \
        u64 maps; \
        FIRST_PARAMETER(linear_wide_##name, maps); \
        linear_wide<__VA_ARGS__, waves, planes>(maps, a, b, c, inputs, tiles); \
    }
