// The ring of stages in shared memory through which weights and inputs of a tile go, a group of 128 columns at a time, and what two warpgroups make of it:
// 64 rows each of every 128, a wave, with 128 columns of inputs. linear_wide.cuh and experts_wide.cuh say which.
//
// Behind all stages lie the scales of their columns, then the barriers: of each stage one that it is full, one that it is free.
#pragma once
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
    static constexpr i32 EndAt = ScalesAt + (Stages * (ScaleBytes + 16));

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

// A group of 128 rows of weights, those of a wave.
template<typename Form, i32 Waves>
DEVICE void copy_wave(const Ring<Form, Waves>& ring, u64 map, i32 first_row, i32 group, i32 wave)
{
    UNROLL for (i32 piece = 0; piece < Form::RowPieces; piece++)
    {
        copy_tile(ring.rows() + (((piece * ring.TileRows) + (wave * WaveRows)) * Form::RowPieceBytes), map, (group * Group) + (piece * (Group / Form::RowPieces)), first_row, ring.full());
    }
}

// Adds the products of groups to totals. Four lanes have the same rows, two of each wave: each of them has the scales of one, the lane's rows of which are
// number lane % (2 * Waves).
template<typename Form, i32 Waves>
DEVICE void multiply_groups(float (&totals)[Waves][ProductSums], float (&sums)[ProductSums], Ring<Form, Waves>& ring, const float* scales, i32 scale_shift, i32 first_group, i32 end_group)
{
    KEEP_LOOP for (i32 group = first_group; group < end_group; group++, ring.advance())
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
}

// The two warpgroups wait for each other.
DEVICE void sync_consumers() { asm volatile("bar.sync 1, %0;" : : "n"(Consumers * WarpgroupThreads) : "memory"); }

// The ring of a block's shared memory, which all of its threads begin, and are to meet behind that.
template<typename Form, i32 Waves>
DEVICE Ring<Form, Waves> begin_ring(u8* memory, bool has_scales)
{
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
    for (i32 i = thread_index(); !has_scales && i < Own::Stages * TileColumns; i += Threads)
    {
        ((float*)(memory + Own::ScalesAt))[i] = 1;
    }

    return ring;
}
