// What CUDA's headers would give: the little that these kernels use, so that clang alone compiles them to PTX.
#pragma once

#define GLOBAL extern "C" __attribute__((global))
#define DEVICE static __attribute__((device)) __attribute__((always_inline)) inline
#define SHARED __attribute__((shared))
#define BOUNDS(threads) __attribute__((launch_bounds(threads)))
#define RESIDENT_BOUNDS(threads, blocks) __attribute__((launch_bounds(threads, blocks)))
#define UNROLL _Pragma("unroll")
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef float f32x4 __attribute__((ext_vector_type(4)));

constexpr u32 AllLanes = 0xffffffff;
constexpr i32 WarpLanes = 32;

// Columns that share a scale, and the unit in which linear layers are summed.
constexpr i32 Group = 128;

DEVICE i32 thread_index() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE i32 block_threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE i32 block_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }

// The same, asked for anew: what follows from it takes no registers in between.
DEVICE i32 block_x_again()
{
    i32 result;
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(result));
    return result;
}

DEVICE i32 thread_index_again()
{
    i32 result;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(result));
    return result;
}

DEVICE i32 block_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE i32 block_z() { return __nvvm_read_ptx_sreg_ctaid_z(); }
DEVICE i32 blocks_x() { return __nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE i32 blocks_y() { return __nvvm_read_ptx_sreg_nctaid_y(); }
DEVICE i32 blocks_z() { return __nvvm_read_ptx_sreg_nctaid_z(); }
DEVICE i32 lane_index() { return thread_index() & (WarpLanes - 1); }
DEVICE i32 warp_index() { return thread_index() / WarpLanes; }
DEVICE i32 block_warps() { return block_threads() / WarpLanes; }
DEVICE void sync_block() { __syncthreads(); }
DEVICE void sync_warp() { __nvvm_bar_warp_sync(AllLanes); }

// A launch may begin while those before it end (see CudaFunction): before this nothing may be written, and nothing read that they write. Every warp
// of a kernel that has it waits, whatever else it does. Cards before sm_90 begin a launch when those before it have ended.
DEVICE void await_launches()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" : : : "memory");
#endif
}

// The next launch may begin, as far as there is room beside this one: when all blocks have said so, or ended.
DEVICE void admit_launches()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" : : : "memory");
#endif
}

DEVICE i32 least(i32 a, i32 b) { return a < b ? a : b; }
DEVICE i32 most(i32 a, i32 b) { return a > b ? a : b; }
DEVICE u32 most(u32 a, u32 b) { return a > b ? a : b; }
DEVICE float greatest(float a, float b) { return __builtin_fmaxf(a, b); }
DEVICE u32 bits_of(float value) { return __builtin_bit_cast(u32, value); }
DEVICE float float_of(u32 bits) { return __builtin_bit_cast(float, bits); }
DEVICE bool is_finite(float value) { return (bits_of(value) & 0x7f800000) != 0x7f800000; }

DEVICE float exchange(float value, i32 mask) { return __nvvm_shfl_sync_bfly_f32(AllLanes, value, mask, 31); }
DEVICE u32 exchange(u32 value, i32 mask) { return __nvvm_shfl_sync_bfly_i32(AllLanes, value, mask, 31); }
DEVICE float from_lane(float value, i32 lane) { return __nvvm_shfl_sync_idx_f32(AllLanes, value, lane, 31); }
DEVICE i32 from_lane(i32 value, i32 lane) { return __nvvm_shfl_sync_idx_i32(AllLanes, value, lane, 31); }

// The same sum in every lane, always added in the same order.
DEVICE float warp_sum(float value)
{
    UNROLL for (i32 mask = WarpLanes / 2; mask > 0; mask /= 2)
    {
        value += exchange(value, mask);
    }

    return value;
}

DEVICE u32 warp_most(u32 value)
{
    UNROLL for (i32 mask = WarpLanes / 2; mask > 0; mask /= 2)
    {
        value = most(value, exchange(value, mask));
    }

    return value;
}

// The same of numbers, of which the order is of no matter.
DEVICE u32 warp_count(u32 value) { return (u32)__nvvm_redux_sync_add((i32)value, (i32)AllLanes); }
DEVICE u32 ballot(bool holds) { return (u32)__nvvm_vote_ballot_sync(AllLanes, holds); }

// 2^x, to 2 ulp; 0 for what is far below.
DEVICE float exp2_fast(float x)
{
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

constexpr float NegativeInfinity = -__builtin_inff();
constexpr float Log2E = 1.4426950408889634f;

DEVICE float exp_fast(float x) { return exp2_fast(x * Log2E); }

// 1 / (1 + exp(-x)).
DEVICE float logistic(float x) { return 1 / (1 + exp_fast(-x)); }

// A pointer that may be null loses its address space on the way.
template<typename T>
DEVICE T load_global(const T* address) { return *(const __attribute__((address_space(1))) T*)address; }

template<typename T>
DEVICE void store_global(T* address, T value) { *(__attribute__((address_space(1))) T*)address = value; }

// 16 bytes that are read once: they take no room from what is read again. Not as memory that nobody writes while the kernel runs (.nc): the launch before may
// still do that when this one begins.
DEVICE u32x4 load_once(const void* address)
{
    u32x4 value;
    asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
        : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "l"(address));
    return value;
}
