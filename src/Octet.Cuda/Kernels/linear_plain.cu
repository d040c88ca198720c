// linear_plain: float32 weights, which have no product of matrices that keeps their bits. A warp has one output of up to 8 tokens.
// Grid (outputs / warps, tokens / 8).
#include "numbers.cuh"

constexpr i32 Tokens = 8;

struct PlainLayer
{
    const float* weight;
    const float* bias; // null: 0
    float* output;
    u64 row_floats;
    i32 output_stride;
    i32 outputs;
    i32 columns;
};

// Rows as they are, times what each column is multiplied with before.
struct PlainInputs
{
    const float* rows;
    const float* factors; // null: 1
    i32 stride;
    i32 count;
};

// Rows as codes with their scales, where prepare.cuh has put them in the order of columns: one float16 of each.
struct CodedInputs
{
    const u16* planes;
    const float* scales;
    i32 scale_stride;
    i32 groups;
    i32 count;
};

DEVICE f32x4 load_inputs(const PlainInputs& inputs, i32 row, i32 column)
{
    f32x4 x = *(const f32x4*)(inputs.rows + ((u64)row * inputs.stride) + column);
    return inputs.factors ? x * load_global((const f32x4*)(inputs.factors + column)) : x;
}

DEVICE f32x4 load_inputs(const CodedInputs& inputs, i32 row, i32 column)
{
    u32x2 codes = load_global((const u32x2*)(inputs.planes + ((u64)row * inputs.groups * Group) + column));
    float scale = load_global(inputs.scales + ((u64)(column / Group) * inputs.scale_stride) + row);
    return (f32x4){low_f16(codes.x), high_f16(codes.x), low_f16(codes.y), high_f16(codes.y)} * scale;
}

template<typename Inputs>
DEVICE void linear_plain(const PlainLayer& layer, const Inputs& inputs)
{
    i32 lane = lane_index();
    i32 place = (block_x() * block_warps()) + warp_index();
    i32 first = block_y() * Tokens;
    if (place >= layer.outputs)
    {
        return;
    }

    const float* source = layer.weight + (place * layer.row_floats);
    float sums[Tokens] = {};
    for (i32 column = lane * 4; column < layer.columns; column += WarpLanes * 4)
    {
        f32x4 weight = *(const f32x4*)(source + column);
        UNROLL for (i32 i = 0; i < Tokens; i++)
        {
            f32x4 x = load_inputs(inputs, least(first + i, inputs.count - 1), column);
            sums[i] += (weight.x * x.x) + (weight.y * x.y) + (weight.z * x.z) + (weight.w * x.w);
        }
    }

    UNROLL for (i32 i = 0; i < Tokens; i++)
    {
        float sum = warp_sum(sums[i]);
        if (lane == 0 && first + i < inputs.count)
        {
            layer.output[((u64)(first + i) * layer.output_stride) + place] = sum + (layer.bias ? layer.bias[place] : 0);
        }
    }
}

GLOBAL BOUNDS(256) void linear_plain_rows(PlainLayer layer, PlainInputs inputs) { linear_plain(layer, inputs); }
GLOBAL BOUNDS(256) void linear_plain_codes(PlainLayer layer, CodedInputs inputs) { linear_plain(layer, inputs); }
