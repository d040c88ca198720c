// attend_f32: the same as attend over a float32 cache, without products of matrices: what models are measured with. Others are for wider heads, and for latents, of
// which values are the beginnings of keys.
#include "attend.cuh"

constexpr i32 Warps = 4;

// A warp takes a page: first its lanes are tokens, then dimensions. Grid (rows, query heads).
template<i32 MaxKeys, i32 MaxDimensions, bool Latents>
DEVICE void attend_plain(const Attention& attention, const Pages& pages, i32 size)
{
    SHARED float query[MaxKeys];
    SHARED float heads[Warps * 2];
    SHARED float values[Warps * MaxDimensions];
    admit_launches();
    await_launches();
    i32 lane = lane_index();
    i32 row = block_x();
    i32 query_head = block_y();
    i32 key_size = pages.dimensions;
    for (i32 i = thread_index(); i < key_size; i += block_threads())
    {
        query[i] = attention.query[((u64)row * attention.query_stride) + (query_head * key_size) + i] * (attention.scale * Log2E);
    }

    sync_block();
    i32 table = pages.tables[row];
    i32 position = pages.positions[row];
    i32 seen = first_seen(position, attention.window) - 1;
    i32 first_page, end_page;
    split_pages(position, position, attention.window, 0, 1, Warps, first_page, end_page);
    float largest = NegativeInfinity;
    float total = 0;
    float sums[MaxDimensions / WarpLanes];
    UNROLL for (i32 i = 0; i < MaxDimensions / WarpLanes; i++)
    {
        sums[i] = 0;
    }

    KEEP_LOOP for (i32 page = first_page + warp_index(); page < end_page; page += Warps)
    {
        u8* keys = Latents ? latent_keys<CachedFloat>(pages, table, page) : head_keys<CachedFloat>(pages, table, page, query_head / attention.group);
        const float* page_values = (const float*)(Latents ? keys : head_values<CachedFloat>(pages, keys));
        i32 at = (page * PageTokens) + lane;
        float score = NegativeInfinity;
        if (at <= position && at > seen)
        {
            const float* key = (const float*)keys + (lane * key_size);
            score = 0;
            for (i32 i = 0; i < key_size; i++)
            {
                score += query[i] * load_global(key + i);
            }

            score = attention.cap > 0 ? capped(score, attention.cap) : score;
        }

        float top = greatest(largest, score);
        UNROLL for (i32 mask = WarpLanes / 2; mask > 0; mask /= 2)
        {
            top = greatest(top, exchange(top, mask));
        }

        float kept = weight_of(largest, top);
        float weight = weight_of(score, top);
        largest = top;
        total = (total * kept) + warp_sum(weight);
        i32 tokens = least(PageTokens, position + 1 - (page * PageTokens));
        UNROLL for (i32 i = 0; i < MaxDimensions / WarpLanes; i++)
        {
            sums[i] *= kept;
        }

        for (i32 token = 0; token < tokens; token++)
        {
            float share = from_lane(weight, token);
            UNROLL for (i32 i = 0; i < MaxDimensions / WarpLanes; i++)
            {
                i32 dimension = lane + (i * WarpLanes);
                if (dimension < size && (page * PageTokens) + token > seen)
                {
                    sums[i] += share * load_global(page_values + (Latents ? (token * key_size) + dimension : (dimension * PageTokens) + token));
                }
            }
        }
    }

    if (lane == 0)
    {
        heads[warp_index() * 2] = largest;
        heads[(warp_index() * 2) + 1] = total;
    }

    UNROLL for (i32 i = 0; i < MaxDimensions / WarpLanes; i++)
    {
        values[(warp_index() * MaxDimensions) + lane + (i * WarpLanes)] = sums[i];
    }

    sync_block();
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        float sum;
        float value = joined(heads, values + i, Warps, 2, MaxDimensions, largest, sum);
        attention.output[((u64)row * attention.output_stride) + (query_head * size) + i] = finished(attention, query_head, value, largest, sum);
    }
}

GLOBAL BOUNDS(Warps * 32) void attend_f32(Attention attention, Pages pages) { attend_plain<256, 256, false>(attention, pages, pages.dimensions); }
GLOBAL BOUNDS(Warps * 32) void attend_broad_f32(Attention attention, Pages pages) { attend_plain<512, 512, false>(attention, pages, pages.dimensions); }
GLOBAL BOUNDS(Warps * 32) void attend_latent_f32(Attention attention, Pages pages, i32 values) { attend_plain<576, 512, true>(attention, pages, values); }
