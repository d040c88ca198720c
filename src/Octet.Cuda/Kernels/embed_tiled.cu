// embed of tables in tiles (tiled_weights.cuh): rows, widened, times their scales and a factor. Grid (rows).
#include "tiled_weights.cuh"

struct Table
{
    const u8* data;
    const float* scales; // as a Part's
    u64 tile_bytes;      // of 16 rows
    i32 block_rows;
    i32 block_spans;     // that share a float32 scale
    i32 scale_stride;
    float factor;
};

// The scale of the columns that lane t of a tile's row has in a span.
template<typename Weights>
DEVICE float scale_of(const Table& table, i32 id, i32 group, const u8* tile, i32 t, i32 span)
{
    const u8* scales = tile + Weights::CodeBytes;
    i32 row = id % TiledRows;
    if constexpr (Weights::Scales::Bytes == 0)
    {
        i32 place = least(((group * Spans) + span) / table.block_spans, table.scale_stride - 1);
        return load_global(table.scales + ((u64)(id / table.block_rows) * table.scale_stride) + place);
    }
    else if constexpr (Weights::Scales::AreFolded)
    {
        return low_f16(Weights::Scales::value(load_global(scales + (row * 8) + ((t / 2) * 4) + span), 0));
    }
    else
    {
        return Weights::Scales::value(load_global(scales + (row * Spans) + span), 0);
    }
}

// A thread has 8 columns at a time, those of a lane in a span.
template<typename Weights>
DEVICE void embed_tiled(const Table& table, const i32* ids, float* output, i32 stride, i32 columns)
{
    constexpr i32 Loads = Weights::Codes::Loads;
    i32 id = ids[block_x()];
    i32 row = id % TiledRows;
    const u8* tiles = table.data + ((u64)(id / TiledRows) * table.tile_bytes);
    float factor = table.factor * tile_factor<Weights>(table.scales);
    for (i32 column = thread_index() * 8; column < columns; column += block_threads() * 8)
    {
        i32 group = column / Group;
        i32 span = (column % Group) / 32;
        i32 t = (column % 32) / 8;
        const u8* tile = tiles + ((u64)group * Weights::Bytes);
        const u8* codes = tile + ((((row / 8) * Loads) + (span * Loads / Spans)) * 512) + ((((row % 8) * 4) + t) * 16) + ((span * Loads * 4) % 16);

        // As a span of number 0.
        u32x4 loaded = load_global((const u32*)codes);
        loaded.y = load_global((const u32*)codes + (Loads - 1));
        u32x4 pairs = Weights::Codes::widen(&loaded, 0);
        float scale = scale_of<Weights>(table, id, group, tile, t, span) * factor;
        UNROLL for (i32 i = 0; i < 8; i++)
        {
            if (column + i < columns)
            {
                store_global(output + ((u64)block_x() * stride) + column + i, (i % 2 == 0 ? low_f16(pairs[i / 2]) : high_f16(pairs[i / 2])) * scale);
            }
        }
    }
}

#define EMBED(name, weights) \
    GLOBAL BOUNDS(256) void embed_##name(Table table, const i32* ids, float* output, i32 stride, i32 columns) { embed_tiled<weights>(table, ids, output, stride, columns); }

EMBED(mx_e2m1, MxE2M1)
EMBED(nv_e2m1, NvE2M1)
EMBED(mx_e4m3, MxE4M3)
EMBED(mx_e5m2, MxE5M2)
EMBED(small_e4m3, SmallE4M3)
EMBED(small_e5m2, SmallE5M2)
EMBED(small_fnuz, SmallFnuz)
