// linear_many: layers that share an input, for many tokens. A block multiplies 128 rows of weights with 64 or 128 columns of inputs, a group of 128 at a time,
// which is copied to shared memory while those before it are multiplied. Where tiles are few, each is cut into parts, ranges of groups, whose sums join_sums adds
// (join_sums.cu).
//
// A row of a group is chunks of 16 bytes, which lie permuted. Warps are 4 x 2, each with 32 rows and half of the columns. Grid (tiles of columns, tiles of 128 rows
// of all parts, parts of a tile): blocks that run together share weights.
#pragma once
#include "async_copy.cuh"
#include "columns.cuh"
#include "division.cuh"

constexpr i32 TileRows = 128;
constexpr i32 Threads = 256;
constexpr i32 ChunkBytes = 16;

// Of a block's shared memory, of which cards of compute capability 8.6 and 8.9 have 99 KiB.
constexpr i32 StagesBytes = 96 << 10;

// Products of 16 bits: weights of 8 bits are widened in registers, inputs are in their lanes' order (prepare.cuh). A lane loads 16 bytes of a row, four lanes 64
// that lie together: of odd rows the halves of every 128 bytes change places, so that eight lanes, of the rows g and g + 1, read all banks.
template<typename Weights>
struct Halves
{
    static constexpr i32 RowBytes = Group * Weights::Bytes;
    static constexpr i32 ColumnBytes = Group * 2;
    static constexpr i32 Products = 8;
    static constexpr i32 ColumnWords = 4;
    static constexpr float Factor = Weights::Factor;
    DEVICE i32 swizzled(i32 row, i32 chunk) { return chunk ^ ((row & 1) * 4); }

    DEVICE void load_rows(u32x4* operands, u32 rows, i32 first)
    {
        u32x4 upper[Weights::Loads];
        u32x4 lower[Weights::Loads];
        i32 row = first + (lane_index() / 4);
        UNROLL for (i32 i = 0; i < Weights::Loads; i++)
        {
            u32 from = rows + (row * RowBytes) + (swizzled(row, (i * 4) + (lane_index() % 4)) * ChunkBytes);
            upper[i] = load_shared(from);
            lower[i] = load_shared(from + (8 * RowBytes));
        }

        UNROLL for (i32 product = 0; product < Products; product++)
        {
            operands[product] = operand<Weights>(upper, lower, product);
        }
    }

    DEVICE void load_columns(u32x4* words, u32 columns, i32 first)
    {
        i32 column = first + (lane_index() / 4);
        UNROLL for (i32 i = 0; i < ColumnWords; i++)
        {
            words[i] = load_shared(columns + (column * ColumnBytes) + (swizzled(column, (i * 4) + (lane_index() % 4)) * ChunkBytes));
        }
    }

    DEVICE f32x4 products(const u32x4* rows, const u32x4* columns) { return group_products<Weights>(rows, columns); }
};

// Products of 8 bits, of columns as they are. Operands are loaded as matrices of 8 rows of 16 bytes (ldmatrix), in the registers where products take them; the
// chunks of a row are permuted by its number, so that the same chunk of eight rows lies in all banks.
template<void (*Product)(f32x4&, u32x4, u32, u32)>
struct Codes
{
    static constexpr i32 RowBytes = Group;
    static constexpr i32 ColumnBytes = Group;
    static constexpr i32 Products = 4;
    static constexpr i32 ColumnWords = 2;
    static constexpr float Factor = 1;
    DEVICE i32 swizzled(i32 row, i32 chunk) { return chunk ^ (row & 7); }

    // Of a product of 32 columns two chunks of rows 0 to 7 and of rows 8 to 15.
    DEVICE void load_rows(u32x4* operands, u32 rows, i32 first)
    {
        i32 row = first + (lane_index() % 16);
        u32 from = rows + (row * RowBytes) + (swizzled(row, lane_index() / 16) * ChunkBytes);
        UNROLL for (i32 product = 0; product < Products; product++)
        {
            operands[product] = load_matrices(from ^ (product * 2 * ChunkBytes));
        }
    }

    // Of two products their chunks of 8 columns.
    DEVICE void load_columns(u32x4* words, u32 columns, i32 first)
    {
        i32 column = first + (lane_index() % 8);
        u32 from = columns + (column * ColumnBytes) + (swizzled(column, lane_index() / 8) * ChunkBytes);
        UNROLL for (i32 i = 0; i < ColumnWords; i++)
        {
            words[i] = load_matrices(from ^ (i * 4 * ChunkBytes));
        }
    }

    DEVICE f32x4 products(const u32x4* rows, const u32x4* columns)
    {
        f32x4 sums = 0;
        UNROLL for (i32 i = 0; i < Products; i++)
        {
            Product(sums, rows[i], columns[i / 2][(i % 2) * 2], columns[i / 2][((i % 2) * 2) + 1]);
        }

        return sums;
    }
};

// What a thread copies of every group: a chunk of some rows, as many rows apart as all threads take; rows behind the last are the last.
template<typename Form, i32 RowBytes, i32 Rows>
struct Copied
{
    static constexpr i32 RowChunks = RowBytes / ChunkBytes;
    static constexpr i32 Step = Threads / RowChunks;
    static constexpr i32 Count = Rows / Step;
    static_assert(Step % 8 == 0, "rows of a thread are permuted alike");

    const u8* from[Count];
    u32 to;

    DEVICE Copied begin(const u8* data, u64 stride, i32 first, i32 rows)
    {
        Copied copied;
        i32 row = thread_index() / RowChunks;
        i32 chunk = thread_index() % RowChunks;
        copied.to = (row * RowBytes) + (Form::swizzled(row, chunk) * ChunkBytes);
        UNROLL for (i32 i = 0; i < Count; i++)
        {
            copied.from[i] = data + ((u64)least(first + row + (i * Step), rows - 1) * stride) + (chunk * ChunkBytes);
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

template<typename Form, i32 TileColumns>
DEVICE void linear_many(const Part& a, const Part& b, const Part& c, const Inputs& inputs, const Division& division)
{
    extern SHARED __attribute__((aligned(128))) u8 stages[];
    constexpr i32 WeightBytes = TileRows * Form::RowBytes;
    constexpr i32 StageBytes = WeightBytes + (TileColumns * Form::ColumnBytes);
    constexpr i32 Stages = StagesBytes / StageBytes;
    constexpr i32 Tiles = TileColumns / 16;
    i32 lane = lane_index();
    i32 g = lane / 4;
    i32 t = lane % 4;
    i32 warp_row = (warp_index() / 2) * 32;
    i32 warp_column = (warp_index() % 2) * (TileColumns / 2);
    i32 layer = layer_of(block_y(), b, c);
    i32 rows = of_layer(layer, a.rows, b.rows, c.rows);
    i32 first_row = (block_y() - of_layer(layer, 0, b.first_tile, c.first_tile)) * TileRows;
    i32 first_column = block_x() * TileColumns;
    i32 first_group = block_z() * division.groups;
    i32 end_group = least(first_group + division.groups, inputs.groups);
    const float* scales = of_layer(layer, a.scales, b.scales, c.scales);
    i32 block_rows = of_layer(layer, a.block_rows, b.block_rows, c.block_rows);
    i32 scale_stride = of_layer(layer, a.scale_stride, b.scale_stride, c.scale_stride);
    i32 scale_shift = of_layer(layer, a.scale_shift, b.scale_shift, c.scale_shift);
    const float* row_scales[4];
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        i32 row = least(first_row + warp_row + (i * 8) + g, rows - 1);
        row_scales[i] = scales + ((u64)(row / block_rows) * scale_stride);
    }

    using Rows = Copied<Form, Form::RowBytes, TileRows>;
    using Columns = Copied<Form, Form::ColumnBytes, TileColumns>;
    Rows copied_rows = Rows::begin(of_layer(layer, a.weight, b.weight, c.weight) + ((u64)first_group * Form::RowBytes), of_layer(layer, a.row_bytes, b.row_bytes, c.row_bytes), first_row, rows);
    Columns copied_columns = Columns::begin((const u8*)inputs.planes + ((u64)first_group * Form::ColumnBytes), (u64)inputs.groups * Form::ColumnBytes, first_column, inputs.count);
    const float* column_scales_at = inputs.scales + ((u64)first_group * inputs.scale_stride) + first_column + warp_column + (t * 2);

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
            weight_scales[i] = scales ? load_global(row_scales[i] + (group >> scale_shift)) : 1;
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

#define MANY(name, columns, ...) \
    GLOBAL BOUNDS(Threads) void linear_many_##name##_##columns(Part a, Part b, Part c, Inputs inputs, Division division) { linear_many<__VA_ARGS__, columns>(a, b, c, inputs, division); }
