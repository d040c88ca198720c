// Sums and maxima over the threads of a block, and the largest of keys that they hold, at most 1024 threads.
#pragma once
#include "sample.cuh"

// What warps tell each other. Who writes one half has seen everyone past the last reading of it, so that one barrier a result is enough.
struct BlockTalk
{
    u32 parts[2][WarpLanes];
};

// Every thread gets the result.
DEVICE u32 block_count(BlockTalk& talk, i32& turn, u32 value)
{
    turn ^= 1;
    u32 own = warp_count(value);
    if (lane_index() == 0)
    {
        talk.parts[turn][warp_index()] = own;
    }

    sync_block();
    return warp_count(lane_index() < block_warps() ? talk.parts[turn][lane_index()] : 0);
}

DEVICE u32 block_top(BlockTalk& talk, i32& turn, u32 value)
{
    turn ^= 1;
    u32 own = warp_top(value);
    if (lane_index() == 0)
    {
        talk.parts[turn][warp_index()] = own;
    }

    sync_block();
    return warp_top(lane_index() < block_warps() ? talk.parts[turn][lane_index()] : 0);
}

// Where the k best keys end: those above it are in, and of those equal to it the ones up to an id.
struct Cut
{
    u32 key;
    i32 last;
};

DEVICE bool is_within(Cut cut, u32 key, i32 id) { return key > cut.key || (key == cut.key && id <= cut.last); }

// The cut behind the k best of the keys that the threads hold, by rising id where they are equal; all where there are fewer. Keys are told apart by
// halving, each time with a count over the block: 32 times at most, once where the best alone are wanted.
// <low>: at least k keys are no smaller, where there are so many; <high>: none is larger. <ids>: every id is below it. <id_of>: gives that of a thread's key.
template<i32 Count, typename IdOf>
DEVICE Cut cut_behind(BlockTalk& talk, i32& turn, const u32 (&keys)[Count], IdOf id_of, u32 k, u32 low, u32 high, i32 ids)
{
    KEEP_LOOP for (u32 middle = high; low < high; middle = high - ((high - low) / 2))
    {
        u32 own = 0;
        UNROLL for (i32 i = 0; i < Count; i++)
        {
            own += keys[i] >= middle;
        }

        if (block_count(talk, turn, own) >= k)
        {
            low = middle;
        }
        else
        {
            high = middle - 1;
        }
    }

    // Neither count reaches 2^16.
    u32 own = 0;
    UNROLL for (i32 i = 0; i < Count; i++)
    {
        own += (keys[i] > low ? 1u << 16 : 0) + (keys[i] == low);
    }

    u32 counts = block_count(talk, turn, own);
    u32 wanted = k - (counts >> 16);
    if (low == NoKey || (counts & 0xffff) <= wanted)
    {
        return Cut{low, low == NoKey ? -1 : ids};
    }

    i32 first = 0;
    i32 last = ids - 1;
    KEEP_LOOP while (first < last)
    {
        i32 middle = (first + last) / 2;
        u32 equal = 0;
        UNROLL for (i32 i = 0; i < Count; i++)
        {
            equal += keys[i] == low && id_of(i) <= middle;
        }

        if (block_count(talk, turn, equal) >= wanted)
        {
            last = middle;
        }
        else
        {
            first = middle + 1;
        }
    }

    return Cut{low, last};
}
