// What is around states: a short causal convolution over each channel by itself, in place, and norms of what is read with its gate.
#include "shim.cuh"

constexpr i32 MostTaps = 4;

// Rows that a thread has on their way at once.
constexpr i32 Ahead = 8;

// Some rows of one sequence in a step, and its states, of which the lowest bits are flags; 0: the rows are nobody's.
struct Tile
{
    i32 row;
    i32 count;
    u64 states;
};

constexpr u64 Begins = 1; // before these rows there are none: inputs before them are zeros, whatever is in memory
constexpr u64 IsFirst = 2; // of the sequence's tiles in this step
constexpr u64 IsLast = 4;
constexpr u64 Flags = 63;

struct Convolution
{
    const Tile* tiles;
    u64 offset;             // bytes before the last inputs that a sequence keeps for the layer, [tap but the last][channel]
    float* mixed;
    const float* taps;      // [tap][channel], the last one for the token itself
    const float* bias;      // null: none
    float* edges;           // [tile][tap but the last][channel]: the inputs before each tile; null: no sequence has two tiles
    i32 stride;
    i32 channels;
    i32 tap_count;
    i32 has_silu;
};

// The input of place i of those before the first tile of a sequence in a step.
DEVICE float kept_input(const Convolution& layer, const Tile& tile, i32 i, i32 channel)
{
    return tile.states & Begins ? 0 : load_global((const float*)((tile.states & ~Flags) + layer.offset) + ((u64)i * layer.channels) + channel);
}

// Before outputs take the place of inputs: those that the next tile of the same sequence begins with. A tile that is not the last of its sequence has at least as
// many rows as there are taps. Grid (channels / threads, tiles).
GLOBAL BOUNDS(256) void keep_edges(Convolution layer)
{
    admit_launches();
    await_launches();
    i32 channel = (block_x() * block_threads()) + thread_index();
    Tile tile = layer.tiles[block_y()];
    if (channel >= layer.channels || tile.states == 0)
    {
        return;
    }

    i32 before = layer.tap_count - 1;
    float* edges = layer.edges + ((u64)block_y() * before * layer.channels) + channel;
    const float* inputs = layer.mixed + ((u64)tile.row * layer.stride) + channel;
    UNROLL for (i32 i = 0; i < MostTaps - 1; i++)
    {
        if (i < before)
        {
            edges[(u64)i * layer.channels] = tile.states & IsFirst ? kept_input(layer, tile, i, channel) : *(inputs - ((u64)(before - i) * layer.stride));
        }
    }
}

// Grid (channels / threads, tiles).
GLOBAL BOUNDS(256) void convolve(Convolution layer)
{
    admit_launches();
    i32 channel = (block_x() * block_threads()) + thread_index();
    i32 before = layer.tap_count - 1;
    i32 missing = MostTaps - layer.tap_count;
    bool is_channel = channel < layer.channels;
    float taps[MostTaps];
    UNROLL for (i32 i = 0; i < MostTaps; i++)
    {
        taps[i] = is_channel && i >= missing ? layer.taps[((u64)(i - missing) * layer.channels) + channel] : 0;
    }

    float bias = is_channel && layer.bias ? load_global(layer.bias + channel) : 0;
    await_launches();
    Tile tile = layer.tiles[block_y()];
    if (!is_channel || tile.states == 0)
    {
        return;
    }

    float inputs[MostTaps - 1];
    UNROLL for (i32 i = 0; i < MostTaps - 1; i++)
    {
        inputs[i] = i < missing ? 0 : layer.edges ? load_global(layer.edges + ((((u64)block_y() * before) + (i - missing)) * layer.channels) + channel) : kept_input(layer, tile, i - missing, channel);
    }

    float* mixed = layer.mixed + ((u64)tile.row * layer.stride) + channel;
    KEEP_LOOP for (i32 first = 0; first < tile.count; first += Ahead)
    {
        float next[Ahead];
        UNROLL for (i32 i = 0; i < Ahead; i++)
        {
            next[i] = first + i < tile.count ? mixed[(u64)(first + i) * layer.stride] : 0;
        }

        UNROLL for (i32 i = 0; i < Ahead; i++)
        {
            if (first + i < tile.count)
            {
                float sum = bias + (inputs[0] * taps[0]) + (inputs[1] * taps[1]) + (inputs[2] * taps[2]) + (next[i] * taps[3]);
                mixed[(u64)(first + i) * layer.stride] = layer.has_silu ? sum * logistic(sum) : sum;
                inputs[0] = inputs[1];
                inputs[1] = inputs[2];
                inputs[2] = next[i];
            }
        }
    }

    if (tile.states & IsLast)
    {
        float* kept = (float*)((tile.states & ~Flags) + layer.offset) + channel;
        UNROLL for (i32 i = 0; i < MostTaps - 1; i++)
        {
            if (i >= missing)
            {
                store_global(kept + ((u64)(i - missing) * layer.channels), inputs[i]);
            }
        }
    }
}

// The same sum in every thread of a block.
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

// gate = silu(gate) times the norm of every head of states, or the norm of silu(gate) times states. Grid (heads, rows).
template<bool GatesFirst>
DEVICE void gate_heads(const float* states, float* gate, const float* norm, i32 states_stride, i32 gate_stride, i32 size, float epsilon, float* squares)
{
    admit_launches();
    await_launches();
    states += ((u64)block_y() * states_stride) + ((u64)block_x() * size);
    gate += ((u64)block_y() * gate_stride) + ((u64)block_x() * size);
    float sum = 0;
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        float x = states[i];
        if (GatesFirst)
        {
            x *= gate[i] * logistic(gate[i]);
            gate[i] = x;
        }

        sum += x * x;
    }

    float scale = 1 / __builtin_sqrtf((block_sum(sum, squares) / size) + epsilon);
    for (i32 i = thread_index(); i < size; i += block_threads())
    {
        gate[i] = GatesFirst ? gate[i] * scale * norm[i] : states[i] * scale * norm[i] * gate[i] * logistic(gate[i]);
    }
}

// The norm of each head is the same.
GLOBAL BOUNDS(1024) void norm_and_gate(const float* states, float* gate, const float* norm, i32 states_stride, i32 gate_stride, i32 size, float epsilon)
{
    SHARED float squares[WarpLanes];
    gate_heads<false>(states, gate, norm, states_stride, gate_stride, size, epsilon, squares);
}

// The norm is as wide as a row.
GLOBAL BOUNDS(1024) void gate_and_norm(const float* states, float* gate, const float* norm, i32 states_stride, i32 gate_stride, i32 size, float epsilon)
{
    SHARED float squares[WarpLanes];
    gate_heads<true>(states, gate, norm + ((u64)block_x() * size), states_stride, gate_stride, size, epsilon, squares);
}
