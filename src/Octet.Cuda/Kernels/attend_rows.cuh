// Eight query rows (token and head of the group) of a warp, and what they make of a page: the heart of attend and attend_many.
//
// A row is in two halves that add up to it: rows g and g + 8 of the products, so that a lane has both halves of every sum. Scores are the product with
// 32 keys, whose order among the columns is such that a lane has the scores of tokens 8t to 8t + 7 of the page: as operand of the product with the values,
// of which it then takes 16 bytes of a dimension.
#pragma once
#include "attend.cuh"

constexpr i32 TileQueries = 8;

// Chunks: of 32 dimensions of a head, which has a multiple of 8 of them and at least 32.
template<typename Element, i32 Chunks>
struct QueryRows
{
    // Of many dimensions the sums leave no room for the queries: they lie in shared memory, [two of a chunk][lane], for all warps of a block, whose rows
    // are then the same.
    static constexpr bool AreShared = Chunks > 4;
    static constexpr i32 SharedQueries = AreShared ? Chunks * 2 * WarpLanes : 1;

    u32x4 queries[AreShared ? 1 : Chunks * 2];
    u32 shared;
    f32x4 sums[Chunks * 4];
    float largest;
    float total;
    float row_factor;
    i32 position;
    i32 seen;

    __attribute__((device)) __attribute__((always_inline)) u32x4 query(i32 i) const
    {
        if constexpr (AreShared)
        {
            return load_shared(shared + (i * WarpLanes * 16));
        }
        else
        {
            return queries[i];
        }
    }
};

// Rows that there are not are zeros. The factor is that of scores, powers of 2. The place is that of queries in shared memory, if they are there.
template<typename Element, i32 Chunks>
DEVICE void load_queries(QueryRows<Element, Chunks>& rows, u32x4* place, const float* query, bool is_valid, i32 size, float factor, i32 position, i32 window)
{
    i32 t = lane_index() % 4;
    float x[Chunks * 8];
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

    rows.row_factor = 1;
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
        rows.row_factor = float_of((kept - 13) << 23);
        UNROLL for (i32 i = 0; i < Chunks * 8; i++)
        {
            x[i] *= float_of((254 + 13 - kept) << 23);
        }
    }

    UNROLL for (i32 i = 0; i < Chunks * 2; i++)
    {
        u32 first = Element::pack(x[4 * i], x[(4 * i) + 1]);
        u32 second = Element::pack(x[(4 * i) + 2], x[(4 * i) + 3]);
        u32x4 halves;
        halves.x = first;
        halves.y = Element::pack(x[4 * i] - Element::low(first), x[(4 * i) + 1] - Element::high(first));
        halves.z = second;
        halves.w = Element::pack(x[(4 * i) + 2] - Element::low(second), x[(4 * i) + 3] - Element::high(second));
        if constexpr (!QueryRows<Element, Chunks>::AreShared)
        {
            rows.queries[i] = halves;
        }
        else if (warp_index() == 0)
        {
            place[(i * WarpLanes) + lane_index()] = halves;
        }
    }

    if constexpr (QueryRows<Element, Chunks>::AreShared)
    {
        rows.shared = shared_address(place + lane_index());
        sync_block();
    }

    UNROLL for (i32 i = 0; i < Chunks * 4; i++)
    {
        rows.sums[i] = 0;
    }

    rows.largest = NegativeInfinity;
    rows.total = 0;
    rows.position = position;
    rows.seen = first_seen(position, window) - 1;
}

// A page of 32 tokens, of which those up to `last` are written. Scores have a cap, if that is above 0. Keys of a token's eight dimensions, in rows of so many, and eight tokens of a
// dimension's values are had of the caller.
template<typename Element, i32 Chunks, typename Keys, typename PageValues>
DEVICE void attend_page(QueryRows<Element, Chunks>& rows, i32 page, i32 last, i32 size, float cap, Keys keys, PageValues values)
{
    i32 lane = lane_index();
    i32 g = lane / 4;
    i32 t = lane % 4;
    if constexpr (QueryRows<Element, Chunks>::AreShared)
    {
        // Where things lie in a page is computed for each: known for all pages it would take what registers there are.
        asm volatile("" : "+r"(g), "+r"(t), "+r"(size));
    }

    f32x2 scores[4];
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        i32 token = (8 * (g / 2)) + (2 * i) + (g % 2);
        f32x4 products = 0;
        UNROLL for (i32 chunk = 0; chunk < Chunks; chunk++)
        {
            // Behind the last dimension queries are 0: what is there instead does not matter.
            i32 eight = t + (4 * chunk);
            u32x4 b = keys(size, token, eight * 8 < size ? eight : t);
            Element::multiply(products, rows.query(2 * chunk), b.x, b.y);
            Element::multiply(products, rows.query((2 * chunk) + 1), b.z, b.w);
        }

        scores[i] = (f32x2){products.x + products.z, products.y + products.w} * rows.row_factor;
    }

    if (cap > 0)
    {
        UNROLL for (i32 i = 0; i < 8; i++)
        {
            scores[i / 2][i % 2] = capped(scores[i / 2][i % 2], cap);
        }
    }

    float top = rows.largest;
    UNROLL for (i32 i = 0; i < 8; i++)
    {
        i32 at = (page * PageTokens) + (8 * t) + i;
        float score = at <= rows.position && at > rows.seen ? scores[i / 2][i % 2] : NegativeInfinity;
        scores[i / 2][i % 2] = score;
        top = greatest(top, score);
    }

    top = greatest(top, exchange(top, 1));
    top = greatest(top, exchange(top, 2));
    float kept = weight_of(rows.largest, top);
    rows.largest = top;
    rows.total *= kept;
    UNROLL for (i32 i = 0; i < Chunks * 4; i++)
    {
        rows.sums[i] *= kept;
    }

    u32x4 weights[2];
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        float low = weight_of(scores[i].x, top);
        float high = weight_of(scores[i].y, top);
        rows.total += low + high;
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

    UNROLL for (i32 i = 0; i < Chunks * 4; i++)
    {
        u32x4 b = values((i * 8 < size ? i * 8 : 0) + g, t) & masks;
        Element::multiply(rows.sums[i], weights[0], b.x, b.y);
        Element::multiply(rows.sums[i], weights[1], b.z, b.w);
    }
}
