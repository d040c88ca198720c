// What attention kernels share: which rows and pages a block has, and how its parts of a softmax are joined.
#pragma once
#include "cache.cuh"

struct Attention
{
    const float* query;
    float* output;
    float* parts;       // [row][query head][split]: largest score, sum, and the sums of values; null where there is one split
    const i32* tiles;   // first row and number of rows of each, of one sequence
    const float* sinks; // of each query head; null: none
    i32 query_stride;
    i32 output_stride;
    i32 group;          // query heads of a key/value head
    i32 window;         // 0: all; below 0: what is in the same chunk of so many tokens
    float scale;
    float cap;          // scores s become cap * tanh(s / cap); 0: they stay
};

// The first position that a token sees.
DEVICE i32 first_seen(i32 position, i32 window)
{
    return window > 0 ? most(0, position - window + 1) : window < 0 ? position / -window * -window : 0;
}

// A score, a power of 2, under a soft cap: c tanh(s / c) = c - 2c / (1 + e^(2s / c)).
DEVICE float capped(float score, float cap) { return (cap * Log2E) - (2 * cap * Log2E / (1 + exp2_fast(score * (2 / cap)))); }

// The pages [first, end) that a split has of those that rows from position `from` to `to` see; of each at least so many.
DEVICE void split_pages(i32 from, i32 to, i32 window, i32 split, i32 splits, i32 fewest, i32& first, i32& end)
{
    i32 seen = first_seen(from, window) / PageTokens;
    i32 stop = (to / PageTokens) + 1;
    i32 share = most(fewest, (stop - seen + splits - 1) / splits);
    first = seen + (split * share);
    end = least(stop, first + share);
}

// 2^(score - largest), 0 where nothing was seen at all.
DEVICE float weight_of(float score, float largest) { return exp2_fast(score - (largest == NegativeInfinity ? 0 : largest)); }

// Joins the parts of one row: part i has its largest score and sum at heads + i * step, and a sum of values at values + i * step.
DEVICE float joined(const float* heads, const float* values, i32 count, i32 head_step, i32 value_step, float& largest, float& sum)
{
    largest = NegativeInfinity;
    for (i32 i = 0; i < count; i++)
    {
        largest = greatest(largest, heads[i * head_step]);
    }

    sum = 0;
    float value = 0;
    for (i32 i = 0; i < count; i++)
    {
        float part = heads[i * head_step];
        if (part != NegativeInfinity)
        {
            float weight = weight_of(part, largest);
            sum += weight * heads[(i * head_step) + 1];
            value += weight * values[i * value_step];
        }
    }

    return value;
}

// The output of a row, with the sink's part of the sum. Scores are powers of 2.
DEVICE float finished(const Attention& attention, i32 head, float value, float largest, float sum)
{
    if (attention.sinks)
    {
        float sink = attention.sinks[head] * Log2E;
        float top = greatest(largest, sink);
        float weight = weight_of(largest, top);
        value *= weight;
        sum = (sum * weight) + exp2_fast(sink - top);
    }

    return value / sum;
}
