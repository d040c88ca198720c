// rotate_and_store: the heads of queries and keys are normed where there is a norm, and turn; keys and values go to the cache. A warp has one head of
// one token. Grid (heads of queries, keys and values / warps, rows).
#include "cache.cuh"

struct Heads
{
    float* query;
    const float* key;
    const float* value;
    const float* query_norm; // null: none
    const float* key_norm;
    const float* angles;     // of each row a cosine for each pair, a sine for each, and what queries are multiplied with
    i32 query_stride;
    i32 key_stride;
    i32 value_stride;
    i32 query_heads;
    i32 angle_stride;
    i32 pairs;
    i32 neighbours; // whether a pair is 2i and 2i + 1, not i and i + pairs
    float epsilon;
};

template<typename Element>
DEVICE void put(bool is_query, float* query, u8* keys, i32 at, float x, float scale)
{
    if (is_query)
    {
        query[at] = x;
    }
    else
    {
        Element::store(keys + (at * Element::Bytes), x, scale);
    }
}

template<typename Element>
DEVICE void rotate_and_store(const Heads& heads, const Pages& pages)
{
    admit_launches();
    await_launches();
    i32 row = block_y();
    i32 job = (block_x() * block_warps()) + warp_index();
    i32 lane = lane_index();
    i32 size = pages.dimensions;
    if (job >= heads.query_heads + (2 * pages.heads))
    {
        return;
    }

    i32 position = pages.positions[row];
    i32 slot = position % PageTokens;
    i32 head = job - heads.query_heads;
    bool is_query = head < 0;
    bool is_value = head >= pages.heads;
    i32 cached = is_query ? 0 : is_value ? head - pages.heads : head;
    u8* keys = head_keys<Element>(pages, pages.tables[row], position / PageTokens, cached);
    if (is_value)
    {
        const float* value = heads.value + ((u64)row * heads.value_stride) + (cached * size);
        u8* values = head_values<Element>(pages, keys);
        float scale = value_scale(pages, cached);
        for (i32 i = lane; i < size; i += WarpLanes)
        {
            Element::store(values + (((i * PageTokens) + slot) * Element::Bytes), value[i], scale);
        }

        return;
    }

    float* query = heads.query + ((u64)row * heads.query_stride) + (job * size);
    const float* source = is_query ? query : heads.key + ((u64)row * heads.key_stride) + (cached * size);
    const float* norm = is_query ? heads.query_norm : heads.key_norm;
    keys += slot * size * Element::Bytes;
    float scale = is_query ? 1 : key_scale(pages, cached);
    float length = 1;
    if (norm)
    {
        float sum = 0;
        for (i32 i = lane; i < size; i += WarpLanes)
        {
            sum += source[i] * source[i];
        }

        length = 1 / __builtin_sqrtf((warp_sum(sum) / size) + heads.epsilon);
    }

    sync_warp();
    const float* angles = heads.angles + ((u64)row * heads.angle_stride);
    float factor = is_query ? angles[2 * heads.pairs] : 1;
    for (i32 i = lane; i < heads.pairs; i += WarpLanes)
    {
        i32 first = heads.neighbours ? 2 * i : i;
        i32 second = heads.neighbours ? (2 * i) + 1 : i + heads.pairs;
        float a = source[first] * length * (norm ? norm[first] : 1);
        float b = source[second] * length * (norm ? norm[second] : 1);
        float cosine = angles[i];
        float sine = angles[heads.pairs + i];
        put<Element>(is_query, query, keys, first, ((a * cosine) - (b * sine)) * factor, scale);
        put<Element>(is_query, query, keys, second, ((b * cosine) + (a * sine)) * factor, scale);
    }

    for (i32 i = (2 * heads.pairs) + lane; i < size; i += WarpLanes)
    {
        put<Element>(is_query, query, keys, i, source[i] * length * (norm ? norm[i] : 1) * factor, scale);
    }
}

#define ROTATE(name, element) \
    GLOBAL BOUNDS(128) void rotate_and_store_##name(Heads heads, Pages pages) { rotate_and_store<element>(heads, pages); }

ROTATE(f32, CachedFloat)
ROTATE(bf16, CachedBFloat)
ROTATE(e4m3, CachedE4M3)
ROTATE(e5m2, CachedE5M2)
