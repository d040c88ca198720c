// linear_many: layers that share an input, for many tokens. A block multiplies 128 rows of weights with 64 columns of inputs, a group of 128 at a time,
// which is copied to shared memory while those before it are multiplied. Weights stay in their bits there and are widened in registers.
//
// A row of a group is 16-byte chunks: of odd rows the halves of every 128 bytes change places, so that the rows g and g + 1 of eight lanes, four chunks of
// each, lie in all banks. Warps are 4 x 2, each with 32 rows and 32 columns. Grid (columns / 64, tiles of 128 rows of all parts): blocks that run together
// share weights.
#include "async_copy.cuh"
#include "columns.cuh"

constexpr i32 TileRows = 128;
constexpr i32 TileColumns = 64;
constexpr i32 Threads = 256;
constexpr i32 ColumnBytes = Group * 2;

DEVICE i32 swizzled(i32 row, i32 chunk) { return chunk ^ ((row & 1) * 4); }

template<typename Weights>
struct Tile
{
    static constexpr i32 RowBytes = Group * Weights::Bytes;
    static constexpr i32 WeightBytes = TileRows * RowBytes;
    static constexpr i32 Bytes = WeightBytes + (TileColumns * ColumnBytes);
    static constexpr i32 Stages = Weights::Bytes == 1 ? 3 : 2;
};

template<typename Weights>
DEVICE void copy_group(u32 stage, const u8* weight, u64 row_bytes, i32 first_row, i32 rows, const u16* planes, i32 first_column, i32 columns, i32 groups, i32 group)
{
    constexpr i32 RowChunks = Tile<Weights>::RowBytes / 16;
    constexpr i32 ColumnChunks = ColumnBytes / 16;
    UNROLL for (i32 i = 0; i < TileRows * RowChunks / Threads; i++)
    {
        i32 at = thread_index() + (i * Threads);
        i32 row = at / RowChunks;
        i32 chunk = at % RowChunks;
        copy_async(stage + (row * Tile<Weights>::RowBytes) + (swizzled(row, chunk) * 16),
            weight + ((u64)least(first_row + row, rows - 1) * row_bytes) + ((u64)group * Tile<Weights>::RowBytes) + (chunk * 16));
    }

    UNROLL for (i32 i = 0; i < TileColumns * ColumnChunks / Threads; i++)
    {
        i32 at = thread_index() + (i * Threads);
        i32 column = at / ColumnChunks;
        i32 chunk = at % ColumnChunks;
        copy_async(stage + Tile<Weights>::WeightBytes + (column * ColumnBytes) + (swizzled(column, chunk) * 16),
            (const u8*)(planes + (((u64)least(first_column + column, columns - 1) * groups) + group) * Group) + (chunk * 16));
    }
}

template<typename Weights>
DEVICE void linear_many(Part a, Part b, Part c, Inputs inputs)
{
    extern SHARED __attribute__((aligned(128))) u8 stages[];
    constexpr i32 Stages = Tile<Weights>::Stages;
    i32 lane = lane_index();
    i32 g = lane / 4;
    i32 t = lane % 4;
    i32 warp_row = (warp_index() / 2) * 32;
    i32 warp_column = (warp_index() % 2) * 32;
    i32 tile = block_y();
    bool is_third = tile >= c.first_tile;
    bool is_second = !is_third && tile >= b.first_tile;
    i32 rows = is_third ? c.rows : is_second ? b.rows : a.rows;
    i32 first_row = (tile - (is_third ? c.first_tile : is_second ? b.first_tile : 0)) * TileRows;
    i32 first_column = block_x() * TileColumns;
    const u8* weight = is_third ? c.weight : is_second ? b.weight : a.weight;
    u64 row_bytes = is_third ? c.row_bytes : is_second ? b.row_bytes : a.row_bytes;
    const float* scales = is_third ? c.scales : is_second ? b.scales : a.scales;
    i32 block_rows = is_third ? c.block_rows : is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_third ? c.scale_stride : is_second ? b.scale_stride : a.scale_stride;
    i32 scale_shift = is_third ? c.scale_shift : is_second ? b.scale_shift : a.scale_shift;
    const float* row_scales[4];
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        i32 row = least(first_row + warp_row + (i * 8) + g, rows - 1);
        row_scales[i] = scales + ((u64)(row / block_rows) * scale_stride);
    }

    f32x4 totals[2][4];
    UNROLL for (i32 i = 0; i < 8; i++)
    {
        totals[i / 4][i % 4] = 0;
    }

    u32 base = shared_address(stages);
    UNROLL for (i32 i = 0; i < Stages - 1; i++)
    {
        if (i < inputs.groups)
        {
            copy_group<Weights>(base + (i * Tile<Weights>::Bytes), weight, row_bytes, first_row, rows, inputs.planes, first_column, inputs.count, inputs.groups, i);
        }

        end_copies();
    }

    i32 stage = 0;
    KEEP_LOOP for (i32 group = 0; group < inputs.groups; group++)
    {
        float weight_scales[4];
        f32x2 column_scales[4];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            weight_scales[i] = scales ? load_global(row_scales[i] + (group >> scale_shift)) : 1;
            column_scales[i] = inputs.scales ? load_global((const f32x2*)(inputs.scales + ((u64)group * inputs.scale_stride) + first_column + warp_column + (i * 8) + (t * 2))) : (f32x2)1;
        }

        await_copies<Stages - 2>();
        sync_block();
        i32 ahead = group + Stages - 1;
        if (ahead < inputs.groups)
        {
            i32 free = stage == 0 ? Stages - 1 : stage - 1;
            copy_group<Weights>(base + (free * Tile<Weights>::Bytes), weight, row_bytes, first_row, rows, inputs.planes, first_column, inputs.count, inputs.groups, ahead);
        }

        end_copies();
        u32 at = base + (stage * Tile<Weights>::Bytes);
        u32x4 operands[2][8];
        UNROLL for (i32 i = 0; i < 2; i++)
        {
            u32x4 upper[Weights::Loads];
            u32x4 lower[Weights::Loads];
            i32 row = warp_row + (i * 16) + g;
            UNROLL for (i32 j = 0; j < Weights::Loads; j++)
            {
                upper[j] = load_shared(at + (row * Tile<Weights>::RowBytes) + (swizzled(row, (j * 4) + t) * 16));
                lower[j] = load_shared(at + ((row + 8) * Tile<Weights>::RowBytes) + (swizzled(row, (j * 4) + t) * 16));
            }

            UNROLL for (i32 product = 0; product < 8; product++)
            {
                operands[i][product] = operand<Weights>(upper, lower, product);
            }
        }

        UNROLL for (i32 j = 0; j < 4; j++)
        {
            i32 column = warp_column + (j * 8) + g;
            u32x4 x[4];
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                x[i] = load_shared(at + Tile<Weights>::WeightBytes + (column * ColumnBytes) + (swizzled(column, (i * 4) + t) * 16));
            }

            UNROLL for (i32 i = 0; i < 2; i++)
            {
                f32x4 sums = group_products<Weights>(operands[i], x);
                totals[i][j].x += sums.x * (weight_scales[2 * i] * column_scales[j].x);
                totals[i][j].y += sums.y * (weight_scales[2 * i] * column_scales[j].y);
                totals[i][j].z += sums.z * (weight_scales[(2 * i) + 1] * column_scales[j].x);
                totals[i][j].w += sums.w * (weight_scales[(2 * i) + 1] * column_scales[j].y);
            }
        }

        stage = stage == Stages - 1 ? 0 : stage + 1;
    }

    float* output = is_third ? c.output : is_second ? b.output : a.output;
    const float* bias = is_third ? c.bias : is_second ? b.bias : a.bias;
    i32 output_stride = is_third ? c.output_stride : is_second ? b.output_stride : a.output_stride;
    store_many(totals, Weights::Factor, inputs, first_row + warp_row, rows, first_column + warp_column, bias, output, output_stride);
}

#define LINEAR(name, weights) \
    GLOBAL BOUNDS(Threads) void linear_many_##name(Part a, Part b, Part c, Inputs inputs) { linear_many<weights>(a, b, c, inputs); }

LINEAR(e4m3, E4M3Weights)
LINEAR(e5m2, E5M2Weights)
LINEAR(f16, F16Weights)
LINEAR(bf16, BF16Weights)
