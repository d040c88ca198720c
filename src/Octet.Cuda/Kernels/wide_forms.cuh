// What linear_wide multiplies a group of 128 columns of: the products of 64 rows with 128 columns by a warpgroup. A stage has the rows of the block's tile, then
// the columns. Pieces of a group lie one behind the other, each with 128 bytes a row, swizzled; codes that are widened in registers have pieces of 64 bytes a
// row, so that eight lanes, four of each of two rows, read 128 bytes that lie together.
#pragma once
#include "warpgroup.cuh"
#include "weights.cuh"

constexpr i32 TileColumns = ProductColumns;

// E4M3 inputs, multiplied in 8 bits. Pieces are what a copy brings of a group of a row; AreCodes: inputs are a byte each.
template<void (*Product)(float (&)[ProductSums], u64, u64, i32)>
struct Codes
{
    static constexpr bool AreCodes = true;
    static constexpr i32 RowPieces = 1;
    static constexpr i32 RowPieceBytes = 128;
    static constexpr i32 ColumnPieces = 1;

    DEVICE void multiply(float (&sums)[ProductSums], u32 rows, i32 first_row, u32 columns)
    {
        begin_products();
        UNROLL for (i32 i = 0; i < 4; i++)
        {
            Product(sums, swizzled_matrix(rows + (first_row * 128) + (i * 32)), swizzled_matrix(columns + (i * 32)), i);
        }

        end_products();
    }
};

// Weights and inputs of 16 bits.
template<i32 TileRows, void (*Product)(float (&)[ProductSums], u64, u64, i32)>
struct Shorts
{
    static constexpr bool AreCodes = false;
    static constexpr i32 RowPieces = 2;
    static constexpr i32 RowPieceBytes = 128;
    static constexpr i32 ColumnPieces = 2;

    DEVICE void multiply(float (&sums)[ProductSums], u32 rows, i32 first_row, u32 columns)
    {
        begin_products();
        UNROLL for (i32 i = 0; i < 8; i++)
        {
            Product(sums, swizzled_matrix(rows + (i / 4 * TileRows * 128) + (first_row * 128) + (i % 4 * 32)), swizzled_matrix(columns + (i / 4 * TileColumns * 128) + (i % 4 * 32)), i);
        }

        end_products();
    }
};

// Weights of 8 bits that become float16 in registers, inputs of float16 in the order in which the lanes have them (prepare.cuh).
template<i32 TileRows, typename Weights>
struct Widened
{
    static constexpr bool AreCodes = false;
    static constexpr i32 RowPieces = 2;
    static constexpr i32 RowPieceBytes = 64;
    static constexpr i32 ColumnPieces = 2;

    DEVICE void multiply(float (&sums)[ProductSums], u32 rows, i32 first_row, u32 columns)
    {
        // Each warp has 16 rows, a row's four lanes read what lies together. What follows from the thread takes no registers between products.
        u32 thread = (u32)thread_index_again();
        u32 at = rows + (first_row * RowPieceBytes) + ((thread & (WarpgroupThreads - WarpLanes)) * (16 * RowPieceBytes / WarpLanes)) + ((thread & (WarpLanes - 1)) * 16);
        // Half of the group is widened while the other half is multiplied.
        UNROLL for (i32 half = 0; half < 2; half++)
        {
            u32x4 upper = load_shared(at + (half * TileRows * RowPieceBytes));
            u32x4 lower = load_shared(at + (half * TileRows * RowPieceBytes) + (8 * RowPieceBytes));
            u32x4 operands[4];
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                operands[i] = operand<Weights>(&upper, &lower, i);
                settle(operands[i]);
            }

            begin_products();
            UNROLL for (i32 i = 0; i < 4; i++)
            {
                product_of_registers(sums, operands[i], swizzled_matrix(columns + (half * TileColumns * 128) + (i * 32)), half + i);
            }
        }

        end_products();
    }
};
