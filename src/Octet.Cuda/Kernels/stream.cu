// What families beside Llama's do to their streams, heads and logits: factors, norms of another kind or at another place, functions of layers that are not
// gated.
#include "gating.cuh"
#include "prepare.cuh"

constexpr i32 Steps = 4;

// The same sum in every thread of a block. A block that sums twice has memory for each, so that one sync is enough.
DEVICE float block_sum(float value, float* sums)
{
    value = warp_sum(value);
    if (lane_index() == 0)
    {
        sums[warp_index()] = value;
    }

    sync_block();
    return warp_sum(lane_index() < block_warps() ? sums[lane_index()] : 0);
}

DEVICE float sum_of(f32x4 x) { return x.x + x.y + x.z + x.w; }

// states = (states + delta) * factor; without a delta states * factor. Four columns of a row for each thread. Grid (columns / (4 * threads), rows).
GLOBAL BOUNDS(256) void add_scaled(float* states, const float* delta, i32 states_stride, i32 delta_stride, i32 columns, float factor)
{
    admit_launches();
    await_launches();
    i32 column = ((block_x() * block_threads()) + thread_index()) * 4;
    if (column < columns)
    {
        f32x4* at = (f32x4*)(states + ((u64)block_y() * states_stride) + column);
        f32x4 sum = *at;
        if (delta)
        {
            sum += *(const f32x4*)(delta + ((u64)block_y() * delta_stride) + column);
        }

        *at = sum * factor;
    }
}

// states *= factors, which begin at any column of their rows. Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void multiply(float* states, const float* factors, i32 states_stride, i32 factors_stride, i32 columns)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        states[((u64)block_y() * states_stride) + column] *= factors[((u64)block_y() * factors_stride) + column];
    }
}

// A head = head / sqrt(mean(head^2) + epsilon) * norm, in place; without a norm not multiplied. A head is any number of columns, up to a whole row, and begins
// at any. Grid (heads, rows).
GLOBAL BOUNDS(1024) void norm_heads(float* states, const float* norm, i32 stride, i32 size, float epsilon)
{
    SHARED float squares[WarpLanes];
    admit_launches();
    await_launches();
    float* head = states + ((u64)block_y() * stride) + (block_x() * size);
    float sum = 0;
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        sum += head[i] * head[i];
    }

    float scale = 1 / __builtin_sqrtf((block_sum(sum, squares) / size) + epsilon);
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        head[i] = head[i] * scale * (norm ? norm[i] : 1);
    }
}

// residual += delta; output = (residual - mean) / sqrt(mean((residual - mean)^2) + epsilon) * norm + bias, and where it is wanted the operands of the linear layers
// that take it, all as add_rms_norm has it (norm.cu). Grid (rows).
GLOBAL BOUNDS(1024) void add_layer_norm(
    float* residual, const float* delta, const float* norm, const float* bias, float* output, i32 residual_stride, i32 delta_stride, i32 output_stride, i32 columns, float epsilon, Preparation to)
{
    SHARED float sums[WarpLanes];
    SHARED float squares[WarpLanes];
    admit_launches();
    i32 row = block_x();
    float* stream = residual + ((u64)row * residual_stride);
    i32 step = block_threads() * 4;
    i32 first = thread_index() * 4;
    await_launches();
    f32x4 kept[Steps];
    float sum = 0;
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        i32 column = first + (i * step);
        kept[i] = 0;
        if (column < columns)
        {
            kept[i] = *(const f32x4*)(stream + column);
            if (delta)
            {
                kept[i] += *(const f32x4*)(delta + ((u64)row * delta_stride) + column);
                *(f32x4*)(stream + column) = kept[i];
            }

            sum += sum_of(kept[i]);
        }
    }

    float mean = block_sum(sum, sums) / columns;
    sum = 0;
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        // Columns behind the last one, which are zeros, have no part in the squares and stay zeros.
        i32 left = columns - (first + (i * step));
        kept[i].x = left > 0 ? kept[i].x - mean : 0;
        kept[i].y = left > 1 ? kept[i].y - mean : 0;
        kept[i].z = left > 2 ? kept[i].z - mean : 0;
        kept[i].w = left > 3 ? kept[i].w - mean : 0;
        sum += sum_of(kept[i] * kept[i]);
    }

    float scale = 1 / __builtin_sqrtf((block_sum(sum, squares) / columns) + epsilon);
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        i32 column = first + (i * step);
        f32x4 normed = 0;
        if (column < columns)
        {
            normed = kept[i] * scale * *(const f32x4*)(norm + column);
            if (bias)
            {
                normed += *(const f32x4*)(bias + column);
            }

            *(f32x4*)(output + ((u64)row * output_stride) + column) = normed;
        }

        // The same for all lanes of a warp.
        i32 group = (warp_index() + (i * block_warps()));
        if (to.planes && group < to.groups)
        {
            prepare_group(to, row, group, normed, to.scale);
        }
    }
}

struct Turned
{
    float* query;
    float* key;          // null: none
    const float* angles; // of each row a cosine for each pair, a sine for each, and what queries are multiplied with
    i32 query_stride;
    i32 key_stride;
    i32 query_heads;
    i32 key_heads;
    i32 size;
    i32 angle_stride;
    i32 pairs;
    i32 neighbours; // whether a pair is 2i and 2i + 1, not i and i + pairs
    i32 grows;      // whether queries are multiplied
};

// The heads of queries and keys turn, in place. A warp has one head of one token. Grid (heads of both / warps, rows).
GLOBAL BOUNDS(128) void rotate(Turned heads)
{
    admit_launches();
    await_launches();
    i32 row = block_y();
    i32 job = (block_x() * block_warps()) + warp_index();
    if (job >= heads.query_heads + heads.key_heads)
    {
        return;
    }

    bool is_query = job < heads.query_heads;
    float* head = is_query ? heads.query + ((u64)row * heads.query_stride) + (job * heads.size) : heads.key + ((u64)row * heads.key_stride) + ((job - heads.query_heads) * heads.size);
    const float* angles = heads.angles + ((u64)row * heads.angle_stride);
    float factor = is_query && heads.grows ? angles[2 * heads.pairs] : 1;
    for (i32 i = lane_index(); i < heads.pairs; i += WarpLanes)
    {
        i32 first = heads.neighbours ? 2 * i : i;
        i32 second = heads.neighbours ? (2 * i) + 1 : i + heads.pairs;
        float a = head[first];
        float b = head[second];
        float cosine = angles[i];
        float sine = angles[heads.pairs + i];
        head[first] = ((a * cosine) - (b * sine)) * factor;
        head[second] = ((b * cosine) + (a * sine)) * factor;
    }

    if (factor != 1)
    {
        for (i32 i = (2 * heads.pairs) + lane_index(); i < heads.size; i += WarpLanes)
        {
            head[i] *= factor;
        }
    }
}

// To 2e-7 of 1, near zero of the result.
DEVICE float tanh_of(float x)
{
    float magnitude = __builtin_fabsf(x);
    if (magnitude < 0.125f)
    {
        float square = x * x;
        return x * (1 + (square * (-0.333333333f + (square * (0.133333333f + (square * -0.0539682540f))))));
    }

    float falls = exp_fast(-2 * magnitude);
    return __builtin_copysignf((1 - falls) / (1 + falls), x);
}

// logits *= factor, and where there is a cap they become cap * tanh(logit / cap). Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void finish_logits(float* logits, i32 stride, i32 columns, float factor, float cap)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        float* at = logits + ((u64)block_y() * stride) + column;
        float logit = *at * factor;
        *at = cap > 0 ? cap * tanh_of(logit / cap) : logit;
    }
}

// weights[i] *= factors[experts[i]], of every pair of a token and an expert. Grid (pairs / threads).
GLOBAL BOUNDS(256) void weigh_routes(float* weights, const i32* experts, const float* factors, i32 pairs)
{
    admit_launches();
    await_launches();
    i32 pair = (block_x() * block_threads()) + thread_index();
    if (pair < pairs)
    {
        weights[pair] *= factors[experts[pair]];
    }
}

// Octet.Backends.Nonlinearity, in its order.
enum Nonlinearity : i32
{
    OfGelu,
    OfGeluTanh,
    OfRelu,
    OfSquaredRelu,
    OfSilu,
    OfTanh,
};

// states = f(states). Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void apply(float* states, i32 stride, i32 columns, Nonlinearity function)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        float* at = states + ((u64)block_y() * stride) + column;
        float x = *at;

        // NaN stays NaN.
        float positive = x < 0 ? 0 : x;
        *at = function == OfGelu ? x * (1 + error_function(x * 0.7071067811865476f)) * 0.5f
            : function == OfGeluTanh ? x * logistic(1.5957691216057308f * (x + (0.044715f * x * x * x)))
            : function == OfRelu ? positive
            : function == OfSquaredRelu ? positive * positive
            : function == OfSilu ? x * logistic(x)
            : tanh_of(x);
    }
}

// exp(x) - 1 of x up to 0, to 2e-7 of the result.
DEVICE float exp_less_one(float x)
{
    if (x > -0.25f)
    {
        return x * (1 + (x * (0.5f + (x * (0.166666667f + (x * (0.0416666667f + (x * (0.00833333333f + (x * (0.00138888889f + (x * 0.000198412698f))))))))))));
    }

    return exp_fast(x) - 1;
}

// x above 0: positive * x^2 + beta * x; otherwise (exp(min(x, limit)) - 1 - x) * negative + beta * x. Grid (columns / threads, rows).
GLOBAL BOUNDS(256) void apply_xielu(float* states, i32 stride, i32 columns, float positive, float negative, float beta, float limit)
{
    admit_launches();
    await_launches();
    i32 column = (block_x() * block_threads()) + thread_index();
    if (column < columns)
    {
        float* at = states + ((u64)block_y() * stride) + column;
        float x = *at;
        *at = (x > 0 ? positive * x * x : (exp_less_one(x > limit ? limit : x) - x) * negative) + (beta * x);
    }
}

// destination = source times the weight of the one expert that a token goes to, which becomes 1. Grid (rows).
GLOBAL BOUNDS(256) void weigh_inputs(const float* source, float* weights, float* destination, i32 source_stride, i32 destination_stride, i32 columns)
{
    admit_launches();
    await_launches();
    i32 row = block_x();
    float weight = weights[row];
    for (i32 column = thread_index(); column < columns; column += block_threads())
    {
        destination[((u64)row * destination_stride) + column] = source[((u64)row * source_stride) + column] * weight;
    }

    sync_block();
    if (thread_index() == 0)
    {
        weights[row] = 1;
    }
}
