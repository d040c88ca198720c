// attend_f32: the same as attend over a float32 cache, without products of matrices: what models are measured with.
#include "attend.cuh"

constexpr i32 Warps = 4;
constexpr i32 MaxDimensions = 256;

// A warp takes a page: first its lanes are tokens, then dimensions. Grid (rows, query heads).
GLOBAL BOUNDS(Warps * 32) void attend_f32(Attention attention, Pages pages)
{
    SHARED float query[MaxDimensions];
    SHARED float heads[Warps * 2];
    SHARED float values[Warps * MaxDimensions];
    admit_launches();
    await_launches();
    i32 lane = lane_index();
    i32 row = block_x();
    i32 query_head = block_y();
    i32 size = pages.dimensions;
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        query[i] = attention.query[((u64)row * attention.query_stride) + (query_head * size) + i] * (attention.scale * Log2E);
    }

    sync_block();
    i32 table = pages.tables[row];
    i32 position = pages.positions[row];
    i32 seen = attention.window > 0 ? position - attention.window : -1;
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
        u8* keys = head_keys<CachedFloat>(pages, table, page, query_head / attention.group);
        const float* page_values = (const float*)head_values<CachedFloat>(pages, keys);
        i32 at = (page * PageTokens) + lane;
        float score = NegativeInfinity;
        if (at <= position && at > seen)
        {
            const float* key = (const float*)keys + (lane * size);
            score = 0;
            for (i32 i = 0; i < size; i++)
            {
                score += query[i] * load_global(key + i);
            }
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
                    sums[i] += share * load_global(page_values + (dimension * PageTokens) + token);
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
