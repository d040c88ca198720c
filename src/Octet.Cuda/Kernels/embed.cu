// embed: rows of a table, widened, times their scales and a factor. Grid (rows).
#include "widened.cuh"

struct Table
{
    const u8* data;
    const float* scales; // null: none
    u64 row_bytes;
    i32 block_rows;
    i32 block_columns;
    i32 scale_stride;
    float factor;
};

template<typename Element>
DEVICE void embed(const Table& table, const i32* ids, float* output, i32 stride, i32 columns)
{
    admit_launches();
    await_launches();
    i32 row = block_x();
    i32 id = ids[row];
    const u8* source = table.data + ((u64)id * table.row_bytes);
    const float* scales = table.scales + ((u64)(id / table.block_rows) * table.scale_stride);
    for (i32 column = thread_index() * 4; column < columns; column += block_threads() * 4)
    {
        f32x4 x = Element::load(source + (column * Element::Bytes));
        if (table.scales)
        {
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                x[i] *= scales[least(column + i, columns - 1) / table.block_columns];
            }
        }

        *(f32x4*)(output + ((u64)row * stride) + column) = x * table.factor;
    }
}

#define EMBED(name, element) \
    GLOBAL BOUNDS(256) void embed_##name(Table table, const i32* ids, float* output, i32 stride, i32 columns) { embed<element>(table, ids, output, stride, columns); }

EMBED(e4m3, E4M3)
EMBED(e5m2, E5M2)
EMBED(f16, F16)
EMBED(bf16, BF16)
EMBED(f32, F32)
