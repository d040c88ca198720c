// linear_many of layers in tiles (tiled_weights.cuh) that share an input, for many tokens. A block multiplies 128 rows of weights, eight tiles, with 64
// columns of inputs, a group at a time, which is copied to shared memory while those before it are multiplied.
//
// A tile lies there as in the card's memory, where each lane has 16 bytes of its own. A column of a group is 16-byte chunks: of odd columns the halves of
// every 128 bytes change places, so that columns g and g + 1 of eight lanes lie in all banks. Warps are 4 x 2, each with 32 rows and 32 columns. Grid (columns /
// 64, 128 rows of all parts): blocks that run together share weights.
#include "columns.cuh"
#include "tiled_weights.cuh"

constexpr i32 BlockTiles = 8;
constexpr i32 BlockColumns = 64;
constexpr i32 Threads = 256;
constexpr i32 Stages = 3;
constexpr i32 ColumnBytes = Group * 2;

DEVICE i32 swizzled(i32 column, i32 chunk) { return chunk ^ ((column & 1) * 4); }

template<typename Weights>
constexpr i32 StageBytes = (BlockTiles * Weights::Bytes) + (BlockColumns * ColumnBytes);

// Copies a group of the block's tiles, of which those behind the last are the last, and of its columns.
template<typename Weights>
DEVICE void copy_group(u32 stage, const u8* weight, u64 tile_bytes, i32 last_tile, const Inputs& inputs, i32 first_column, i32 group)
{
    constexpr i32 TileChunks = Weights::Bytes / 16;
    constexpr i32 ColumnChunks = ColumnBytes / 16;
    for (i32 i = thread_index(); i < BlockTiles * TileChunks; i += Threads)
    {
        copy_async(stage + (i * 16), weight + ((u64)least(i / TileChunks, last_tile) * tile_bytes) + ((u64)group * Weights::Bytes) + ((i % TileChunks) * 16));
    }

    UNROLL for (i32 i = 0; i < BlockColumns * ColumnChunks / Threads; i++)
    {
        i32 at = thread_index() + (i * Threads);
        i32 column = at / ColumnChunks;
        i32 chunk = at % ColumnChunks;
        copy_async(stage + (BlockTiles * Weights::Bytes) + (column * ColumnBytes) + (swizzled(column, chunk) * 16),
            (const u8*)(inputs.planes + (((u64)least(first_column + column, inputs.count - 1) * inputs.groups) + group) * Group) + (chunk * 16));
    }
}

template<typename Weights>
DEVICE void linear_many_tiled(const Part& a, const Part& b, const Part& c, const Inputs& inputs)
{
    extern SHARED __attribute__((aligned(128))) u8 stages[];
    i32 g = lane_index() / 4;
    i32 t = lane_index() % 4;
    i32 warp_tile = (warp_index() / 2) * 2;
    i32 warp_column = (warp_index() % 2) * 32;
    bool is_third = block_y() >= c.first_tile;
    bool is_second = !is_third && block_y() >= b.first_tile;
    i32 rows = is_third ? c.rows : is_second ? b.rows : a.rows;
    i32 first_tile = (block_y() - (is_third ? c.first_tile : is_second ? b.first_tile : 0)) * BlockTiles;
    i32 first_column = block_x() * BlockColumns;
    u64 tile_bytes = is_third ? c.row_bytes : is_second ? b.row_bytes : a.row_bytes;
    const u8* weight = (is_third ? c.weight : is_second ? b.weight : a.weight) + ((u64)first_tile * tile_bytes);
    i32 last_tile = ((rows + TiledRows - 1) / TiledRows) - 1 - first_tile;
    const float* scales = is_third ? c.scales : is_second ? b.scales : a.scales;
    i32 block_rows = is_third ? c.block_rows : is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_third ? c.scale_stride : is_second ? b.scale_stride : a.scale_stride;
    i32 scale_shift = is_third ? c.scale_shift : is_second ? b.scale_shift : a.scale_shift;
    RowScales of_rows[2];
    f32x4 totals[2][4];
    UNROLL for (i32 i = 0; i < 2; i++)
    {
        of_rows[i] = row_scales(scales, block_rows, scale_stride, scale_shift, (first_tile + warp_tile + i) * TiledRows, rows);
        UNROLL for (i32 j = 0; j < 4; j++)
        {
            totals[i][j] = 0;
        }
    }

    u32 base = shared_address(stages);
    UNROLL for (i32 i = 0; i < Stages - 1; i++)
    {
        if (i < inputs.groups)
        {
            copy_group<Weights>(base + (i * StageBytes<Weights>), weight, tile_bytes, last_tile, inputs, first_column, i);
        }

        end_copies();
    }

    i32 stage = 0;
    KEEP_LOOP for (i32 group = 0; group < inputs.groups; group++)
    {
        f32x2 column_scales[4];
        UNROLL for (i32 j = 0; j < 4; j++)
        {
            column_scales[j] = load_global((const f32x2*)(inputs.scales + ((u64)group * inputs.scale_stride) + first_column + warp_column + (j * 8) + (t * 2)));
        }

        await_copies<Stages - 2>();
        sync_block();
        i32 ahead = group + Stages - 1;
        if (ahead < inputs.groups)
        {
            i32 free = stage == 0 ? Stages - 1 : stage - 1;
            copy_group<Weights>(base + (free * StageBytes<Weights>), weight, tile_bytes, last_tile, inputs, first_column, ahead);
        }

        end_copies();
        u32 at = base + (stage * StageBytes<Weights>);
        u32x4 operands[2][2 * Spans];
        typename Weights::Scales of_tiles[2];
        UNROLL for (i32 i = 0; i < 2; i++)
        {
            LoadedTile<Weights> loaded;
            load_tile(loaded, SharedTile{at + ((warp_tile + i) * Weights::Bytes)}, of_rows[i], group);
            widen_tile(operands[i], loaded);
            of_tiles[i] = loaded.scales;
        }

        UNROLL for (i32 j = 0; j < 4; j++)
        {
            i32 column = warp_column + (j * 8) + g;
            u32x4 x[Spans];
            UNROLL for (i32 span = 0; span < Spans; span++)
            {
                x[span] = load_shared(at + (BlockTiles * Weights::Bytes) + (column * ColumnBytes) + (swizzled(column, (span * 4) + t) * 16));
            }

            UNROLL for (i32 i = 0; i < 2; i++)
            {
                f32x4 sums = tile_products<Weights>(operands[i], of_tiles[i], x);
                totals[i][j].x += sums.x * column_scales[j].x;
                totals[i][j].y += sums.y * column_scales[j].y;
                totals[i][j].z += sums.z * column_scales[j].x;
                totals[i][j].w += sums.w * column_scales[j].y;
            }
        }

        stage = stage == Stages - 1 ? 0 : stage + 1;
    }

    float* output = is_third ? c.output : is_second ? b.output : a.output;
    const float* bias = is_third ? c.bias : is_second ? b.bias : a.bias;
    i32 output_stride = is_third ? c.output_stride : is_second ? b.output_stride : a.output_stride;
    store_many(totals, tile_factor<Weights>(scales), inputs, (first_tile + warp_tile) * TiledRows, rows, first_column + warp_column, bias, output, output_stride);
}

#define LINEAR(name, weights) \
    GLOBAL BOUNDS(Threads) void linear_many_##name(Part a, Part b, Part c, Inputs inputs) { linear_many_tiled<weights>(a, b, c, inputs); }

LINEAR(mx_e2m1, MxE2M1)
LINEAR(nv_e2m1, NvE2M1)
LINEAR(mx_e4m3, MxE4M3)
LINEAR(mx_e5m2, MxE5M2)
LINEAR(small_e4m3, SmallE4M3)
LINEAR(small_e5m2, SmallE5M2)
LINEAR(small_fnuz, SmallFnuz)
