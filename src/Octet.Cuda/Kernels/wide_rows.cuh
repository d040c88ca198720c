// 64 query rows of a warpgroup, and what they make of two pages: the heart of attend_wide.
//
// Queries are two bfloat16 halves that add up to them, in registers, weights of a softmax too. Of 64 tokens: scores = queries * keys, a softmax that goes on from
// what was seen, sums += weights * values. Lane 4g + t of warp w has rows 16w + g and 16w + g + 8: of sums and scores columns 8j + 2t and 8j + 2t + 1, which are
// those that it has as operands of 16 columns (warpgroup.cuh).
#pragma once
#include "attend.cuh"
#include "warpgroup.cuh"

constexpr i32 WarpgroupRows = 64;
constexpr i32 StepTokens = 2 * PageTokens;
constexpr i32 Scores = StepTokens / 2;

// Of keys and values in shared memory.
constexpr i32 RowBytes = 128;

template<i32 Size>
struct WideRows
{
    static constexpr i32 Operands = Size / 16;

    u32x4 queries[2][Operands];
    float sums[Size / 2];
    float largest[2];
    float total[2];
    i32 position[2];
    i32 seen[2];
};

#define SUMS_TEXT_32 "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}"
#define SUMS_32(s) SUMS_8(s, 0), SUMS_8(s, 8), SUMS_8(s, 16), SUMS_8(s, 24)

// sums = (adds ? sums : 0) + a * b: 64 rows out of registers, 64 or 128 columns of 16 in shared memory.
DEVICE void multiply(float (&sums)[32], u32x4 a, u64 b, i32 adds)
{
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %37, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " SUMS_TEXT_32 ", {%32, %33, %34, %35}, %36, p, 1, 1, 0; }"
        : SUMS_32(sums) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "l"(b), "r"(adds));
}

DEVICE void multiply(float (&sums)[64], u32x4 a, u64 b, i32 adds)
{
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 " SUMS_TEXT ", {%64, %65, %66, %67}, %68, p, 1, 1, 0; }"
        : SUMS(sums) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "l"(b), "r"(adds));
}

DEVICE void settle(float (&sums)[32]) { asm volatile("" : SUMS_32(sums)); }

DEVICE void await_products(float (&sums)[32]) { asm volatile("wgmma.wait_group.sync.aligned 0;" : SUMS_32(sums) : : "memory"); }

// Two pairs of both rows, as operands of 16 columns: in bfloat16, and what that leaves.
DEVICE void halve(f32x2 upper, f32x2 lower, f32x2 next_upper, f32x2 next_lower, u32x4& first, u32x4& second)
{
    f32x2 pairs[4] = {upper, lower, next_upper, next_lower};
    UNROLL for (i32 i = 0; i < 4; i++)
    {
        first[i] = pack_bf16(pairs[i].x, pairs[i].y);
        second[i] = pack_bf16(pairs[i].x - low_bf16(first[i]), pairs[i].y - high_bf16(first[i]));
    }
}

// Rows that there are not are zeros. A lane's queries begin at its columns; the factor is that of scores, powers of 2.
template<i32 Size>
DEVICE void load_queries(WideRows<Size>& rows, const float* const (&query)[2], const bool (&is_valid)[2], float factor)
{
    UNROLL for (i32 i = 0; i < rows.Operands; i++)
    {
        f32x2 pairs[4];
        UNROLL for (i32 j = 0; j < 4; j++)
        {
            pairs[j] = *(const f32x2*)(query[j % 2] + (i * 16) + (j / 2 * 8)) * (is_valid[j % 2] ? factor : 0);
        }

        halve(pairs[0], pairs[1], pairs[2], pairs[3], rows.queries[0][i], rows.queries[1][i]);
    }

    UNROLL for (i32 i = 0; i < Size / 2; i++)
    {
        rows.sums[i] = 0;
    }
}

// Scores of the tokens from `at` on become weights; sums so far become worth what they are beside them.
template<i32 Size>
DEVICE void weigh(WideRows<Size>& rows, float (&scores)[Scores], i32 at, bool is_whole)
{
    if (!is_whole)
    {
        UNROLL for (i32 i = 0; i < Scores; i++)
        {
            i32 token = at + (i / 4 * 8) + (lane_index() % 4 * 2) + (i % 2);
            i32 h = i / 2 % 2;
            scores[i] = token <= rows.position[h] && token > rows.seen[h] ? scores[i] : NegativeInfinity;
        }
    }

    float kept[2];
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        float top = rows.largest[h];
        UNROLL for (i32 i = 0; i < Scores / 2; i++)
        {
            top = greatest(top, scores[(i / 2 * 4) + (h * 2) + (i % 2)]);
        }

        top = greatest(top, exchange(top, 1));
        top = greatest(top, exchange(top, 2));
        kept[h] = weight_of(rows.largest[h], top);
        rows.largest[h] = top;
        rows.total[h] *= kept[h];
        UNROLL for (i32 i = 0; i < Scores / 2; i++)
        {
            float& score = scores[(i / 2 * 4) + (h * 2) + (i % 2)];
            score = weight_of(score, top);
            rows.total[h] += score;
        }
    }

    UNROLL for (i32 i = 0; i < Size / 2; i++)
    {
        rows.sums[i] *= kept[i / 2 % 2];
    }
}

// Two pages in shared memory, whose tokens begin with `at`: keys [64 dimensions][token], values [dimension], 128 bytes each, swizzled. Whole: seen by all rows.
template<i32 Size>
DEVICE void attend_step(WideRows<Size>& rows, u32 keys, u32 values, i32 at, bool is_whole)
{
    float scores[Scores];
    UNROLL for (i32 i = 0; i < Scores; i++)
    {
        scores[i] = 0;
    }

    settle(scores);
    begin_products();
    UNROLL for (i32 i = 0; i < 2 * rows.Operands; i++)
    {
        i32 piece = i % rows.Operands;
        multiply(scores, rows.queries[i / rows.Operands][piece], swizzled_matrix(keys + (piece / 4 * StepTokens * RowBytes) + (piece % 4 * 32)), i);
    }

    end_products();
    await_products(scores);
    weigh(rows, scores, at, is_whole);
    u32x4 weights[2][StepTokens / 16];
    UNROLL for (i32 i = 0; i < StepTokens / 16; i++)
    {
        const float* from = scores + (i * 8);
        halve((f32x2){from[0], from[1]}, (f32x2){from[2], from[3]}, (f32x2){from[4], from[5]}, (f32x2){from[6], from[7]}, weights[0][i], weights[1][i]);
        settle(weights[0][i]);
        settle(weights[1][i]);
    }

    settle(rows.sums);
    begin_products();
    UNROLL for (i32 i = 0; i < 2 * StepTokens / 16; i++)
    {
        multiply(rows.sums, weights[i % 2][i / 2], swizzled_matrix(values + (i / 2 * 32)), 1);
    }

    end_products();
    await_products(rows.sums);
}
