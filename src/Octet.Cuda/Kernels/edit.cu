// What a generation's rules do to the logits of single tokens, in a copy of their row. Masks are not here: who reads a row reads them beside it.
#include "sample.cuh"

struct Occurrences
{
    i32 id;
    i32 count;
};

// No list but the last names an id twice, and no id is as large as the row has columns.
struct RowEdits
{
    const float* logits;
    float* edited;
    const Candidate* biases;   // is added
    const Occurrences* seen;   // tokens of the text, and how often they are in the output
    const i32* ends;           // of the text: share of their magnitude is added
    const i32* banned;         // becomes -infinity
    double share;
    i32 bias_count;
    i32 seen_count;
    i32 end_count;
    i32 banned_count;
    i32 columns;
    float repetition;
    float presence;
    float frequency;
};

constexpr float Largest = 3.402823466e38f;

DEVICE float within(float value) { return value > Largest ? Largest : value < -Largest ? -Largest : value; }

// The CPU's operations, one by one: none is fused with another.
DEVICE float penalised(const RowEdits& edits, float logit, i32 count)
{
#pragma clang fp contract(off)
    float score = within(logit > 0 ? logit / edits.repetition : logit * edits.repetition);
    float often = edits.frequency * count;
    float less = score - edits.presence;
    return count > 0 ? less - often : score;
}

DEVICE float favoured(float logit, double share)
{
#pragma clang fp contract(off)
    double magnitude = __builtin_fabs((double)logit);
    double more = magnitude * share;
    double sum = (double)logit + more;
    return (float)(sum > (double)Largest ? (double)Largest : sum < -(double)Largest ? -(double)Largest : sum);
}

// The first kind of edit to its last, one after another, as the CPU has them. NaN and +infinity stay: they are to be seen. Grid (rows).
GLOBAL BOUNDS(512) void edit_logits(const RowEdits* all)
{
    admit_launches();
    await_launches();
    const RowEdits edits = all[block_x()];
    for (i32 column = thread_index() * LaneIds; column < edits.columns; column += block_threads() * LaneIds)
    {
        *(f32x4*)(edits.edited + column) = *(const f32x4*)(edits.logits + column);
    }

    sync_block();
    for (i32 i = thread_index(); i < edits.bias_count; i += block_threads())
    {
        edits.edited[edits.biases[i].id] += edits.biases[i].logit;
    }

    sync_block();
    for (i32 i = thread_index(); i < edits.seen_count; i += block_threads())
    {
        float* at = edits.edited + edits.seen[i].id;
        *at = is_finite(*at) ? penalised(edits, *at, edits.seen[i].count) : *at;
    }

    sync_block();
    for (i32 i = thread_index(); i < edits.end_count; i += block_threads())
    {
        float* at = edits.edited + edits.ends[i];
        *at = is_finite(*at) ? favoured(*at, edits.share) : *at;
    }

    sync_block();
    for (i32 i = thread_index(); i < edits.banned_count; i += block_threads())
    {
        float* at = edits.edited + edits.banned[i];
        *at = key_of(*at) < InfiniteKey ? NegativeInfinity : *at;
    }
}
