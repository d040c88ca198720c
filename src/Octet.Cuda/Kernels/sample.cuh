// Rows of logits as tokens are drawn from them. A logit is a key, an integer that rises with it, and a row is segments of 128 ids, of which a lane has
// four: what is first found of a row is the largest key and the weight of each segment.
#pragma once
#include "shim.cuh"

constexpr i32 Segment = 128;
constexpr i32 SegmentWords = Segment / 32;
constexpr i32 LaneIds = Segment / WarpLanes;

// The key of no id, of -infinity, and of +infinity, which NaN is above.
constexpr u32 NoKey = 0;
constexpr u32 NeverKey = 0x007fffff;
constexpr u32 InfiniteKey = 0xff800000;

// A token and its logit.
struct Candidate
{
    i32 id;
    float logit;
};

// A row and what is wanted of it. The rows, and masks, are padded to whole segments.
struct RowView
{
    const float* logits;
    const float* plain;   // the row as the output layer gave it; null: not wanted
    const u32* mask;      // a bit for each id that may be drawn; null: all
    const u32* allowed;   // the same, a second one
    const i32* ends;      // ids whose bits of the first mask count as set, or else as not set
    Candidate* result;
    double random;        // from 0, below 1: draws by the weights of all, in the order of ids; below 0: draws nothing
    float rate;           // 1 / temperature; 0: weights are not wanted
    i32 end_count;
    i32 may_end;
    i32 columns;          // ids of the row
    i32 best;             // how many of the best are wanted, at most as many as there are ids
    i32 first_segment;    // its place among the segments of all rows
};

DEVICE i32 segments_of(const RowView& view) { return (view.columns + Segment - 1) / Segment; }

// Both zeros have one key, as they are equal.
DEVICE u32 key_of(float logit)
{
    u32 bits = bits_of(logit + 0.0f);
    u32 key = (i32)bits < 0 ? ~bits : bits | 0x80000000;
    return logit != logit ? AllLanes : key;
}

DEVICE float logit_of(u32 key) { return float_of((i32)key < 0 ? key & 0x7fffffff : ~key); }

// 32 bits of the mask, those of the ends put right.
DEVICE u32 mask_word(const RowView& view, i32 word)
{
    u32 bits = load_global(view.mask + word);
    for (i32 i = 0; i < view.end_count; i++)
    {
        i32 end = load_global(view.ends + i);
        u32 bit = end / 32 == word ? 1u << (end % 32) : 0;
        bits = view.may_end ? bits | bit : bits & ~bit;
    }

    return bits;
}

// The keys of a lane's four ids. What a mask bans counts as -infinity, unless it is no finite number: that is to be seen.
DEVICE u32x4 segment_keys(const RowView& view, i32 segment)
{
    i32 first = (segment * Segment) + (lane_index() * LaneIds);
    i32 word = (segment * SegmentWords) + (lane_index() / (32 / LaneIds));
    f32x4 logits = *(const __attribute__((address_space(1))) f32x4*)(view.logits + first);
    u32 may = AllLanes;
    if (view.mask)
    {
        may = mask_word(view, word);
    }

    if (view.allowed)
    {
        may &= load_global(view.allowed + word);
    }

    may >>= first % 32;
    u32x4 keys;
    UNROLL for (i32 i = 0; i < LaneIds; i++)
    {
        u32 key = key_of(logits[i]);
        key = ((may >> i) & 1) || key >= InfiniteKey ? key : NeverKey;
        keys[i] = first + i < view.columns ? key : NoKey;
    }

    return keys;
}

// e^x for x at most 0, to 5e-7 of itself; 0 below e^-87. The power of two is split off, so that ex2.approx (2^-22) sees half of one at the most.
DEVICE float exp_fine(float x)
{
    constexpr float Log2EUpper = 1.44269502f;
    constexpr float Log2ELower = 1.92596303e-8f;
    float whole = __builtin_rintf(x * Log2EUpper);
    float rest = __builtin_fmaf(x, Log2ELower, __builtin_fmaf(x, Log2EUpper, -whole));
    float scale = float_of((u32)((i32)whole + 127) << 23);
    return x > -87 ? exp2_fast(rest) * scale : 0;
}

// What a token weighs beside one of the logit <largest>, which is at least its own.
DEVICE float weight_of_key(u32 key, float largest, float rate)
{
    return key > NeverKey ? exp_fine((logit_of(key) - largest) * rate) : 0;
}

DEVICE u32 warp_top(u32 value) { return (u32)__nvvm_redux_sync_umax((i32)value, (i32)AllLanes); }

// The sum of a lane's value and those of all lanes before it.
DEVICE double warp_prefix(double value)
{
    UNROLL for (i32 by = 1; by < WarpLanes; by *= 2)
    {
        u64 bits = __builtin_bit_cast(u64, value);
        u32 low = (u32)__nvvm_shfl_sync_up_i32(AllLanes, (i32)bits, by, 0);
        u32 high = (u32)__nvvm_shfl_sync_up_i32(AllLanes, (i32)(bits >> 32), by, 0);
        double before = __builtin_bit_cast(double, ((u64)high << 32) | low);
        value += lane_index() >= by ? before : 0;
    }

    return value;
}
