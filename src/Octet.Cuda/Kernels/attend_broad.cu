// attend_broad: attention with keys of up to 576 dimensions and values of up to 512, of which no warp has room for the sums: heads of 512, and latents that all query
// heads have in common (MLA), whose values are the beginnings of the keys.
//
// Four warps have 16 query rows (tokens by heads), a block one or two such fours. Of keys each of the four multiplies a quarter of the dimensions, with its part of
// the queries in registers, and of values it has a quarter; in between they add up their scores through shared memory, all in the same order, so that each has the
// weights. A page is copied once for all rows of a block: that is what latents are for. Of latents the next page is on its way meanwhile, otherwise the keys of the
// next one while values are multiplied, and values while keys are.
//
// Rows of a page lie 16 bytes further apart than they are long, so that matrices of eight are read without bank conflicts. Values out of keys are read transposed; of
// 8 bits two dimensions at once, which are parted afterwards.
//
// Grid (tiles * blocks of query rows, heads, splits); merge joins those.
#include "attend.cuh"

constexpr i32 TileRows = 16;
constexpr i32 TileWarps = 4;
constexpr i32 MostTiles = 2;
constexpr i32 ValueDims = 512;
constexpr i32 WarpValues = ValueDims / TileWarps;
constexpr i32 ScoreTiles = PageTokens / 8;

// Of 16 or 8 bytes the first so many; the others are zero.
template<typename Element>
DEVICE void copy_eight(u32 to, const u8* from, i32 bytes)
{
    if constexpr (Element::Bytes == 2)
    {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(to), "l"(from), "r"(bytes) : "memory");
    }
    else
    {
        asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" : : "r"(to), "l"(from), "r"(bytes) : "memory");
    }
}

// As load_matrices, of each lane column g of rows 2t and 2t + 1.
DEVICE u32x4 load_transposed(u32 row)
{
    u32x4 words;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w) : "r"(row));
    return words;
}

DEVICE void store_shared(u32 at, f32x4 value) { asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" : : "r"(at), "f"(value.x), "f"(value.y), "f"(value.z), "f"(value.w) : "memory"); }
DEVICE void store_zeros(u32 at) { asm volatile("st.shared.v2.u32 [%0], {%1, %1};" : : "r"(at), "r"(0) : "memory"); }

DEVICE f32x4 load_floats(u32 at)
{
    f32x4 value;
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w) : "r"(at));
    return value;
}

// Steps: of 16 dimensions of a key, that a warp multiplies. Latents: whether values are the beginnings of keys.
template<typename Element, i32 Steps, bool Latents>
struct Broad
{
    static constexpr i32 KeyDims = Steps * 16 * TileWarps;
    static constexpr i32 EightBytes = 8 * Element::Bytes;
    static constexpr i32 KeyStride = (KeyDims * Element::Bytes) + 16;
    static constexpr i32 KeyBytes = PageTokens * KeyStride;
    static constexpr i32 ValueStride = (PageTokens * Element::Bytes) + 16;
    static constexpr i32 ValueBytes = ValueDims * ValueStride;

    // Of latents both stages are keys.
    static constexpr i32 StageBytes = Latents ? 2 * KeyBytes : KeyBytes + ValueBytes;

    // Whether what a lane has of eight codes is tokens 4t to 4t + 3 of sixteen.
    static constexpr bool TakesFours = Element::Bytes == 1 && !Latents;

    // The token that row n of scores' tile j is.
    static __attribute__((device)) __attribute__((always_inline)) i32 token(i32 j, i32 n)
    {
        return TakesFours ? (j / 2 * 16) + (n / 2 * 4) + (j % 2 * 2) + (n % 2) : (j * 8) + n;
    }
};

template<typename Shape, typename Element>
DEVICE void copy_keys(u32 to, const u8* keys, i32 size, i32 written)
{
    i32 row_chunks = size / 8;
    for (i32 token = warp_index(); token < PageTokens; token += block_warps())
    {
        for (i32 eight = lane_index(); eight < row_chunks; eight += WarpLanes)
        {
            copy_eight<Element>(to + (token * Shape::KeyStride) + (eight * Shape::EightBytes), keys + (((token * row_chunks) + eight) * Shape::EightBytes),
                token < written ? Shape::EightBytes : 0);
        }
    }
}

template<typename Shape, typename Element>
DEVICE void copy_values(u32 to, const u8* from, i32 values, i32 written)
{
    i32 eight = lane_index() % 4;
    i32 bytes = Element::Bytes * most(0, least(8, written - (eight * 8)));
    for (i32 dimension = (warp_index() * 8) + (lane_index() / 4); dimension < values; dimension += block_warps() * 8)
    {
        copy_eight<Element>(to + (dimension * Shape::ValueStride) + (eight * Shape::EightBytes), from + (((dimension * 4) + eight) * Shape::EightBytes), bytes);
    }
}

// A warp's rows g and g + 8 of its tile.
template<i32 Steps>
struct BroadRows
{
    u32x4 queries[2][Steps];
    f32x4 sums[WarpValues / 8];
    float row_factor[2];
    float largest[2];
    float total[2];
    i32 position[2];
    i32 seen[2];
};

// Both halves of two pairs of each row, as operands of 16 columns.
template<typename Element>
DEVICE void halve(const f32x2 (&pairs)[4], u32x4& first, u32x4& second)
{
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        first[i] = Element::pack(pairs[i].x, pairs[i].y);
        second[i] = Element::pack(pairs[i].x - Element::low(first[i]), pairs[i].y - Element::high(first[i]));
    }
}

// The warp's part of the queries; those that there are not are zeros. The factor is that of scores, powers of 2.
template<typename Element, i32 Steps>
DEVICE void load_queries(BroadRows<Steps>& rows, const float* const (&query)[2], const bool (&is_valid)[2], i32 first, i32 size, float factor)
{
    i32 t = lane_index() % 4;
    f32x2 pairs[Steps][4];
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        UNROLL for (i32 j = 0; j < 4; j++)
        {
            // As keys are read: of 16 bits two dimensions of either eight, of 8 bits four that lie together.
            i32 dimension = first + (i * 16) + (Element::Bytes == 2 ? (j / 2 * 8) + (t * 2) : (t * 4) + (j / 2 * 2));
            pairs[i][j] = is_valid[j % 2] && dimension < size ? *(const f32x2*)(query[j % 2] + dimension) * factor : (f32x2)0;
        }
    }

    UNROLL for (i32 h = 0; h < 2; h++)
    {
        rows.row_factor[h] = 1;
        if constexpr (Element::IsScaled)
        {
            u32 largest = 0;
            UNROLL for (i32 i = 0; i < Steps; i++)
            {
                UNROLL for (i32 j = h; j < 4; j += 2)
                {
                    largest = most(largest, most(bits_of(pairs[i][j].x) & 0x7fffffff, bits_of(pairs[i][j].y) & 0x7fffffff));
                }
            }

            largest = most(largest, exchange(largest, 1));
            largest = most(largest, exchange(largest, 2));
            u32 kept = most(largest >> 23, 27u);
            rows.row_factor[h] = float_of((kept - 13) << 23);
            UNROLL for (i32 i = 0; i < Steps; i++)
            {
                pairs[i][h] *= float_of((254 + 13 - kept) << 23);
                pairs[i][h + 2] *= float_of((254 + 13 - kept) << 23);
            }
        }
    }

    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        halve<Element>(pairs[i], rows.queries[0][i], rows.queries[1][i]);
    }
}

// What the warp's dimensions from `first` on add to the scores of a page.
template<typename Shape, typename Element, i32 Steps>
DEVICE void score(const BroadRows<Steps>& rows, u32 keys, i32 first, f32x4 (&scores)[ScoreTiles])
{
    i32 lane = lane_index();
    UNROLL for (i32 j = 0; j < ScoreTiles; j++)
    {
        scores[j] = 0;
    }

    if constexpr (Element::Bytes == 2)
    {
        u32 row = keys + (((lane / 16 * 8) + (lane % 8)) * Shape::KeyStride) + ((first + (lane / 8 % 2 * 8)) * Element::Bytes);
        UNROLL for (i32 i = 0; i < Steps; i++)
        {
            UNROLL for (i32 j = 0; j < ScoreTiles; j += 2)
            {
                u32x4 b = load_matrices(row + (j * 8 * Shape::KeyStride) + (i * 16 * Element::Bytes));
                UNROLL for (i32 half = 0; half < 2; half++)
                {
                    Element::multiply(scores[j], rows.queries[half][i], b.x, b.y);
                    Element::multiply(scores[j + 1], rows.queries[half][i], b.z, b.w);
                }
            }
        }
    }
    else
    {
        u32 row = keys + (Shape::token(lane / 8, lane % 8) * Shape::KeyStride) + first;
        UNROLL for (i32 i = 0; i < Steps; i++)
        {
            u32x4 codes = load_matrices(row + (i * 16));
            UNROLL for (i32 j = 0; j < ScoreTiles; j++)
            {
                u32x4 b = Element::widen((u32x2){codes[j], 0});
                Element::multiply(scores[j], rows.queries[0][i], b.x, b.y);
                Element::multiply(scores[j], rows.queries[1][i], b.x, b.y);
            }
        }
    }

    UNROLL for (i32 j = 0; j < ScoreTiles; j++)
    {
        scores[j] *= (f32x4){rows.row_factor[0], rows.row_factor[0], rows.row_factor[1], rows.row_factor[1]};
    }
}

// Scores of the page whose tokens begin with `at` become weights; sums so far become worth what they are beside them.
template<typename Shape, i32 Steps>
DEVICE void weigh(BroadRows<Steps>& rows, i32 at, float cap, f32x4 (&scores)[ScoreTiles])
{
    i32 t = lane_index() % 4;
    float kept[2];
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        float top = rows.largest[h];
        UNROLL for (i32 i = 0; i < ScoreTiles * 2; i++)
        {
            float score = scores[i / 2][(h * 2) + (i % 2)];
            score = cap > 0 ? capped(score, cap) : score;
            i32 token = at + Shape::token(i / 2, (2 * t) + (i % 2));
            score = token <= rows.position[h] && token > rows.seen[h] ? score : NegativeInfinity;
            scores[i / 2][(h * 2) + (i % 2)] = score;
            top = greatest(top, score);
        }

        top = greatest(top, exchange(top, 1));
        top = greatest(top, exchange(top, 2));
        kept[h] = weight_of(rows.largest[h], top);
        rows.largest[h] = top;
        rows.total[h] *= kept[h];
        UNROLL for (i32 i = 0; i < ScoreTiles * 2; i++)
        {
            float weight = weight_of(scores[i / 2][(h * 2) + (i % 2)], top);
            scores[i / 2][(h * 2) + (i % 2)] = weight;
            rows.total[h] += weight;
        }
    }

    UNROLL for (i32 i = 0; i < WarpValues / 8; i++)
    {
        rows.sums[i] *= (f32x4){kept[0], kept[0], kept[1], kept[1]};
    }
}

template<typename Element>
DEVICE void add_products(f32x4& sums, const u32x4 (&weights)[2][2], i32 half, u32 b0, u32 b1)
{
    Element::multiply(sums, weights[0][half], b0, b1);
    Element::multiply(sums, weights[1][half], b0, b1);
}

// The warp's values of a page, times their weights.
template<typename Shape, typename Element, bool Latents, i32 Steps>
DEVICE void add_values(BroadRows<Steps>& rows, u32 values, i32 first, const f32x4 (&scores)[ScoreTiles])
{
    i32 lane = lane_index();
    u32x4 weights[2][2];
    UNROLL for (i32 i = 0; i < 2; i++)
    {
        f32x4 low = scores[2 * i];
        f32x4 high = scores[(2 * i) + 1];
        halve<Element>({(f32x2){low.x, low.y}, (f32x2){low.z, low.w}, (f32x2){high.x, high.y}, (f32x2){high.z, high.w}}, weights[0][i], weights[1][i]);
    }

    if constexpr (Latents)
    {
        // Rows are tokens.
        u32 row = values + (lane * Shape::KeyStride) + (first * Element::Bytes);
        if constexpr (Element::Bytes == 2)
        {
            UNROLL for (i32 i = 0; i < WarpValues / 8; i++)
            {
                u32x4 b = load_transposed(row + (i * 16));
                add_products<Element>(rows.sums[i], weights, 0, b.x, b.y);
                add_products<Element>(rows.sums[i], weights, 1, b.z, b.w);
            }
        }
        else
        {
            // Of a lane dimensions 2g and 2g + 1 of sixteen: they become those of two products.
            UNROLL for (i32 i = 0; i < WarpValues / 8; i += 2)
            {
                u32x4 codes = load_transposed(row + (i * 8));
                u32x4 b[4];
                UNROLL for (i32 j = 0; j < 4; j++)
                {
                    b[j] = Element::widen((u32x2){permute_bytes(codes[j], 0, 0x3120), 0});
                }

                UNROLL for (i32 half = 0; half < 2; half++)
                {
                    add_products<Element>(rows.sums[i], weights, half, b[2 * half].x, b[(2 * half) + 1].x);
                    add_products<Element>(rows.sums[i + 1], weights, half, b[2 * half].y, b[(2 * half) + 1].y);
                }
            }
        }
    }
    else if constexpr (Element::Bytes == 2)
    {
        u32 row = values + ((first + (lane % 8)) * Shape::ValueStride) + (lane / 8 * 16);
        UNROLL for (i32 i = 0; i < WarpValues / 8; i++)
        {
            u32x4 b = load_matrices(row + (i * 8 * Shape::ValueStride));
            add_products<Element>(rows.sums[i], weights, 0, b.x, b.y);
            add_products<Element>(rows.sums[i], weights, 1, b.z, b.w);
        }
    }
    else
    {
        u32 row = values + ((first + (lane / 16 * 8) + (lane % 8)) * Shape::ValueStride) + (lane / 8 % 2 * 16);
        UNROLL for (i32 i = 0; i < WarpValues / 8; i += 2)
        {
            u32x4 codes = load_matrices(row + (i * 8 * Shape::ValueStride));
            UNROLL for (i32 j = 0; j < 4; j++)
            {
                u32x4 b = Element::widen((u32x2){codes[j], 0});
                add_products<Element>(rows.sums[i + (j / 2)], weights, j % 2, b.x, b.y);
            }
        }
    }
}

template<typename Element, i32 Steps, bool Latents>
DEVICE void attend_broad(const Attention& attention, const Pages& pages, i32 values, i32 tokens)
{
    using Shape = Broad<Element, Steps, Latents>;
    extern SHARED __attribute__((aligned(128))) u8 memory[];
    admit_launches();
    await_launches();
    i32 group = attention.group;
    i32 size = pages.dimensions;
    i32 block_rows = block_warps() / TileWarps * TileRows;
    i32 row_blocks = ((tokens * group) + block_rows - 1) / block_rows;
    i32 tile = block_x() / row_blocks;
    i32 head = block_y();
    i32 first_row = attention.tiles[2 * tile];
    i32 queries = attention.tiles[(2 * tile) + 1] * group;
    i32 first_query = block_x() % row_blocks * block_rows;
    if (first_query >= queries)
    {
        return;
    }

    i32 part = warp_index() % TileWarps;
    BroadRows<Steps> rows;
    i32 row[2];
    i32 query_head[2];
    bool is_valid[2];
    const float* query[2];
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        i32 index = first_query + (warp_index() / TileWarps * TileRows) + (h * 8) + (lane_index() / 4);
        is_valid[h] = index < queries;
        index = least(index, queries - 1);
        row[h] = first_row + (index / group);
        query_head[h] = (head * group) + (index % group);
        query[h] = attention.query + ((u64)row[h] * attention.query_stride) + (query_head[h] * size);
        rows.position[h] = pages.positions[row[h]];
        rows.seen[h] = first_seen(rows.position[h], attention.window) - 1;
        rows.largest[h] = NegativeInfinity;
        rows.total[h] = 0;
    }

    load_queries<Element>(rows, query, is_valid, part * Steps * 16, size, attention.scale * Log2E * key_scale(pages, head) * Element::Factor);
    UNROLL for (i32 i = 0; i < WarpValues / 8; i++)
    {
        rows.sums[i] = 0;
    }

    // What no copy writes, of keys behind their last dimension and of values that there are not.
    u32 base = shared_address(memory);
    u32 parts = base + Shape::StageBytes;
    i32 rest = (Shape::KeyDims - size) / 8 * Element::Bytes;
    for (i32 at = warp_index(); at < (Latents ? 2 : 1) * PageTokens; at += block_warps())
    {
        for (i32 i = lane_index(); i < rest; i += WarpLanes)
        {
            store_zeros(base + (at * Shape::KeyStride) + (size * Element::Bytes) + (i * 8));
        }
    }

    if constexpr (!Latents)
    {
        for (i32 i = (values * Shape::ValueStride / 8) + thread_index(); i < Shape::ValueBytes / 8; i += block_threads())
        {
            store_zeros(base + Shape::KeyBytes + (i * 8));
        }
    }

    i32 last = pages.positions[first_row + ((least(first_query + block_rows, queries) - 1) / group)];
    i32 first_page, end_page;
    split_pages(pages.positions[first_row + (first_query / group)], last, attention.window, block_z(), blocks_z(), 1, first_page, end_page);
    i32 table = pages.tables[first_row];
    auto page_keys = [=](i32 page) { return Latents ? latent_keys<Element>(pages, table, page) : head_keys<Element>(pages, table, page, head); };
    auto copy_page = [=](u32 to, i32 page) { copy_keys<Shape, Element>(to, page_keys(page), size, last + 1 - (page * PageTokens)); };
    if (first_page < end_page)
    {
        copy_page(base, first_page);
    }

    end_copies();
    u32 stage = 0;
    KEEP_LOOP for (i32 page = first_page; page < end_page; page++)
    {
        // All have done with what comes next, and see what has come.
        await_copies<0>();
        sync_block();
        if constexpr (Latents)
        {
            if (page + 1 < end_page)
            {
                copy_page(base + (Shape::KeyBytes - stage), page + 1);
            }
        }
        else
        {
            copy_values<Shape, Element>(base + Shape::KeyBytes, head_values<Element>(pages, page_keys(page)), values, last + 1 - (page * PageTokens));
        }

        end_copies();
        f32x4 scores[ScoreTiles];
        score<Shape, Element>(rows, base + stage, part * Steps * 16, scores);
        u32 place = parts + (warp_index() / TileWarps * TileWarps * ScoreTiles * WarpLanes * 16) + (lane_index() * 16);
        UNROLL for (i32 j = 0; j < ScoreTiles; j++)
        {
            store_shared(place + (((part * ScoreTiles) + j) * WarpLanes * 16), scores[j]);
        }

        sync_block();
        if constexpr (!Latents)
        {
            if (page + 1 < end_page)
            {
                copy_page(base, page + 1);
            }

            end_copies();
        }

        UNROLL for (i32 j = 0; j < ScoreTiles; j++)
        {
            scores[j] = load_floats(place + (j * WarpLanes * 16));
            UNROLL for (i32 other = 1; other < TileWarps; other++)
            {
                scores[j] += load_floats(place + (((other * ScoreTiles) + j) * WarpLanes * 16));
            }
        }

        weigh<Shape>(rows, page * PageTokens, attention.cap, scores);
        if constexpr (!Latents)
        {
            await_copies<1>();
            sync_block();
        }

        if (part * WarpValues < values)
        {
            add_values<Shape, Element, Latents>(rows, Latents ? base + stage : base + Shape::KeyBytes, part * WarpValues, scores);
        }

        stage = Latents ? Shape::KeyBytes - stage : 0;
    }

    // Eight lanes' pairs of dimensions; of 8 bits out of keys two products have every second one.
    constexpr bool IsParted = Latents && Element::Bytes == 1;
    i32 dimension = (part * WarpValues) + (lane_index() % 4 * (IsParted ? 4 : 2));
    float value_factor = value_scale(pages, head) * Element::Factor;
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        float total = rows.total[h];
        total += exchange(total, 1);
        total += exchange(total, 2);
        if (!is_valid[h])
        {
            continue;
        }

        float* output = attention.output + ((u64)row[h] * attention.output_stride) + (query_head[h] * values);
        float share = value_factor;
        if (attention.parts)
        {
            output = attention.parts + ((((u64)row[h] * (pages.heads * group)) + query_head[h]) * blocks_z() + block_z()) * (values + 2);
            if (part == 0 && lane_index() % 4 == 0)
            {
                output[0] = rows.largest[h];
                output[1] = total;
            }

            output += 2;
        }
        else
        {
            share = finished(attention, query_head[h], value_factor, rows.largest[h], total);
        }

        UNROLL for (i32 i = 0; i < WarpValues / 8; i++)
        {
            f32x4 sums = rows.sums[i];
            f32x2 pair = {sums[2 * h], sums[(2 * h) + 1]};
            i32 at = dimension + (i * 8);
            if constexpr (IsParted)
            {
                f32x4 other = rows.sums[i ^ 1];
                pair = i % 2 == 0 ? (f32x2){sums[2 * h], other[2 * h]} : (f32x2){other[(2 * h) + 1], sums[(2 * h) + 1]};
                at = dimension + (i / 2 * 16) + (i % 2 * 2);
            }

            if (at < values)
            {
                *(f32x2*)(output + at) = pair * share;
            }
        }
    }
}

#define ATTEND(name, element) \
    GLOBAL RESIDENT_BOUNDS(MostTiles * TileWarps * 32, 1) void attend_broad_##name(Attention attention, Pages pages, i32 values, i32 tokens) { attend_broad<element, 8, false>(attention, pages, values, tokens); } \
    GLOBAL RESIDENT_BOUNDS(MostTiles * TileWarps * 32, 1) void attend_latent_##name(Attention attention, Pages pages, i32 values, i32 tokens) { attend_broad<element, 9, true>(attention, pages, values, tokens); }

ATTEND(bf16, CachedBFloat)
ATTEND(e4m3, CachedE4M3)
ATTEND(e5m2, CachedE5M2)
