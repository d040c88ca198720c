// add_rms_norm: residual += delta; output = residual / sqrt(mean(residual^2) + epsilon) * norm, and where it is wanted the operands of the linear
// layers that take it. Grid (rows); a thread has 4 columns of every 4 * threads, at most four times: a warp's share of each is one group.
#include "prepare.cuh"

constexpr i32 Steps = 4;

GLOBAL BOUNDS(1024) void add_rms_norm(float* residual, const float* delta, const float* norm, float* output, i32 residual_stride, i32 delta_stride, i32 output_stride, i32 columns, float epsilon, Preparation to)
{
    SHARED float squares[WarpLanes];
    admit_launches();
    i32 row = block_x();
    float* stream = residual + ((u64)row * residual_stride);
    i32 step = block_threads() * 4;
    i32 first = thread_index() * 4;
    f32x4 kept[Steps];
    f32x4 factors[Steps];
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        i32 column = first + (i * step);
        factors[i] = 0;
        if (column < columns)
        {
            factors[i] = *(const f32x4*)(norm + column);
        }
    }

    await_launches();
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
            }

            sum += (kept[i].x * kept[i].x) + (kept[i].y * kept[i].y) + (kept[i].z * kept[i].z) + (kept[i].w * kept[i].w);
        }
    }

    sum = warp_sum(sum);
    if (lane_index() == 0)
    {
        squares[warp_index()] = sum;
    }

    sync_block();
    sum = warp_sum(lane_index() < block_warps() ? squares[lane_index()] : 0);
    float scale = 1 / __builtin_sqrtf((sum / columns) + epsilon);
    UNROLL for (i32 i = 0; i < Steps; i++)
    {
        i32 column = first + (i * step);
        f32x4 normed = kept[i] * scale * factors[i];
        if (column < columns)
        {
            if (delta)
            {
                *(f32x4*)(stream + column) = kept[i];
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
