// Layers that keep a state of their own from token to token, of one size whatever a sequence's length: the gated delta rule and selective state spaces.
//
// A head's state is [key, value], and no column of values knows of another: a block has 32 of them, four lanes each, which hold the column in registers while
// the tokens of a sequence go by. Of a column lane p has keys 16 q + 4 p to 16 q + 4 p + 3. In memory four keys of a column lie together, [key / 4][value][key % 4]: what a
// warp loads at once is four whole lines. Of every token what reads (r), what writes (w), values and factors are brought to shared memory, 16 tokens at a time.
//
// A token reads before it writes: r S' = d (r S) + (r w) x, where S' = d S + w x^T and x is what is written, so that sums over the state wait for nothing of the same
// token. Grid (heads * blocks of 32 columns, sequences).
#include "shim.cuh"

constexpr i32 ColumnLanes = 4;
constexpr i32 BlockColumns = 32;
constexpr i32 BlockThreads = BlockColumns * ColumnLanes;
constexpr i32 QuadKeys = 4 * ColumnLanes;
constexpr i32 TileTokens = 16;

// Rows of a step that are of one sequence, and its states, of which the lowest bit says whether they are zeros, whatever is in memory; 0: the rows are nobody's.
struct Run
{
    i32 row;
    i32 count;
    u64 states;
};

constexpr u64 Begins = 1;
constexpr u64 Flags = 63;

struct Heads
{
    const Run* runs;
    u64 offset;            // bytes before the layer's state
    const float* mixed;
    const float* strength; // of the delta rule: before the logistic function
    const float* step;     // of each head, as strengths
    const float* log_rate;
    const float* bias;
    const float* skip;     // of state spaces: what of a value is added to what is read
    float* output;
    i32 mixed_stride;
    i32 strength_stride;
    i32 step_stride;
    i32 output_stride;
    i32 reads;             // columns before what reads, what writes, and values
    i32 writes;
    i32 values;
    i32 sharing;           // neighbouring heads that have what reads and what writes in common
    i32 key_dim;
    i32 value_dim;
    i32 blocks;            // of a head
    float low;             // of state spaces: what steps are kept within
    float high;
};

// What a token does to a state.
struct Factors
{
    float decay;
    float strength;
    float product; // of what reads and what writes
};

// ln(1 + e^x). Of u = e^-|x| in [0, 1]: ln(1 + u) = 2 artanh(u / (2 + u)), whose argument is at most 1/3: seven terms are good to a float.
DEVICE float softplus(float x)
{
    float u = exp_fast(-__builtin_fabsf(x));
    float s = u / (2 + u);
    float square = s * s;
    float sum = 1.0f / 15;
    UNROLL for (i32 i = 13; i > 0; i -= 2)
    {
        sum = (sum * square) + (1.0f / i);
    }

    return (x > 0 ? x : 0) + (2 * s * sum);
}

// Of a huge rate the largest number, which times a step of 0 is 0.
DEVICE float decay_of(float log_rate, float step)
{
    constexpr float Largest = 3.4e38f;
    float rate = exp_fast(log_rate);
    return exp_fast(-(rate > Largest ? Largest : rate) * step);
}

DEVICE float sum_of(f32x4 x) { return (x.x + x.y) + (x.z + x.w); }

// The same sum in the lanes of a column.
DEVICE float column_sum(float value)
{
    UNROLL for (i32 mask = ColumnLanes / 2; mask > 0; mask /= 2)
    {
        value += exchange(value, mask);
    }

    return value;
}

// A token, by a warp: what reads and what writes, of the delta rule of length 1, and its factors.
template<bool IsDelta, i32 Keys>
DEVICE Factors stage(const Heads& heads, i32 head, u64 row, float* reads, float* writes)
{
    constexpr i32 Each = Keys / WarpLanes;
    i32 shared_head = head / heads.sharing;
    const float* mixed = heads.mixed + (row * heads.mixed_stride) + (shared_head * heads.key_dim) + lane_index();
    float r[Each];
    float w[Each];
    UNROLL for (i32 i = 0; i < Each; i++)
    {
        bool is_there = (i * WarpLanes) + lane_index() < heads.key_dim;
        r[i] = is_there ? mixed[heads.reads + (i * WarpLanes)] : 0;
        w[i] = is_there ? mixed[heads.writes + (i * WarpLanes)] : 0;
    }

    float step = heads.step[(row * heads.step_stride) + head] + heads.bias[head];
    float squares_r = 0;
    float squares_w = 0;
    float product = 0;
    UNROLL for (i32 i = 0; i < Each; i++)
    {
        squares_r += r[i] * r[i];
        squares_w += w[i] * w[i];
        product += r[i] * w[i];
    }

    Factors factors;
    float factor_r = 1;
    float factor_w = 1;
    step = softplus(step);
    if (IsDelta)
    {
        constexpr float Epsilon = 1e-6f;
        factor_r = 1 / __builtin_sqrtf((warp_sum(squares_r) + Epsilon) * heads.key_dim);
        factor_w = 1 / __builtin_sqrtf(warp_sum(squares_w) + Epsilon);
        factors.strength = logistic(heads.strength[(row * heads.strength_stride) + head]);
    }
    else
    {
        step = step < heads.low ? heads.low : step;
        step = step > heads.high ? heads.high : step;
        factors.strength = step;
    }

    factors.decay = decay_of(heads.log_rate[head], step);
    factors.product = warp_sum(product) * factor_r * factor_w;
    UNROLL for (i32 i = 0; i < Each; i++)
    {
        reads[(i * WarpLanes) + lane_index()] = r[i] * factor_r;
        writes[(i * WarpLanes) + lane_index()] = w[i] * factor_w;
    }

    return factors;
}

template<bool IsDelta, i32 Quads>
DEVICE void recur(const Heads& heads)
{
    constexpr i32 Keys = Quads * QuadKeys;
    SHARED f32x4 reads[TileTokens * Keys / 4];
    SHARED f32x4 writes[TileTokens * Keys / 4];
    SHARED float values[TileTokens * BlockColumns];
    SHARED Factors factors[TileTokens];
    admit_launches();
    await_launches();
    Run run = heads.runs[block_y()];
    u64 page = run.states & ~Flags;
    i32 head = block_x() / heads.blocks;
    i32 first = (block_x() % heads.blocks) * BlockColumns;
    i32 lane = thread_index() % ColumnLanes;
    i32 own = thread_index() / ColumnLanes;
    i32 column = first + own;
    bool is_column = column < heads.value_dim;
    float* output = heads.output + ((u64)head * heads.value_dim) + column;
    if (page == 0)
    {
        // Rows of nobody have all the same, as elsewhere.
        for (i32 i = lane; is_column && i < run.count; i += ColumnLanes)
        {
            output[((u64)run.row + i) * heads.output_stride] = 0;
        }

        return;
    }

    float* state = (float*)(page + heads.offset) + ((u64)head * heads.key_dim * heads.value_dim) + (((u64)lane * heads.value_dim) + column) * 4;
    u64 step = (u64)heads.value_dim * QuadKeys;
    bool begins = (run.states & Begins) != 0;
    f32x4 held[Quads];
    UNROLL for (i32 i = 0; i < Quads; i++)
    {
        held[i] = 0;
        if (!begins && is_column && (i * QuadKeys) + (lane * 4) < heads.key_dim)
        {
            held[i] = load_global((const f32x4*)(state + (i * step)));
        }
    }

    float skip = IsDelta ? 0 : heads.skip[head];
    KEEP_LOOP for (i32 done = 0; done < run.count; done += TileTokens)
    {
        i32 tokens = least(TileTokens, run.count - done);
        if (done > 0)
        {
            sync_block();
        }

        KEEP_LOOP for (i32 token = warp_index(); token < tokens; token += BlockThreads / WarpLanes)
        {
            u64 at = (u64)run.row + done + token;
            float value = first + lane_index() < heads.value_dim ? heads.mixed[(at * heads.mixed_stride) + heads.values + ((u64)head * heads.value_dim) + first + lane_index()] : 0;
            Factors own_factors = stage<IsDelta, Keys>(heads, head, at, (float*)reads + (token * Keys), (float*)writes + (token * Keys));
            values[(token * BlockColumns) + lane_index()] = value;
            if (lane_index() == 0)
            {
                factors[token] = own_factors;
            }
        }

        sync_block();
        KEEP_LOOP for (i32 token = 0; token < tokens; token++)
        {
            const f32x4* r = reads + (token * Keys / 4) + lane;
            const f32x4* w = writes + (token * Keys / 4) + lane;
            Factors of = factors[token];
            float value = values[(token * BlockColumns) + own];
            f32x4 read = 0;
            f32x4 found = 0;
            UNROLL for (i32 i = 0; i < Quads; i++)
            {
                read += held[i] * r[i * ColumnLanes];
                if (IsDelta)
                {
                    found += held[i] * w[i * ColumnLanes];
                }
            }

            float written = of.strength * (IsDelta ? value - (of.decay * column_sum(sum_of(found))) : value);
            float result = (of.decay * column_sum(sum_of(read))) + (of.product * written) + (skip * value);
            UNROLL for (i32 i = 0; i < Quads; i++)
            {
                held[i] = (held[i] * of.decay) + (w[i * ColumnLanes] * written);
            }

            if (lane == 0 && is_column)
            {
                output[((u64)run.row + done + token) * heads.output_stride] = result;
            }
        }
    }

    UNROLL for (i32 i = 0; i < Quads; i++)
    {
        if (is_column && (i * QuadKeys) + (lane * 4) < heads.key_dim)
        {
            store_global((f32x4*)(state + (i * step)), held[i]);
        }
    }
}

// Keys up to 64, 128 and 256.
GLOBAL RESIDENT_BOUNDS(128, 3) void gated_delta_64(Heads heads) { recur<true, 4>(heads); }
GLOBAL RESIDENT_BOUNDS(128, 3) void gated_delta_128(Heads heads) { recur<true, 8>(heads); }
GLOBAL RESIDENT_BOUNDS(128, 2) void gated_delta_256(Heads heads) { recur<true, 16>(heads); }
GLOBAL RESIDENT_BOUNDS(128, 3) void state_space_64(Heads heads) { recur<false, 4>(heads); }
GLOBAL RESIDENT_BOUNDS(128, 3) void state_space_128(Heads heads) { recur<false, 8>(heads); }
GLOBAL RESIDENT_BOUNDS(128, 2) void state_space_256(Heads heads) { recur<false, 16>(heads); }
