// What is around attention over latents (MLA): a latent is normed, its rotating part turns, and both go to the cache; queries become such that meet latents
// ("absorb": times the part of the weight that would make keys of them); means of latents become values. Products are sums in float32 out of the weight's own bits:
// what they read, not what they multiply, is what a few tokens take.
#include "cache.cuh"
#include "widened.cuh"

// The weight between latents and heads: of each head `plain` rows for its key, `value` rows for its value.
struct LatentWeight
{
    const u8* data;
    const float* scales; // null: none
    u64 row_bytes;
    i32 block_rows;
    i32 scale_stride;
    i32 scale_shift;
    i32 rank;
    i32 plain;
    i32 turning;
    i32 value;
};

// A row's columns from `column` on, with their scale: one for each 2^shift groups.
template<typename Element>
DEVICE f32x4 load_weights(const LatentWeight& weight, i32 row, i32 column)
{
    f32x4 x = Element::load(weight.data + ((u64)row * weight.row_bytes) + (column * Element::Bytes));
    return weight.scales ? x * load_global(weight.scales + ((u64)(row / weight.block_rows) * weight.scale_stride) + ((column / Group) >> weight.scale_shift)) : x;
}

struct Latents
{
    const float* latent;
    const float* norm;
    const float* angles; // as of rotate_and_store
    i32 stride;
    i32 rank;
    i32 angle_stride;
    i32 pairs;
    i32 neighbours;
    float epsilon;
};

// A warp has a row. Grid (rows / warps).
template<typename Element>
DEVICE void store_latent(const Latents& latents, const Pages& pages, i32 rows)
{
    admit_launches();
    await_launches();
    i32 row = (block_x() * block_warps()) + warp_index();
    if (row >= rows)
    {
        return;
    }

    i32 lane = lane_index();
    i32 position = pages.positions[row];
    u8* keys = latent_keys<Element>(pages, pages.tables[row], position / PageTokens) + (position % PageTokens * pages.dimensions * Element::Bytes);
    float scale = key_scale(pages, 0);
    const float* source = latents.latent + ((u64)row * latents.stride);
    float sum = 0;
    for (i32 i = lane; i < latents.rank; i += WarpLanes)
    {
        sum += source[i] * source[i];
    }

    float length = 1 / __builtin_sqrtf((warp_sum(sum) / latents.rank) + latents.epsilon);
    for (i32 i = lane; i < latents.rank; i += WarpLanes)
    {
        Element::store(keys + (i * Element::Bytes), source[i] * length * latents.norm[i], scale);
    }

    source += latents.rank;
    keys += latents.rank * Element::Bytes;
    const float* angles = latents.angles + ((u64)row * latents.angle_stride);
    for (i32 i = lane; i < latents.pairs; i += WarpLanes)
    {
        i32 first = latents.neighbours ? 2 * i : i;
        i32 second = latents.neighbours ? (2 * i) + 1 : i + latents.pairs;
        float cosine = angles[i];
        float sine = angles[latents.pairs + i];
        Element::store(keys + (first * Element::Bytes), (source[first] * cosine) - (source[second] * sine), scale);
        Element::store(keys + (second * Element::Bytes), (source[second] * cosine) + (source[first] * sine), scale);
    }

    for (i32 i = (2 * latents.pairs) + lane; i < pages.dimensions - latents.rank; i += WarpLanes)
    {
        Element::store(keys + (i * Element::Bytes), source[i], scale);
    }
}

struct AbsorbedQueries
{
    const float* query;
    float* absorbed;
    const float* angles;
    i32 query_stride;
    i32 absorbed_stride;
    i32 angle_stride;
    i32 pairs;
    i32 neighbours;
    i32 count;
};

constexpr i32 Warps = 8;

// Rows of the weight that a warp has at a time.
constexpr i32 KeyRows = 4;

// A block has 128 columns of a head's latents, of some tokens; its warps share the rows of the weight, and add up in the end. The block of the first columns turns
// the rest of the queries besides. Grid (groups of columns, heads, tokens / Tokens).
template<typename Element, i32 Tokens>
DEVICE void absorb(const LatentWeight& weight, const AbsorbedQueries& queries)
{
    SHARED float parts[Warps * Tokens * Group];
    admit_launches();
    await_launches();
    i32 lane = lane_index();
    i32 head = block_y();
    i32 first = block_z() * Tokens;
    i32 column = (block_x() * Group) + (lane * 4);
    i32 head_row = head * (weight.plain + weight.value);
    i32 query_size = weight.plain + weight.turning;
    const float* query[Tokens];
    f32x4 sums[Tokens];
    UNROLL for (i32 i = 0; i < Tokens; i++)
    {
        query[i] = queries.query + ((u64)least(first + i, queries.count - 1) * queries.query_stride) + (head * query_size);
        sums[i] = 0;
    }

    KEEP_LOOP for (i32 row = warp_index() * KeyRows; row < weight.plain; row += Warps * KeyRows)
    {
        f32x4 keys[KeyRows];
        UNROLL for (i32 j = 0; j < KeyRows; j++)
        {
            keys[j] = row + j < weight.plain ? load_weights<Element>(weight, head_row + row + j, column) : (f32x4)0;
        }

        UNROLL for (i32 j = 0; j < KeyRows; j++)
        {
            i32 at = least(row + j, weight.plain - 1);
            UNROLL for (i32 i = 0; i < Tokens; i++)
            {
                sums[i] += keys[j] * query[i][at];
            }
        }
    }

    UNROLL for (i32 i = 0; i < Tokens; i++)
    {
        *(f32x4*)(parts + (((warp_index() * Tokens) + i) * Group) + (lane * 4)) = sums[i];
    }

    sync_block();
    i32 latent_size = weight.rank + weight.turning;
    for (i32 i = thread_index(); i < Tokens * Group; i += Warps * WarpLanes)
    {
        i32 token = first + (i / Group);
        i32 at = (block_x() * Group) + (i % Group);
        if (token < queries.count && at < weight.rank)
        {
            float sum = 0;
            UNROLL for (i32 warp = 0; warp < Warps; warp++)
            {
                sum += parts[(warp * Tokens * Group) + i];
            }

            float factor = queries.angles[((u64)token * queries.angle_stride) + (2 * queries.pairs)];
            queries.absorbed[((u64)token * queries.absorbed_stride) + (head * latent_size) + at] = sum * factor;
        }
    }

    if (block_x() > 0)
    {
        return;
    }

    for (i32 token = first + warp_index(); token < least(first + Tokens, queries.count); token += Warps)
    {
        const float* source = queries.query + ((u64)token * queries.query_stride) + (head * query_size) + weight.plain;
        float* turned = queries.absorbed + ((u64)token * queries.absorbed_stride) + (head * latent_size) + weight.rank;
        const float* angles = queries.angles + ((u64)token * queries.angle_stride);
        float factor = angles[2 * queries.pairs];
        for (i32 i = lane; i < queries.pairs; i += WarpLanes)
        {
            i32 a = queries.neighbours ? 2 * i : i;
            i32 b = queries.neighbours ? (2 * i) + 1 : i + queries.pairs;
            float cosine = angles[i] * factor;
            float sine = angles[queries.pairs + i] * factor;
            turned[a] = (source[a] * cosine) - (source[b] * sine);
            turned[b] = (source[b] * cosine) + (source[a] * sine);
        }

        for (i32 i = (2 * queries.pairs) + lane; i < weight.turning; i += WarpLanes)
        {
            turned[i] = source[i] * factor;
        }
    }
}

struct LatentMeans
{
    const float* mean;
    float* value;
    i32 mean_stride;
    i32 value_stride;
    i32 count;
};

// Rows of the weight that a warp has.
constexpr i32 ValueRows = 4;

// Grid (rows of a head's values / warps / ValueRows, heads, tokens / Tokens).
template<typename Element, i32 Tokens>
DEVICE void expand_values(const LatentWeight& weight, const LatentMeans& means)
{
    admit_launches();
    await_launches();
    i32 lane = lane_index();
    i32 head = block_y();
    i32 first = block_z() * Tokens;
    i32 row = ((block_x() * Warps) + warp_index()) * ValueRows;
    if (row >= weight.value)
    {
        return;
    }

    i32 head_row = (head * (weight.plain + weight.value)) + weight.plain;
    float sums[ValueRows][Tokens] = {};
    KEEP_LOOP for (i32 column = lane * 4; column < weight.rank; column += Group)
    {
        f32x4 values[ValueRows];
        UNROLL for (i32 j = 0; j < ValueRows; j++)
        {
            values[j] = load_weights<Element>(weight, head_row + least(row + j, weight.value - 1), column);
        }

        UNROLL for (i32 i = 0; i < Tokens; i++)
        {
            f32x4 x = *(const f32x4*)(means.mean + ((u64)least(first + i, means.count - 1) * means.mean_stride) + (head * weight.rank) + column);
            UNROLL for (i32 j = 0; j < ValueRows; j++)
            {
                sums[j][i] += (values[j].x * x.x) + (values[j].y * x.y) + (values[j].z * x.z) + (values[j].w * x.w);
            }
        }
    }

    UNROLL for (i32 i = 0; i < Tokens; i++)
    {
        UNROLL for (i32 j = 0; j < ValueRows; j++)
        {
            float sum = warp_sum(sums[j][i]);
            if (lane == 0 && first + i < means.count && row + j < weight.value)
            {
                means.value[((u64)(first + i) * means.value_stride) + (head * weight.value) + row + j] = sum;
            }
        }
    }
}

#define STORE(name, element) \
    GLOBAL BOUNDS(128) void store_latent_##name(Latents latents, Pages pages, i32 rows) { store_latent<element>(latents, pages, rows); }

STORE(f32, CachedFloat)
STORE(bf16, CachedBFloat)
STORE(e4m3, CachedE4M3)
STORE(e5m2, CachedE5M2)

#define LATENT(name, element, tokens) \
    GLOBAL BOUNDS(Warps * 32) void absorb_##name##_##tokens(LatentWeight weight, AbsorbedQueries queries) { absorb<element, tokens>(weight, queries); } \
    GLOBAL BOUNDS(Warps * 32) void expand_values_##name##_##tokens(LatentWeight weight, LatentMeans means) { expand_values<element, tokens>(weight, means); }

LATENT(e4m3, E4M3, 1)
LATENT(e4m3, E4M3, 8)
LATENT(e5m2, E5M2, 1)
LATENT(e5m2, E5M2, 8)
LATENT(f16, F16, 1)
LATENT(f16, F16, 8)
LATENT(bf16, BF16, 1)
LATENT(bf16, BF16, 8)
LATENT(f32, F32, 1)
LATENT(f32, F32, 8)
