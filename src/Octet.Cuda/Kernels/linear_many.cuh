// linear_many: layers that share an input, for many tokens. A block multiplies 128 rows of weights with 64 or 128 columns of inputs, a group of 128 at a time,
// which is copied to shared memory while those before it are multiplied. Where tiles are few, each is cut into parts, ranges of groups, whose sums join_sums adds
// (join_sums.cu).
//
// A row of a group is chunks of 16 bytes, which lie permuted. Warps are 4 x 2, each with 32 rows and half of the columns. Grid (tiles of columns, tiles of 128 rows
// of all parts, parts of a tile): blocks that run together share weights.
//
// Two layers that gate each other are multiplied together: a block has 64 rows of each, a warp 16 of the first and the same of the second, and only what comes of
// the gating is stored.
#pragma once
#include "columns.cuh"
#include "division.cuh"
#include "many_forms.cuh"

constexpr i32 TileRows = 128;
constexpr i32 Threads = 256;

// Of a block's shared memory, of which cards of compute capability 8.6 and 8.9 have 99 KiB.
constexpr i32 StagesBytes = 96 << 10;

// What a thread copies of every group: a chunk of some rows of a stage, as many rows apart as all threads take.
template<typename Form, i32 RowBytes, i32 Rows>
struct Copied
{
    static constexpr i32 RowChunks = RowBytes / ChunkBytes;
    static constexpr i32 Step = Threads / RowChunks;
    static constexpr i32 Count = Rows / Step;
    static_assert(Step % 8 == 0, "rows of a thread are permuted alike");

    const u8* from[Count];
    u32 to;

    // The thread's first row of a stage.
    DEVICE i32 row() { return thread_index() / RowChunks; }

    // Its rows of the matrix are the first and every step-th; behind the last they are the last.
    DEVICE Copied begin(const u8* data, u64 stride, i32 first, i32 step, i32 rows)
    {
        Copied copied;
        i32 chunk = thread_index() % RowChunks;
        copied.to = (row() * RowBytes) + (Form::swizzled(row(), chunk) * ChunkBytes);
        UNROLL for (i32 i = 0; i < Count; i++)
        {
            copied.from[i] = data + ((u64)least(first + (i * step), rows - 1) * stride) + (chunk * ChunkBytes);
        }

        return copied;
    }

    // The next group.
    __attribute__((device)) __attribute__((always_inline)) void copy(u32 stage)
    {
        UNROLL for (i32 i = 0; i < Count; i++)
        {
            copy_async(stage + to + (i * Step * RowBytes), from[i]);
            from[i] += RowBytes;
        }
    }
};

// Stores what comes of the gating of a block's sums, by way of shared memory, where all groups have been multiplied: [column][64 rows of the first layer, 64 of the
// second], so far apart that lanes of four columns write all banks.
template<i32 Tiles>
DEVICE void store_gated(u8* stages, const f32x4 (&totals)[2][Tiles], float factor, const Inputs& inputs, i32 warp_row, i32 warp_column, i32 first_row, i32 first_column, const Part& a, const Part& b, const Gating& gating)
{
    constexpr i32 LayerRows = TileRows / 2;
    constexpr i32 Stride = TileRows + 4;
    static_assert(Tiles * 16 * Stride * 4 <= StagesBytes, "sums take the stages' place");
    float* sums = (float*)stages;
    float* own = sums + ((warp_column + ((lane_index() % 4) * 2)) * Stride) + (warp_row / 2) + (lane_index() / 4);
    sync_block();
    UNROLL for (i32 j = 0; j < Tiles * 8; j++)
    {
        own[(((j / 8 * 8) + (j % 2)) * Stride) + (j / 4 % 2 * LayerRows) + (j / 2 % 2 * 8)] = totals[j / 4 % 2][j / 8][j % 4];
    }

    sync_block();
    i32 row = thread_index() % LayerRows;
    if (first_row + row < a.rows)
    {
        float gate_term = a.bias ? load_global(a.bias + first_row + row) : 0;
        float up_term = b.bias ? load_global(b.bias + first_row + row) : 0;
        KEEP_LOOP for (i32 first = thread_index() / LayerRows; first < Tiles * 16; first += 4 * Threads / LayerRows)
        {
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                i32 column = first + (i * Threads / LayerRows);
                const float* of_column = sums + (column * Stride) + row;
                float value = gated(gating, (of_column[0] * factor) + gate_term, (of_column[LayerRows] * factor) + up_term);
                if (first_column + column < inputs.count)
                {
                    store_global(a.output + ((u64)(first_column + column) * a.output_stride) + first_row + row, value);
                }
            }
        }
    }
}

template<typename Form, i32 TileColumns, bool Gates>
DEVICE void linear_many(const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division, const Gating& gating)
{
    extern SHARED __attribute__((aligned(128))) u8 stages[];
    constexpr i32 WeightBytes = TileRows * Form::RowBytes;
    constexpr i32 StageBytes = WeightBytes + (TileColumns * Form::ColumnBytes);
    constexpr i32 Stages = StagesBytes / StageBytes;
    constexpr i32 Tiles = TileColumns / 16;
    i32 warp_row = (warp_index() / 2) * 32;
    i32 warp_column = (warp_index() % 2) * (TileColumns / 2);
    i32 layer = Gates ? 0 : layer_of(block_y(), b, c);
    i32 rows = of_layer(layer, a.rows, b.rows, c.rows);
    i32 first_row = Gates ? block_y() * (TileRows / 2) : (block_y() - of_layer(layer, 0, b.first_tile, c.first_tile)) * TileRows;
    i32 first_column = block_x() * TileColumns;
    i32 first_group = block_z() * division.groups;
    i32 end_group = least(first_group + division.groups, inputs.groups);

    // Of a lane's rows g, g + 8, g + 16 and g + 24 of the warp's.
    const float* row_scales[4];
    i32 scale_shifts[4];
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        i32 of = Gates ? i / 2 : layer;
        i32 row = least(first_row + (lane_index() / 4) + (Gates ? (warp_row / 2) + (i % 2 * 8) : warp_row + (i * 8)), rows - 1);
        const float* scales = of_layer(of, a.scales, b.scales, c.scales);
        row_scales[i] = scales ? scales + ((u64)(row / of_layer(of, a.block_rows, b.block_rows, c.block_rows)) * of_layer(of, a.scale_stride, b.scale_stride, c.scale_stride)) : nullptr;
        scale_shifts[i] = of_layer(of, a.scale_shift, b.scale_shift, c.scale_shift);
    }

    using Rows = Copied<Form, Form::RowBytes, TileRows>;
    using Columns = Copied<Form, Form::ColumnBytes, TileColumns>;
    i32 copied_layer = Gates ? Rows::row() / 16 % 2 : layer;
    Rows copied_rows = Rows::begin(
        of_layer(copied_layer, a.weight, b.weight, c.weight) + ((u64)first_group * Form::RowBytes),
        of_layer(copied_layer, a.row_bytes, b.row_bytes, c.row_bytes),
        first_row + (Gates ? (Rows::row() / 32 * 16) + (Rows::row() % 16) : Rows::row()),
        Gates ? Rows::Step / 2 : Rows::Step,
        rows);
    Columns copied_columns = Columns::begin((const u8*)inputs.planes + ((u64)first_group * Form::ColumnBytes), (u64)inputs.groups * Form::ColumnBytes, first_column + Columns::row(), Columns::Step, inputs.count);
    const float* column_scales_at = inputs.scales + ((u64)first_group * inputs.scale_stride) + first_column + warp_column + ((lane_index() % 4) * 2);

    f32x4 totals[2][Tiles];
    UNROLL for (i32 i = 0; i < 2 * Tiles; i++)
    {
        totals[i / Tiles][i % Tiles] = 0;
    }

    u32 base = shared_address(stages);
    UNROLL for (i32 i = 0; i < Stages - 1; i++)
    {
        if (first_group + i < end_group)
        {
            copied_rows.copy(base + (i * StageBytes));
            copied_columns.copy(base + (i * StageBytes) + WeightBytes);
        }

        end_copies();
    }

    i32 stage = 0;
    KEEP_LOOP for (i32 group = first_group; group < end_group; group++)
    {
        float weight_scales[4];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            weight_scales[i] = row_scales[i] ? load_global(row_scales[i] + (group >> scale_shifts[i])) : 1;
        }

        f32x2 column_scales[Tiles];
        UNROLL for (i32 j = 0; j < Tiles; j++)
        {
            column_scales[j] = inputs.scales ? load_global((const f32x2*)(column_scales_at + (j * 8))) : (f32x2)1;
        }

        column_scales_at += inputs.scale_stride;
        await_copies<Stages - 2>();
        sync_block();
        if (group + Stages - 1 < end_group)
        {
            u32 free = base + ((stage == 0 ? Stages - 1 : stage - 1) * StageBytes);
            copied_rows.copy(free);
            copied_columns.copy(free + WeightBytes);
        }

        end_copies();
        u32 at = base + (stage * StageBytes);
        u32x4 operands[2][Form::Products];
        UNROLL for (i32 i = 0; i < 2; i++)
        {
            Form::load_rows(operands[i], at, warp_row + (i * 16));
        }

        UNROLL for (i32 j = 0; j < Tiles; j++)
        {
            u32x4 x[Form::ColumnWords];
            Form::load_columns(x, at + WeightBytes, warp_column + (j * 8));
            UNROLL for (i32 i = 0; i < 2; i++)
            {
                f32x4 sums = Form::products(operands[i], x);
                totals[i][j].x += sums.x * (weight_scales[2 * i] * column_scales[j].x);
                totals[i][j].y += sums.y * (weight_scales[2 * i] * column_scales[j].y);
                totals[i][j].z += sums.z * (weight_scales[(2 * i) + 1] * column_scales[j].x);
                totals[i][j].w += sums.w * (weight_scales[(2 * i) + 1] * column_scales[j].y);
            }
        }

        stage = stage == Stages - 1 ? 0 : stage + 1;
    }

    if constexpr (Gates)
    {
        store_gated<Tiles>(stages, totals, Form::Factor, inputs, warp_row, warp_column, first_row, first_column, a, b, gating);
    }
    else
    {
        float* output = of_layer(layer, a.output, b.output, c.output);
        const float* bias = of_layer(layer, a.bias, b.bias, c.bias);
        i32 output_stride = of_layer(layer, a.output_stride, b.output_stride, c.output_stride);
        if (division.sums)
        {
            output = division.sums + ((u64)block_z() * (inputs.count / inputs.per_row) * division.stride) + (of_layer(layer, 0, b.first_tile, c.first_tile) * TileRows);
            bias = nullptr;
            output_stride = division.stride;
        }

        store_many<Tiles>(totals, Form::Factor, inputs, first_row + warp_row, rows, first_column + warp_column, bias, output, output_stride);
    }
}

#define MANY(name, columns, ...) \
    GLOBAL BOUNDS(Threads) void linear_many_##name##_##columns(Part a, Part b, Part c, Inputs inputs, Division division) \
    { \
        linear_many<__VA_ARGS__, columns, false>(a, b, c, inputs, division, Gating{}); \
    }

#define MANY_GATED(name, ...) \
    GLOBAL BOUNDS(Threads) void linear_many_gated_##name(Part a, Part b, Inputs inputs, Gating gating) \
    { \
        linear_many<__VA_ARGS__, 128, true>(a, b, b, inputs, Division{nullptr, 0, 1, inputs.groups, 0}, gating); \
    }
