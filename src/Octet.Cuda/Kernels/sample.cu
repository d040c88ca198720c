// What draws tokens: scan_logits looks at all of every row, choose_tokens at what that found, and at the few segments of a row that matter.
#include "block_count.cuh"

constexpr i32 OwnSegments = 4; // of a thread of choose_tokens
constexpr i32 OwnRuns = 2;     // segments that a warp of it looks into
constexpr i32 MostBest = 64;
constexpr i32 MostWarps = 32;

// Of every segment the largest key, and the sum of the weights beside it. Grid (any, rows); a warp takes a segment at a time.
GLOBAL BOUNDS(256) void scan_logits(const RowView* views, u32* tops, float* weights)
{
    admit_launches();
    await_launches();
    const RowView view = views[block_y()];
    i32 segments = segments_of(view);
    for (i32 segment = (block_x() * block_warps()) + warp_index(); segment < segments; segment += blocks_x() * block_warps())
    {
        u32x4 keys = segment_keys(view, segment);
        u32 top = warp_top(most(most(keys.x, keys.y), most(keys.z, keys.w)));
        u64 at = (u64)view.first_segment + segment;
        if (view.rate > 0)
        {
            float sum = 0;
            UNROLL for (i32 i = 0; i < LaneIds; i++)
            {
                sum += weight_of_key(keys[i], logit_of(top), view.rate);
            }

            sum = warp_sum(sum);
            if (lane_index() == 0)
            {
                weights[at] = sum;
            }
        }

        if (lane_index() == 0)
        {
            tops[at] = top;
        }
    }
}

struct Totals
{
    double warps[MostWarps];
    double rest;
    i32 segment;
};

// Where in the order of ids the weights add up to <target>: the segment, and what is left of the target in it.
DEVICE void find_segment(Totals& totals, BlockTalk& talk, i32& turn, const double (&own)[OwnSegments], double end, double target)
{
    // The first thread whose end is beyond the target; where rounding left none, the last one that has any weight.
    double sum = own[0] + own[1] + own[2] + own[3];
    u32 later = (u32)(MostWarps * WarpLanes - thread_index());
    u32 first = block_top(talk, turn, end > target ? later : 0);
    u32 last = block_top(talk, turn, sum > 0 ? (u32)thread_index() + 1 : 0);
    if (first > 0 ? first == later : last == (u32)thread_index() + 1)
    {
        double rest = target - (end - sum);
        double left = rest;
        i32 chosen = 0;
        bool found = false;
        UNROLL for (i32 i = 0; i < OwnSegments; i++)
        {
            if (!found && own[i] > 0)
            {
                chosen = i;
                rest = left;
                found = left < own[i];
            }

            left -= own[i];
        }

        totals.segment = (thread_index() * OwnSegments) + chosen;
        totals.rest = rest;
    }

    sync_block();
}

// The id of a segment at which its weights go beyond what is left of the target. One warp.
DEVICE Candidate draw_within(const RowView& view, const Totals& totals, float largest)
{
    u32x4 keys = segment_keys(view, totals.segment);
    double own[LaneIds];
    double sum = 0;
    UNROLL for (i32 i = 0; i < LaneIds; i++)
    {
        own[i] = weight_of_key(keys[i], largest, view.rate);
        sum += own[i];
    }

    double end = warp_prefix(sum);
    u32 beyond = ballot(end > totals.rest);
    u32 weighty = ballot(sum > 0);
    i32 lane = beyond ? __builtin_ctz(beyond) : 31 - __builtin_clz(weighty);
    double reached = end - sum;
    i32 chosen = 0;
    bool found = false;
    UNROLL for (i32 i = 0; i < LaneIds; i++)
    {
        reached += own[i];
        chosen = !found && own[i] > 0 ? i : chosen;
        found |= reached > totals.rest;
    }

    u32 key = keys.x;
    UNROLL for (i32 i = 1; i < LaneIds; i++)
    {
        key = i == chosen ? keys[i] : key;
    }

    Candidate drawn;
    drawn.id = from_lane((totals.segment * Segment) + (lane_index() * LaneIds) + chosen, lane);
    drawn.logit = from_lane(logit_of(key), lane);
    return drawn;
}

// Behind the best tokens: the sum of all weights, the token that was drawn (-1: none), and where they are wanted the plain logits of the best and of that.
DEVICE void weigh(const RowView& view, Totals& totals, BlockTalk& talk, i32& turn, const u32 (&tops)[OwnSegments], const float* weights, u32 top)
{
    float largest = logit_of(top);
    i32 first = thread_index() * OwnSegments;
    double own[OwnSegments];
    double sum = 0;
    UNROLL for (i32 i = 0; i < OwnSegments; i++)
    {
        own[i] = tops[i] > NeverKey ? (double)weights[(u64)view.first_segment + first + i] * weight_of_key(tops[i], largest, view.rate) : 0;
        sum += own[i];
    }

    double end = warp_prefix(sum);
    if (lane_index() == WarpLanes - 1)
    {
        totals.warps[warp_index()] = end;
    }

    sync_block();
    double before = 0;
    double total = 0;
    for (i32 i = 0; i < block_warps(); i++)
    {
        before += i < warp_index() ? totals.warps[i] : 0;
        total += totals.warps[i];
    }

    if (view.random >= 0)
    {
        find_segment(totals, talk, turn, own, before + end, view.random * total);
    }

    if (warp_index() == 0)
    {
        Candidate drawn{-1, 0};
        if (view.random >= 0)
        {
            drawn = draw_within(view, totals, largest);
        }

        if (lane_index() == 0)
        {
            *(double*)(view.result + view.best) = total;
            view.result[view.best + 1] = drawn;
            if (view.plain && drawn.id >= 0)
            {
                ((float*)(view.result + view.best + 2))[view.best] = load_global(view.plain + drawn.id);
            }
        }
    }
}

// Of every row the best tokens, best first, of equal ones the lower id; and what `weigh` gives. A row that has NaN or +infinity, or nothing that is above
// -infinity, has that as its best logit, and nothing else. Grid (rows); a thread has four segments, and a warp two of those that hold the best.
GLOBAL BOUNDS(1024) void choose_tokens(const RowView* views, const u32* tops, const float* weights)
{
    SHARED BlockTalk talk;
    SHARED Totals totals;
    SHARED i32 chosen[MostBest];
    SHARED u32 best[MostBest];
    SHARED i32 ids[MostBest];
    SHARED u32 counts[2];
    admit_launches();
    await_launches();
    const RowView view = views[block_x()];
    i32 turn = 0;
    i32 segments = segments_of(view);
    i32 first = thread_index() * OwnSegments;
    if (thread_index() < 2)
    {
        counts[thread_index()] = 0;
    }

    u32 own[OwnSegments];
    u32 top = NoKey;
    UNROLL for (i32 i = 0; i < OwnSegments; i++)
    {
        own[i] = first + i < segments ? tops[(u64)view.first_segment + first + i] : NoKey;
        top = most(top, own[i]);
    }

    top = block_top(talk, turn, top);
    if (top >= InfiniteKey || top <= NeverKey)
    {
        if (thread_index() == 0)
        {
            view.result[0] = Candidate{0, logit_of(top)};
        }

        return;
    }

    if (view.rate > 0)
    {
        weigh(view, totals, talk, turn, own, weights, top);
    }

    // The k best are in the k segments whose best are best: each of those has one that is better than all of any other segment.
    Cut cut = cut_behind(talk, turn, own, [=](i32 i) { return first + i; }, view.best, NoKey, top, segments);
    UNROLL for (i32 i = 0; i < OwnSegments; i++)
    {
        if (is_within(cut, own[i], first + i))
        {
            chosen[__nvvm_atom_add_gen_i((i32*)&counts[0], 1)] = first + i;
        }
    }

    sync_block();
    i32 taken = (i32)counts[0];
    u32 keys[OwnRuns * LaneIds];
    i32 starts[OwnRuns];
    UNROLL for (i32 run = 0; run < OwnRuns; run++)
    {
        i32 index = warp_index() + (run * block_warps());
        i32 segment = index < taken ? chosen[index] : -1;
        u32x4 of_lane = NoKey;
        if (segment >= 0)
        {
            of_lane = segment_keys(view, segment);
        }

        starts[run] = (segment * Segment) + (lane_index() * LaneIds);
        UNROLL for (i32 i = 0; i < LaneIds; i++)
        {
            keys[(run * LaneIds) + i] = of_lane[i];
        }
    }

    cut = cut_behind(talk, turn, keys, [&](i32 i) { return starts[i / LaneIds] + (i % LaneIds); }, view.best, cut.key, top, view.columns);
    UNROLL for (i32 i = 0; i < OwnRuns * LaneIds; i++)
    {
        i32 id = starts[i / LaneIds] + (i % LaneIds);
        if (is_within(cut, keys[i], id))
        {
            u32 at = (u32)__nvvm_atom_add_gen_i((i32*)&counts[1], 1);
            best[at] = keys[i];
            ids[at] = id;
        }
    }

    // They came in any order: each finds its own place.
    sync_block();
    if (thread_index() < view.best)
    {
        u32 key = best[thread_index()];
        i32 id = ids[thread_index()];
        i32 place = 0;
        KEEP_LOOP for (i32 i = 0; i < view.best; i++)
        {
            place += best[i] > key || (best[i] == key && ids[i] < id);
        }

        view.result[place] = Candidate{id, logit_of(key)};
        if (view.plain)
        {
            Candidate* behind = view.result + view.best + (view.rate > 0 ? 2 : 0);
            ((float*)behind)[place] = load_global(view.plain + id);
        }
    }
}
