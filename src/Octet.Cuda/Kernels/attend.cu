// attend: causal attention of some query rows of one key/value head over the pages of their sequence, softmax as it streams.
//
// A warp has eight query rows (token and head of the group), each in two halves that add up to it: rows g and g + 8 of the products, so that a lane
// has both halves of every sum. Scores are the product with 32 keys, whose order among the columns is such that a lane has the scores of tokens 8t to
// 8t + 7 of the page: as operand of the product with the values, of which it then reads 16 bytes of a dimension.
//
// Warps of a block take pages in turn, splits are blocks; merge joins those. Grid (tiles * blocks of heads, heads, splits).
#include "attend.cuh"

constexpr i32 Warps = 4;
constexpr i32 TileQueries = 8;

// Chunks: of 32 dimensions of a head, which has a multiple of 8 of them and at least 32.
template<typename Element, i32 Chunks>
DEVICE void attend(Attention attention, Pages pages)
{
    constexpr i32 Values = Chunks * 4;
    SHARED float heads[Warps * TileQueries * 2];
    SHARED float values[Warps * TileQueries * Chunks * 32];
    i32 lane = lane_index();
    i32 g = lane / 4;
    i32 t = lane % 4;
    i32 size = pages.dimensions;
    i32 head_blocks = (attention.group + TileQueries - 1) / TileQueries;
    i32 tile = block_x() / head_blocks;
    i32 head = block_y();
    i32 first_row = attention.tiles[2 * tile];
    i32 tile_rows = attention.tiles[(2 * tile) + 1];
    i32 tile_heads = least(attention.group, TileQueries);
    i32 token = g / tile_heads;
    i32 group_head = ((block_x() % head_blocks) * TileQueries) + (g % tile_heads);
    bool is_valid = token < tile_rows && group_head < attention.group;
    i32 table = pages.tables[first_row];
    i32 position = pages.positions[first_row + least(token, tile_rows - 1)];
    i32 seen = attention.window > 0 ? position - attention.window : -1;

    float factor = attention.scale * Log2E * key_scale(pages, head) * Element::Factor;
    u32x4 queries[Chunks * 2];
    float x[Chunks * 8];
    const float* query = attention.query + ((u64)(first_row + least(token, tile_rows - 1)) * attention.query_stride) + (((head * attention.group) + least(group_head, attention.group - 1)) * size);
    UNROLL for (i32 i = 0; i < Chunks; i++)
    {
        i32 dimension = (t + (4 * i)) * 8;
        f32x4 low = 0;
        f32x4 high = 0;
        if (is_valid && dimension < size)
        {
            low = *(const f32x4*)(query + dimension) * factor;
            high = *(const f32x4*)(query + dimension + 4) * factor;
        }

        UNROLL for (i32 j = 0; j < 4; j++)
        {
            x[(i * 8) + j] = low[j];
            x[(i * 8) + 4 + j] = high[j];
        }
    }

    float row_factor = 1;
    if constexpr (Element::IsScaled)
    {
        u32 largest = 0;
        UNROLL for (i32 i = 0; i < Chunks * 8; i++)
        {
            largest = most(largest, bits_of(x[i]) & 0x7fffffff);
        }

        largest = most(largest, exchange(largest, 1));
        largest = most(largest, exchange(largest, 2));
        u32 kept = most(largest >> 23, 27u);
        row_factor = float_of((kept - 13) << 23);
        UNROLL for (i32 i = 0; i < Chunks * 8; i++)
        {
            x[i] *= float_of((254 + 13 - kept) << 23);
        }
    }

    UNROLL for (i32 i = 0; i < Chunks * 2; i++)
    {
        u32 first = Element::pack(x[4 * i], x[(4 * i) + 1]);
        u32 second = Element::pack(x[(4 * i) + 2], x[(4 * i) + 3]);
        queries[i].x = first;
        queries[i].y = Element::pack(x[4 * i] - Element::low(first), x[(4 * i) + 1] - Element::high(first));
        queries[i].z = second;
        queries[i].w = Element::pack(x[(4 * i) + 2] - Element::low(second), x[(4 * i) + 3] - Element::high(second));
    }

    f32x4 sums[Values];
    UNROLL for (i32 i = 0; i < Values; i++)
    {
        sums[i] = 0;
    }

    float largest = NegativeInfinity;
    float total = 0;
    i32 last = pages.positions[first_row + tile_rows - 1];
    i32 first_page, end_page;
    split_pages(pages.positions[first_row], last, attention.window, block_z(), blocks_z(), Warps, first_page, end_page);
    KEEP_LOOP for (i32 page = first_page + warp_index(); page < end_page; page += Warps)
    {
        const u8* keys = head_keys<Element>(pages, table, page, head);
        const u8* page_values = keys + ((u64)(PageTokens * Element::Bytes) * size);
        f32x2 scores[4];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            const u8* key = keys + (((8 * (g / 2)) + (2 * i) + (g % 2)) * size + (t * 8)) * Element::Bytes;
            f32x4 products = 0;
            UNROLL for (i32 chunk = 0; chunk < Chunks; chunk++)
            {
                // Behind the last dimension queries are 0: what is there instead does not matter.
                i32 offset = (t + (4 * chunk)) * 8 < size ? chunk * 32 : 0;
                u32x4 b = Element::load(key + (offset * Element::Bytes));
                Element::multiply(products, queries[2 * chunk], b.x, b.y);
                Element::multiply(products, queries[(2 * chunk) + 1], b.z, b.w);
            }

            scores[i] = (f32x2){products.x + products.z, products.y + products.w} * row_factor;
        }

        float top = largest;
        UNROLL for (i32 i = 0; i < 8; i++)
        {
            i32 at = (page * PageTokens) + (8 * t) + i;
            float score = at <= position && at > seen ? scores[i / 2][i % 2] : NegativeInfinity;
            scores[i / 2][i % 2] = score;
            top = greatest(top, score);
        }

        top = greatest(top, exchange(top, 1));
        top = greatest(top, exchange(top, 2));
        float kept = weight_of(largest, top);
        largest = top;
        total *= kept;
        UNROLL for (i32 i = 0; i < Values; i++)
        {
            sums[i] *= kept;
        }

        u32x4 weights[2];
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            float low = weight_of(scores[i].x, top);
            float high = weight_of(scores[i].y, top);
            total += low + high;
            u32 pair = Element::pack(low, high);
            weights[i / 2][(i % 2) * 2] = pair;
            weights[i / 2][((i % 2) * 2) + 1] = Element::pack(low - Element::low(pair), high - Element::high(pair));
        }

        // Nothing was written behind the last token, or by others: it must not be multiplied, were it with 0.
        i32 written = last + 1 - (page * PageTokens) - (8 * t);
        u32x4 masks;
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            masks[i] = written > (2 * i) + 1 ? 0xffffffff : written > 2 * i ? 0x0000ffff : 0;
        }

        UNROLL for (i32 i = 0; i < Values; i++)
        {
            i32 dimension = (i * 8 < size ? i * 8 : 0) + g;
            u32x4 b = Element::load(page_values + ((dimension * PageTokens) + (8 * t)) * Element::Bytes) & masks;
            Element::multiply(sums[i], weights[0], b.x, b.y);
            Element::multiply(sums[i], weights[1], b.z, b.w);
        }
    }

    total += exchange(total, 1);
    total += exchange(total, 2);
    i32 place = (warp_index() * TileQueries) + g;
    if (t == 0)
    {
        heads[place * 2] = largest;
        heads[(place * 2) + 1] = total;
    }

    UNROLL for (i32 i = 0; i < Values; i++)
    {
        *(f32x2*)(values + (place * Chunks * 32) + (i * 8) + (2 * t)) = (f32x2){sums[i].x + sums[i].z, sums[i].y + sums[i].w};
    }

    sync_block();
    float value_factor = value_scale(pages, head) * Element::Factor;
    for (i32 i = thread_index(); i < TileQueries * size; i += block_threads())
    {
        i32 row = i / size;
        i32 dimension = i % size;
        i32 row_token = row / tile_heads;
        i32 row_head = ((block_x() % head_blocks) * TileQueries) + (row % tile_heads);
        if (row_token >= tile_rows || row_head >= attention.group)
        {
            continue;
        }

        row_head += head * attention.group;
        float row_largest, row_sum;
        float value = joined(heads + (row * 2), values + (row * Chunks * 32) + dimension, Warps, TileQueries * 2, TileQueries * Chunks * 32, row_largest, row_sum) * value_factor;
        if (attention.parts)
        {
            float* part = attention.parts + ((((u64)(first_row + row_token) * (pages.heads * attention.group)) + row_head) * blocks_z() + block_z()) * (size + 2);
            part[2 + dimension] = value;
            if (dimension == 0)
            {
                part[0] = row_largest;
                part[1] = row_sum;
            }
        }
        else
        {
            attention.output[((u64)(first_row + row_token) * attention.output_stride) + (row_head * size) + dimension] = finished(attention, row_head, value, row_largest, row_sum);
        }
    }
}

#define ATTEND(name, element, chunks) \
    GLOBAL BOUNDS(Warps * 32) void attend_##name##_##chunks(Attention attention, Pages pages) { attend<element, chunks>(attention, pages); }

ATTEND(bf16, CachedBFloat, 1)
ATTEND(bf16, CachedBFloat, 2)
ATTEND(bf16, CachedBFloat, 4)
ATTEND(bf16, CachedBFloat, 8)
ATTEND(e4m3, CachedE4M3, 4)
ATTEND(e4m3, CachedE4M3, 8)
ATTEND(e5m2, CachedE5M2, 4)
ATTEND(e5m2, CachedE5M2, 8)
