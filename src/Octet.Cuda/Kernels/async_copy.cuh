// Copies from global to shared memory that go on while a block computes.
#pragma once
#include "shim.cuh"

DEVICE u32 shared_address(const void* at) { return (u32)(u64)(const __attribute__((address_space(3))) void*)at; }

DEVICE void copy_async(u32 to, const void* from) { asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" : : "r"(to), "l"(from) : "memory"); }
DEVICE void copy_async_8(u32 to, const void* from) { asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" : : "r"(to), "l"(from) : "memory"); }
DEVICE void end_copies() { asm volatile("cp.async.commit_group;" : : : "memory"); }

// Waits until at most so many of the groups of copies that were ended are under way.
template<i32 Pending>
DEVICE void await_copies() { asm volatile("cp.async.wait_group %0;" : : "n"(Pending) : "memory"); }

DEVICE u32x4 load_shared(u32 at)
{
    u32x4 value;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "r"(at));
    return value;
}

DEVICE u32x2 load_shared_8(u32 at)
{
    u32x2 value;
    asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];" : "=r"(value.x), "=r"(value.y) : "r"(at));
    return value;
}

// Four matrices of 8 rows of 16 bytes, whose addresses are those of lanes 8i to 8i + 7: of each lane (g = lane / 4, t = lane % 4) word t of row g.
DEVICE u32x4 load_matrices(u32 row)
{
    u32x4 words;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w) : "r"(row));
    return words;
}
