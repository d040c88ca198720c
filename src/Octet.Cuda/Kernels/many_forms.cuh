// What linear_many multiplies a group of 128 columns of: how rows lie in shared memory, and how a warp loads and multiplies 16 rows of weights and 8 columns of inputs.
#pragma once
#include "async_copy.cuh"
#include "weights.cuh"

constexpr i32 ChunkBytes = 16;

// Products of 16 bits: weights of 8 bits are widened in registers, inputs are in their lanes' order (prepare.cuh). A lane loads 16 bytes of a row, four lanes 64
// that lie together: of odd rows the halves of every 128 bytes change places, so that eight lanes, of the rows g and g + 1, read all banks.
template<typename Weights>
struct Halves
{
    static constexpr i32 RowBytes = Group * Weights::Bytes;
    static constexpr i32 ColumnBytes = Group * 2;
    static constexpr i32 Products = 8;
    static constexpr i32 ColumnWords = 4;
    static constexpr float Factor = Weights::Factor;
    DEVICE i32 swizzled(i32 row, i32 chunk) { return chunk ^ ((row & 1) * 4); }

    DEVICE void load_rows(u32x4* operands, u32 rows, i32 first)
    {
        u32x4 upper[Weights::Loads];
        u32x4 lower[Weights::Loads];
        i32 row = first + (lane_index() / 4);
        UNROLL for (i32 i = 0; i < Weights::Loads; i++)
        {
            u32 from = rows + (row * RowBytes) + (swizzled(row, (i * 4) + (lane_index() % 4)) * ChunkBytes);
            upper[i] = load_shared(from);
            lower[i] = load_shared(from + (8 * RowBytes));
        }

        UNROLL for (i32 product = 0; product < Products; product++)
        {
            operands[product] = operand<Weights>(upper, lower, product);
        }
    }

    DEVICE void load_columns(u32x4* words, u32 columns, i32 first)
    {
        i32 column = first + (lane_index() / 4);
        UNROLL for (i32 i = 0; i < ColumnWords; i++)
        {
            words[i] = load_shared(columns + (column * ColumnBytes) + (swizzled(column, (i * 4) + (lane_index() % 4)) * ChunkBytes));
        }
    }

    DEVICE f32x4 products(const u32x4* rows, const u32x4* columns) { return group_products<Weights>(rows, columns); }
};

// Products of 8 bits, of columns as they are. Operands are loaded as matrices of 8 rows of 16 bytes (ldmatrix), in the registers where products take them; the
// chunks of a row are permuted by its number, so that the same chunk of eight rows lies in all banks.
template<void (*Product)(f32x4&, u32x4, u32, u32)>
struct Codes
{
    static constexpr i32 RowBytes = Group;
    static constexpr i32 ColumnBytes = Group;
    static constexpr i32 Products = 4;
    static constexpr i32 ColumnWords = 2;
    static constexpr float Factor = 1;
    DEVICE i32 swizzled(i32 row, i32 chunk) { return chunk ^ (row & 7); }

    // Of a product of 32 columns two chunks of rows 0 to 7 and of rows 8 to 15.
    DEVICE void load_rows(u32x4* operands, u32 rows, i32 first)
    {
        i32 row = first + (lane_index() % 16);
        u32 from = rows + (row * RowBytes) + (swizzled(row, lane_index() / 16) * ChunkBytes);
        UNROLL for (i32 product = 0; product < Products; product++)
        {
            operands[product] = load_matrices(from ^ (product * 2 * ChunkBytes));
        }
    }

    // Of two products their chunks of 8 columns.
    DEVICE void load_columns(u32x4* words, u32 columns, i32 first)
    {
        i32 column = first + (lane_index() % 8);
        u32 from = columns + (column * ColumnBytes) + (swizzled(column, lane_index() / 8) * ChunkBytes);
        UNROLL for (i32 i = 0; i < ColumnWords; i++)
        {
            words[i] = load_matrices(from ^ (i * 4 * ChunkBytes));
        }
    }

    DEVICE f32x4 products(const u32x4* rows, const u32x4* columns)
    {
        f32x4 sums = 0;
        UNROLL for (i32 i = 0; i < Products; i++)
        {
            Product(sums, rows[i], columns[i / 2][(i % 2) * 2], columns[i / 2][((i % 2) * 2) + 1]);
        }

        return sums;
    }
};
