// attend_many: the same for the tokens of a prompt. Warps of a block have tokens one after the other, and share each page: it is copied to shared memory while
// they attend to the two before. They meet once a page: one may multiply scores while another has weights to compute.
//
// Keys lie there by tokens, eight dimensions at a time, fours of them in another order for tokens that are read at once; values as in the page. Lanes that read
// together, eight of 16 bytes or sixteen of 8, then read all banks. Grid (tiles * blocks of heads, heads); a tile is as many tokens as all warps have.
#include "attend_rows.cuh"

constexpr i32 Warps = 12;
constexpr i32 Threads = Warps * WarpLanes;

// Pages in shared memory.
constexpr i32 Stages = 3;

// Tokens that are read at once are 2i and 2i + 1, and of 8 bits also those eight on.
template<typename Element, i32 Chunks>
DEVICE i32 key_chunk(i32 token, i32 eight)
{
    return Chunks == 1 ? eight : Element::Bytes == 2 ? eight ^ ((token & 1) * 4) : eight ^ (((token & 1) | ((token >> 2) & 2)) * 4);
}

// Both of a page, keys first; of each what a head of whole chunks takes.
template<typename Element, i32 Chunks>
DEVICE void copy_page(u32 to, const u8* keys, i32 size)
{
    constexpr i32 EightBytes = 8 * Element::Bytes;
    constexpr i32 RowBytes = Chunks * 4 * EightBytes;
    constexpr i32 KeyBytes = PageTokens * RowBytes;
    i32 row_chunks = size / 8;
    const u8* values = keys + (PageTokens * size * Element::Bytes);
    UNROLL for (i32 i = 0; i < PageTokens * Chunks * 4; i += Threads)
    {
        // Of a head of whole chunks, as which its keys lie in shared memory.
        i32 at = i + thread_index();
        i32 token = at / (Chunks * 4);
        i32 eight = at % (Chunks * 4);
        if (token < PageTokens && eight < row_chunks)
        {
            Element::copy(to + (token * RowBytes) + (key_chunk<Element, Chunks>(token, eight) * EightBytes), keys + (((token * row_chunks) + eight) * EightBytes));
        }

        if (at < PageTokens * row_chunks)
        {
            Element::copy(to + KeyBytes + (at * EightBytes), values + (at * EightBytes));
        }
    }
}

template<typename Element, i32 Chunks>
DEVICE void attend_many(const Attention& attention, const Pages& pages)
{
    constexpr i32 EightBytes = 8 * Element::Bytes;
    constexpr i32 RowBytes = Chunks * 4 * EightBytes;
    constexpr i32 PageBytes = 2 * PageTokens * RowBytes;
    extern SHARED __attribute__((aligned(128))) u8 stages[];
    admit_launches();
    await_launches();
    i32 g = lane_index() / 4;
    i32 t = lane_index() % 4;
    i32 size = pages.dimensions;
    i32 head_blocks = (attention.group + TileQueries - 1) / TileQueries;
    i32 tile = block_x() / head_blocks;
    i32 head = block_y();
    i32 first_row = attention.tiles[2 * tile];
    i32 tile_rows = attention.tiles[(2 * tile) + 1];
    i32 tile_heads = least(attention.group, TileQueries);
    i32 token = (warp_index() * (TileQueries / tile_heads)) + (g / tile_heads);
    i32 group_head = ((block_x() % head_blocks) * TileQueries) + (g % tile_heads);
    bool is_valid = g < tile_heads * (TileQueries / tile_heads) && token < tile_rows && group_head < attention.group;
    i32 row = first_row + least(token, tile_rows - 1);
    i32 query_head = (head * attention.group) + least(group_head, attention.group - 1);
    QueryRows<Element, Chunks> rows;
    load_queries(rows, nullptr, attention.query + ((u64)row * attention.query_stride) + (query_head * size), is_valid, size,
        attention.scale * Log2E * key_scale(pages, head) * Element::Factor, pages.positions[row], attention.window);

    i32 last = pages.positions[first_row + tile_rows - 1];
    i32 first_page, end_page;
    split_pages(pages.positions[first_row], last, attention.window, 0, 1, 1, first_page, end_page);
    i32 table = pages.tables[first_row];
    u32 base = shared_address(stages);
    UNROLL for (i32 i = 0; i < Stages - 1; i++)
    {
        if (first_page + i < end_page)
        {
            copy_page<Element, Chunks>(base + (i * PageBytes), head_keys<Element>(pages, table, first_page + i, head), size);
        }

        end_copies();
    }

    i32 stage = 0;
    KEEP_LOOP for (i32 page = first_page; page < end_page; page++)
    {
        await_copies<Stages - 2>();
        sync_block();
        if (page + Stages - 1 < end_page)
        {
            copy_page<Element, Chunks>(base + ((stage == 0 ? Stages - 1 : stage - 1) * PageBytes), head_keys<Element>(pages, table, page + Stages - 1, head), size);
        }

        end_copies();
        if (warp_index() * (TileQueries / tile_heads) < tile_rows)
        {
            u32 keys = base + (stage * PageBytes);
            u32 page_values = keys + (PageTokens * RowBytes);
            attend_page(rows, page, last, size, attention.cap,
                [=](i32, i32 at, i32 eight) { return Element::load_copied(keys + (at * RowBytes) + (key_chunk<Element, Chunks>(at, eight) * EightBytes)); },
                [=](i32 dimension, i32 eight) { return Element::load_copied(page_values + (dimension * PageTokens * Element::Bytes) + (eight * EightBytes)); });
        }

        stage = stage == Stages - 1 ? 0 : stage + 1;
    }

    float total = rows.total;
    total += exchange(total, 1);
    total += exchange(total, 2);
    if (is_valid)
    {
        float value_factor = value_scale(pages, head) * Element::Factor;
        float* output = attention.output + ((u64)row * attention.output_stride) + (query_head * size) + (2 * t);
        UNROLL for (i32 i = 0; i < Chunks * 4; i++)
        {
            if (i * 8 < size)
            {
                f32x2 value;
                value.x = finished(attention, query_head, (rows.sums[i].x + rows.sums[i].z) * value_factor, rows.largest, total);
                value.y = finished(attention, query_head, (rows.sums[i].y + rows.sums[i].w) * value_factor, rows.largest, total);
                *(f32x2*)(output + (i * 8)) = value;
            }
        }
    }
}

#define ATTEND(name, element, chunks) \
    GLOBAL BOUNDS(Threads) void attend_many_##name##_##chunks(Attention attention, Pages pages) { attend_many<element, chunks>(attention, pages); }

ATTEND(bf16, CachedBFloat, 1)
ATTEND(bf16, CachedBFloat, 2)
ATTEND(bf16, CachedBFloat, 4)
ATTEND(e4m3, CachedE4M3, 4)
ATTEND(e5m2, CachedE5M2, 4)
