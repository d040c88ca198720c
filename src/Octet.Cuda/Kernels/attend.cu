// attend: causal attention of some query rows of one key/value head over the pages of their sequence, softmax as it streams (see attend_rows.cuh).
//
// Warps of a block have the same rows and take pages in turn, splits are blocks; merge joins those. Grid (tiles * blocks of heads, heads, splits).
#include "attend_rows.cuh"

constexpr i32 Warps = 4;

template<typename Element, i32 Chunks>
DEVICE void attend(Attention attention, Pages pages)
{
    SHARED float heads[Warps * TileQueries * 2];
    SHARED float values[Warps * TileQueries * Chunks * 32];
    SHARED u32x4 queries[QueryRows<Element, Chunks>::SharedQueries];
    admit_launches();
    i32 g = lane_index() / 4;
    i32 t = lane_index() % 4;
    i32 size = pages.dimensions;
    i32 head_blocks = (attention.group + TileQueries - 1) / TileQueries;
    i32 tile = block_x() / head_blocks;
    i32 head = block_y();
    i32 first_row = attention.tiles[2 * tile];
    i32 tile_rows = attention.tiles[(2 * tile) + 1];
    i32 tile_heads = least(attention.group, TileQueries);
    i32 first_head = (block_x() % head_blocks) * TileQueries;
    i32 token = g / tile_heads;
    i32 group_head = first_head + (g % tile_heads);
    bool is_valid = token < tile_rows && group_head < attention.group;
    i32 row = first_row + least(token, tile_rows - 1);
    i32 table = pages.tables[first_row];
    QueryRows<Element, Chunks> rows;
    await_launches();
    load_queries(rows, queries, attention.query + ((u64)row * attention.query_stride) + (((head * attention.group) + least(group_head, attention.group - 1)) * size),
        is_valid, size, attention.scale * Log2E * key_scale(pages, head) * Element::Factor, pages.positions[row], attention.window);

    i32 last = pages.positions[first_row + tile_rows - 1];
    i32 first_page, end_page;
    split_pages(pages.positions[first_row], last, attention.window, block_z(), blocks_z(), Warps, first_page, end_page);
    KEEP_LOOP for (i32 page = first_page + warp_index(); page < end_page; page += Warps)
    {
        const u8* keys = head_keys<Element>(pages, table, page, head);
        const u8* page_values = head_values<Element>(pages, (u8*)keys);
        attend_page(rows, page, last, size, attention.cap,
            [=](i32 row, i32 at, i32 eight) { return Element::load(keys + (((at * row) + (eight * 8)) * Element::Bytes)); },
            [=](i32 dimension, i32 eight) { return Element::load(page_values + (((dimension * PageTokens) + (eight * 8)) * Element::Bytes)); });
    }

    float total = rows.total;
    total += exchange(total, 1);
    total += exchange(total, 2);
    i32 place = (warp_index() * TileQueries) + g;
    if (t == 0)
    {
        heads[place * 2] = rows.largest;
        heads[(place * 2) + 1] = total;
    }

    UNROLL for (i32 i = 0; i < Chunks * 4; i++)
    {
        *(f32x2*)(values + (place * Chunks * 32) + (i * 8) + (2 * t)) = (f32x2){rows.sums[i].x + rows.sums[i].z, rows.sums[i].y + rows.sums[i].w};
    }

    sync_block();
    first_head = (block_x_again() % head_blocks) * TileQueries;
    if constexpr (QueryRows<Element, Chunks>::AreShared)
    {
        // They had no room meanwhile.
        tile = block_x_again() / head_blocks;
        first_row = attention.tiles[2 * tile];
        tile_rows = attention.tiles[(2 * tile) + 1];
    }

    float value_factor = value_scale(pages, head) * Element::Factor;
    for (i32 i = thread_index(); i < TileQueries * size; i += block_threads())
    {
        i32 query = i / size;
        i32 dimension = i % size;
        i32 query_token = query / tile_heads;
        i32 query_head = first_head + (query % tile_heads);
        if (query_token >= tile_rows || query_head >= attention.group)
        {
            continue;
        }

        query_head += head * attention.group;
        float largest, sum;
        float value = joined(heads + (query * 2), values + (query * Chunks * 32) + dimension, Warps, TileQueries * 2, TileQueries * Chunks * 32, largest, sum) * value_factor;
        if (attention.parts)
        {
            float* part = attention.parts + ((((u64)(first_row + query_token) * (pages.heads * attention.group)) + query_head) * blocks_z() + block_z()) * (size + 2);
            part[2 + dimension] = value;
            if (dimension == 0)
            {
                part[0] = largest;
                part[1] = sum;
            }
        }
        else
        {
            attention.output[((u64)(first_row + query_token) * attention.output_stride) + (query_head * size) + dimension] = finished(attention, query_head, value, largest, sum);
        }
    }
}

#define ATTEND(name, element, chunks) \
    GLOBAL RESIDENT_BOUNDS(Warps * 32, chunks <= 2 ? 3 : 2) void attend_##name##_##chunks(Attention attention, Pages pages) { attend<element, chunks>(attention, pages); }

ATTEND(bf16, CachedBFloat, 1)
ATTEND(bf16, CachedBFloat, 2)
ATTEND(bf16, CachedBFloat, 4)
ATTEND(bf16, CachedBFloat, 8)
ATTEND(e4m3, CachedE4M3, 4)
ATTEND(e4m3, CachedE4M3, 8)
ATTEND(e5m2, CachedE5M2, 4)
ATTEND(e5m2, CachedE5M2, 8)
