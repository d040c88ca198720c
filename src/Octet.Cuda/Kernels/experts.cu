// A mixture of experts: route chooses each token's experts, sort_routes brings together the tokens of each, and the experts multiply theirs as linear_few
// does, whose weights are streamed once for all of them. A pair is a token with one of its experts: number token * chosen + slot.
#include "expert_columns.cuh"
#include "expert_tiles.cuh"
#include "linear_stream.cuh"

constexpr i32 MostExperts = 1024;
constexpr i32 MostGroups = 32;
constexpr i32 SortThreads = 1024;

struct Rule
{
    const float* correction; // added to scores for the choice; null: none
    i32 experts;
    i32 chosen;
    i32 is_logistic;
    i32 is_normalised;
    float scale;
    i32 groups;
    i32 chosen_groups;
};

// The lane's best of what is left, the lower number where two are the same, joined with those of all lanes.
DEVICE i32 best_of_warp(const float* choice, i32 count)
{
    float best = NegativeInfinity;
    i32 place = count;
    for (i32 i = lane_index(); i < count; i += WarpLanes)
    {
        if (choice[i] > best || (place == count && choice[i] == best))
        {
            best = choice[i];
            place = i;
        }
    }

    UNROLL for (i32 mask = WarpLanes / 2; mask > 0; mask /= 2)
    {
        float other = exchange(best, mask);
        i32 other_place = (i32)exchange((u32)place, mask);
        if (other > best || (other == best && other_place < place))
        {
            best = other;
            place = other_place;
        }
    }

    return place;
}

// Grid (tokens), a warp each. What was taken is NaN, which is never the best.
GLOBAL BOUNDS(32) void route(const float* logits, i32 stride, Rule rule, i32* experts, float* weights)
{
    SHARED float choice[MostExperts];
    SHARED float sums[MostGroups];
    admit_launches();
    await_launches();
    i32 lane = lane_index();
    const float* own = logits + ((u64)block_x() * stride);
    float largest = NegativeInfinity;
    for (i32 i = lane; i < rule.experts; i += WarpLanes)
    {
        largest = greatest(largest, own[i]);
    }

    UNROLL for (i32 mask = WarpLanes / 2; mask > 0; mask /= 2)
    {
        largest = greatest(largest, exchange(largest, mask));
    }

    float all = 0;
    for (i32 i = lane; i < rule.experts; i += WarpLanes)
    {
        all += exp_fast(own[i] - largest);
    }

    all = warp_sum(all);
    for (i32 i = lane; i < rule.experts; i += WarpLanes)
    {
        // Without a correction the order of logits is that of scores, to the last bit.
        float score = rule.is_logistic ? logistic(own[i]) : exp_fast(own[i] - largest) / all;
        float value = rule.correction ? score + rule.correction[i] : own[i];
        choice[i] = value == value ? value : NegativeInfinity;
    }

    sync_warp();
    if (rule.groups > 1)
    {
        i32 size = rule.experts / rule.groups;
        if (lane < rule.groups)
        {
            float best = NegativeInfinity;
            float second = size == 1 ? 0 : NegativeInfinity;
            for (i32 i = lane * size; i < (lane + 1) * size; i++)
            {
                // Logits are no scores: groups are compared by sums of those.
                float score = rule.correction ? choice[i] : rule.is_logistic ? logistic(own[i]) : exp_fast(own[i] - largest) / all;
                second = score > best ? (size == 1 ? 0 : best) : greatest(second, score);
                best = greatest(best, score);
            }

            sums[lane] = best + second;
        }

        sync_warp();
        u32 kept = 0;
        for (i32 i = 0; i < rule.chosen_groups; i++)
        {
            i32 group = best_of_warp(sums, rule.groups);
            kept |= 1u << group;
            sync_warp();
            if (lane == 0)
            {
                sums[group] = float_of(0x7fffffff);
            }

            sync_warp();
        }

        for (i32 i = lane; i < rule.experts; i += WarpLanes)
        {
            choice[i] = (kept >> (i / size)) & 1 ? choice[i] : NegativeInfinity;
        }

        sync_warp();
    }

    float sum = 0;
    for (i32 slot = 0; slot < rule.chosen; slot++)
    {
        i32 expert = best_of_warp(choice, rule.experts);
        float score = rule.is_logistic ? logistic(own[expert]) : exp_fast(own[expert] - largest) / all;
        sum += score;
        sync_warp();
        if (lane == 0)
        {
            choice[expert] = float_of(0x7fffffff);
            experts[(block_x() * rule.chosen) + slot] = expert;
            weights[(block_x() * rule.chosen) + slot] = score;
        }

        sync_warp();
    }

    float factor = rule.is_normalised ? rule.scale / (sum + (rule.is_logistic ? 1e-20f : 0)) : rule.scale;
    if (lane == 0)
    {
        for (i32 slot = 0; slot < rule.chosen; slot++)
        {
            weights[(block_x() * rule.chosen) + slot] *= factor;
        }
    }
}

// All pairs by expert, those of one in their order, at places of which each expert's begin with a multiple of PlaceUnit; -1 where there is none between them.
// groups: how many experts were chosen at all, then of each of them its number, its first place and how many pairs it has. tiles (expert_tiles.cuh): the same
// experts cut into 128 pairs at a time. Grid (experts): a block counts those of all experts, and places those of its own; its warps have equal shares of all pairs.
GLOBAL BOUNDS(SortThreads) void sort_routes(const i32* experts, i32 count, i32 expert_count, i32* places, i32* groups, ExpertTile* tiles)
{
    constexpr i32 Batch = 4;
    SHARED i32 counts[MostExperts];
    SHARED i32 own_counts[SortThreads / WarpLanes];
    SHARED i32 sums[SortThreads / WarpLanes][5];
    admit_launches();
    await_launches();
    i32 own = block_x();
    for (i32 i = thread_index(); i < expert_count; i += block_threads())
    {
        counts[i] = 0;
    }

    sync_block();
    i32 share = (count + (Batch * block_threads()) - 1) / (Batch * block_threads()) * Batch * WarpLanes;
    i32 first_pair = (warp_index() * share) + lane_index();
    i32 found = 0;
    KEEP_LOOP for (i32 at = first_pair; at < first_pair + share; at += Batch * WarpLanes)
    {
        i32 chosen[Batch];
        UNROLL for (i32 i = 0; i < Batch; i++)
        {
            chosen[i] = at + (i * WarpLanes) < count ? experts[at + (i * WarpLanes)] : -1;
        }

        UNROLL for (i32 i = 0; i < Batch; i++)
        {
            found += __builtin_popcount(ballot(chosen[i] == own));
            if (chosen[i] >= 0)
            {
                __nvvm_atom_add_gen_i(&counts[chosen[i]], 1);
            }
        }
    }

    if (lane_index() == 0)
    {
        own_counts[warp_index()] = found;
    }

    sync_block();

    // Of experts before the block's: places, chosen ones, tiles. Of all: chosen ones, tiles.
    i32 partial[5] = {};
    for (i32 i = thread_index(); i < expert_count; i += block_threads())
    {
        i32 pairs = counts[i];
        partial[0] += i < own ? in_units(pairs) : 0;
        partial[1] += i < own && pairs > 0;
        partial[2] += i < own ? tiles_of(pairs) : 0;
        partial[3] += pairs > 0;
        partial[4] += tiles_of(pairs);
    }

    UNROLL for (i32 i = 0; i < 5; i++)
    {
        i32 sum = (i32)warp_count((u32)partial[i]);
        if (lane_index() == 0)
        {
            sums[warp_index()][i] = sum;
        }
    }

    sync_block();
    i32 before = 0;
    i32 total[5] = {};
    KEEP_LOOP for (i32 i = 0; i < block_warps(); i++)
    {
        before += i < warp_index() ? own_counts[i] : 0;
        UNROLL for (i32 j = 0; j < 5; j++)
        {
            total[j] += sums[i][j];
        }
    }

    i32 pairs = counts[own];
    i32 place = total[0];
    if (thread_index() == 0 && own == 0)
    {
        groups[0] = total[3];
        tiles[0] = {total[4], 0, 0, 0};
    }

    if (thread_index() == 0 && pairs > 0)
    {
        groups[1 + (3 * total[1])] = own;
        groups[2 + (3 * total[1])] = place;
        groups[3 + (3 * total[1])] = pairs;
    }

    for (i32 i = thread_index(); i < tiles_of(pairs); i += block_threads())
    {
        tiles[1 + total[2] + i] = {own, place, pairs, total[2]};
    }

    for (i32 i = pairs + thread_index(); i < in_units(pairs); i += block_threads())
    {
        places[place + i] = -1;
    }

    i32 next = place + before;
    KEEP_LOOP for (i32 at = first_pair; at < first_pair + share; at += Batch * WarpLanes)
    {
        i32 chosen[Batch];
        UNROLL for (i32 i = 0; i < Batch; i++)
        {
            chosen[i] = at + (i * WarpLanes) < count ? experts[at + (i * WarpLanes)] : -1;
        }

        UNROLL for (i32 i = 0; i < Batch; i++)
        {
            u32 same = ballot(chosen[i] == own);
            if (chosen[i] == own)
            {
                places[next + __builtin_popcount(same & ((1u << lane_index()) - 1))] = at + (i * WarpLanes);
            }

            next += __builtin_popcount(same);
        }
    }
}

// Grid (tiles of 16 rows, experts that may be chosen). Halves as in linear_few.
template<typename Weights, i32 Tiles, i32 Halves>
DEVICE void expert_layer(const ExpertLayer& a, const ExpertLayer& b, const Routed& routed, const Inputs& inputs, const Gating& gating)
{
    extern SHARED __attribute__((aligned(128))) u8 rings[];
    admit_launches();
    await_launches();
    if (block_y() >= routed.groups[0])
    {
        return;
    }

    i32 lane = lane_index();
    i32 warps = block_warps() / Halves;
    i32 half = warp_index() / warps;
    i32 warp = warp_index() % warps;
    bool is_second = Halves == 2 && half == 1;
    i32 first_row = block_x() * TileRows;
    i32 expert = routed.groups[1 + (3 * block_y())];
    i32 first_pair = routed.groups[2 + (3 * block_y())];
    i32 pairs = routed.groups[3 + (3 * block_y())];
    u64 row_bytes = is_second ? b.row_bytes : a.row_bytes;
    i32 upper_row = least(first_row + (lane / 4), a.rows - 1);
    i32 lower_row = least(first_row + (lane / 4) + 8, a.rows - 1);
    const u8* weight = (const u8*)load_global((is_second ? b.weights : a.weights) + expert) + ((lane % 4) * 16);
    const u64* all_scales = is_second ? b.scales : a.scales;
    const float* scales = all_scales ? (const float*)load_global(all_scales + expert) : nullptr;
    i32 block_rows = is_second ? b.block_rows : a.block_rows;
    i32 scale_stride = is_second ? b.scale_stride : a.scale_stride;
    WeightRows own;
    own.upper = weight + (upper_row * row_bytes);
    own.lower = weight + (lower_row * row_bytes);
    own.upper_scales = scales ? scales + ((u64)(upper_row / block_rows) * scale_stride) : nullptr;
    own.lower_scales = scales ? scales + ((u64)(lower_row / block_rows) * scale_stride) : nullptr;
    own.scale_shift = is_second ? b.scale_shift : a.scale_shift;
    u32 ring = own_ring(rings);
    i32 chunk_pairs = (Tiles * 8) / inputs.per_row;
    KEEP_LOOP for (i32 done = 0; done < pairs; done += chunk_pairs)
    {
        begin_rows<Weights>(ring, own, inputs.groups, warp, warps);
        i32 count = least(chunk_pairs, pairs - done);
        Columns<Tiles> places = columns_of_pairs<Tiles>(routed, inputs, first_pair + done, count);
        f32x4 totals[Tiles];
        multiply_rows<Weights, Tiles>(totals, ring, own, inputs, places, warp, warps);
        put_sums<Tiles>(rings, totals);
        sync_block();
        for (i32 i = thread_index(); i < count * TileRows; i += block_threads())
        {
            i32 row = first_row + (i % TileRows);
            i32 pair = i / TileRows;
            if (row < a.rows)
            {
                u64 place = routed.pairs[first_pair + done + pair];
                float sum = reduced(rings, 0, warps, i % TileRows, pair, inputs.per_row) * Weights::Factor;
                sum += a.biases ? load_global((const float*)load_global(a.biases + expert) + row) : 0;
                if constexpr (Halves == 2)
                {
                    float up = reduced(rings, warps, warps, i % TileRows, pair, inputs.per_row) * Weights::Factor;
                    up += b.biases ? load_global((const float*)load_global(b.biases + expert) + row) : 0;
                    sum = gated(gating, sum, up);
                }

                a.output[(place * a.output_stride) + row] = sum;
            }
        }

        sync_block();
    }
}

// output = the sum over a token's experts of weight * result, in their order; added to what is there where `adds`. Grid (columns / threads, tokens).
GLOBAL BOUNDS(256) void sum_experts(const float* results, i32 results_stride, const float* weights, i32 chosen, float* output, i32 output_stride, i32 columns, i32 adds)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        float* to = output + ((u64)block_y() * output_stride) + column;
        float sum = adds ? *to : 0;
        for (i32 slot = 0; slot < chosen; slot++)
        {
            i32 pair = (block_y() * chosen) + slot;
            sum += weights[pair] * results[((u64)pair * results_stride) + column];
        }

        *to = sum;
    }
}

#define EXPERTS(name, weights, tiles, warps, blocks) \
    GLOBAL RESIDENT_BOUNDS(warps * 32, blocks) void experts_##name##_##tiles(ExpertLayer a, Routed routed, Inputs inputs) { expert_layer<weights, tiles, 1>(a, a, routed, inputs, Gating{}); } \
    GLOBAL RESIDENT_BOUNDS(warps * 32, blocks) void experts_gated_##name##_##tiles(ExpertLayer a, ExpertLayer b, Routed routed, Inputs inputs, Gating gating) { expert_layer<weights, tiles, 2>(a, b, routed, inputs, gating); }

EXPERTS(e4m3, E4M3Weights, 1, 8, 2)
EXPERTS(e4m3, E4M3Weights, 4, 8, 1)
EXPERTS(bf16, BF16Weights, 1, 8, 2)
EXPERTS(bf16, BF16Weights, 4, 8, 1)
