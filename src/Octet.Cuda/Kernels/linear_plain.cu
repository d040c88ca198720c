// linear_plain: float32 weights, which have no product of matrices that keeps their bits. A warp has one output of up to 8 tokens.
// Grid (outputs / warps, tokens / 8).
#include "shim.cuh"

constexpr i32 Tokens = 8;

GLOBAL BOUNDS(256) void linear_plain(const float* weight, u64 row_floats, const float* bias, const float* input, i32 input_stride, float* output, i32 output_stride, i32 outputs, i32 columns, i32 rows)
{
    i32 lane = lane_index();
    i32 place = (block_x() * block_warps()) + warp_index();
    i32 first = block_y() * Tokens;
    if (place >= outputs)
    {
        return;
    }

    const float* source = weight + (place * row_floats);
    float sums[Tokens] = {};
    for (i32 column = lane * 4; column < columns; column += WarpLanes * 4)
    {
        f32x4 factors = *(const f32x4*)(source + column);
        UNROLL for (i32 i = 0; i < Tokens; i++)
        {
            f32x4 x = *(const f32x4*)(input + ((u64)least(first + i, rows - 1) * input_stride) + column);
            sums[i] += (factors.x * x.x) + (factors.y * x.y) + (factors.z * x.z) + (factors.w * x.w);
        }
    }

    UNROLL for (i32 i = 0; i < Tokens; i++)
    {
        float sum = warp_sum(sums[i]);
        if (lane == 0 && first + i < rows)
        {
            output[((u64)(first + i) * output_stride) + place] = sum + (bias ? bias[place] : 0);
        }
    }
}
