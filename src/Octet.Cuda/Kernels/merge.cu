// merge: joins the splits of attention, and where it is wanted makes the operands of the linear layer that takes the outputs. A warp has 128 columns of a
// row, 4 a lane, which are of one head each. Grid (rows, groups of columns).
#include "attend.cuh"
#include "prepare.cuh"

GLOBAL BOUNDS(32) void merge(Attention attention, i32 heads, i32 size, i32 splits, Preparation to)
{
    admit_launches();
    await_launches();
    i32 row = block_x();
    i32 column = (block_y() * Group) + (lane_index() * 4);
    f32x4 output = 0;
    if (column < heads * size)
    {
        i32 head = column / size;
        const float* parts = attention.parts + (((u64)row * heads) + head) * splits * (size + 2);
        float largest = NegativeInfinity;
        for (i32 i = 0; i < splits; i++)
        {
            largest = greatest(largest, parts[i * (size + 2)]);
        }

        float sum = 0;
        for (i32 i = 0; i < splits; i++)
        {
            const float* part = parts + (i * (size + 2));
            if (part[0] != NegativeInfinity)
            {
                float weight = weight_of(part[0], largest);
                sum += weight * part[1];
                const float* values = part + 2 + (column % size);
                f32x2 low = *(const f32x2*)values;
                f32x2 high = *(const f32x2*)(values + 2);
                output += (f32x4){low.x, low.y, high.x, high.y} * weight;
            }
        }

        UNROLL for (i32 i = 0; i < 4; i++)
        {
            output[i] = finished(attention, head, output[i], largest, sum);
        }

        *(f32x4*)(attention.output + ((u64)row * attention.output_stride) + column) = output;
    }

    if (to.planes)
    {
        prepare_group(to, row, block_y(), output, to.scale);
    }
}
