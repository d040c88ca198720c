// What sm_90a has: copies of tiles by the tensor memory accelerator into shared memory (phases of barriers there tell of their bytes), and products of 64 rows
// with 128 columns by the four warps of a warpgroup, out of shared memory, in order of issue, while the warps go on.
//
// Sums of a warpgroup's product: register 4j + 2h + i of lane 4g + t of its warp w is row 16w + g + 8h, column 8j + 2t + i.
#pragma once
#include "async_copy.cuh"

constexpr i32 WarpgroupThreads = 128;
constexpr i32 ProductColumns = 128;
constexpr i32 ProductSums = 64;

// What cuTensorMapEncodeTiled writes.
struct __attribute__((aligned(64))) TensorMap
{
    u8 bytes[128];
};

// The address of a kernel's first parameter, where its tensor maps lie: taking it in C++ would copy them to memory of the thread, where the accelerator does
// not find them.
#define FIRST_PARAMETER(kernel, address) asm("{ .reg .u64 t; mov.u64 t, " #kernel "_param_0; cvta.param.u64 %0, t; }" : "=l"(address))

DEVICE void begin_barrier(u32 barrier, i32 arrivals) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(barrier), "r"(arrivals) : "memory"); }

// Barriers that were begun are seen by the accelerator too.
DEVICE void publish_barriers() { asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async.shared::cta;" : : : "memory"); }

// What this thread wrote to shared memory by ordinary stores is seen by the accelerator, and by products, behind this.
DEVICE void publish_shared() { asm volatile("fence.proxy.async.shared::cta;" : : : "memory"); }

// What launches before wrote by ordinary stores is seen by copies that this thread asks the accelerator for behind this.
DEVICE void publish_memory() { asm volatile("fence.proxy.async.global;" : : : "memory"); }

DEVICE void arrive(u32 barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" : : "r"(barrier) : "memory"); }

DEVICE void arrive_expecting(u32 barrier, i32 bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" : : "r"(barrier), "r"(bytes) : "memory");
}

// Waits until the phase of this parity has ended; the phase before the first has parity 1 and has ended.
DEVICE void await_phase(u32 barrier, u32 parity)
{
    asm volatile("{\n.reg .pred ended;\nAGAIN:\nmbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n@ended bra ENDED;\nbra AGAIN;\nENDED:\n}" : : "r"(barrier), "r"(parity) : "memory");
}

// A tile of a tensor of rows, from this column and row on; what is outside of it is zero.
DEVICE void copy_tile(u32 to, u64 map, i32 column, i32 row, u32 barrier)
{
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
        : : "r"(to), "l"(map), "r"(column), "r"(row), "r"(barrier) : "memory");
}

// Bytes that lie together, a multiple of 16.
DEVICE void copy_bytes(u32 to, const void* from, i32 bytes, u32 barrier)
{
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" : : "r"(to), "l"(from), "r"(bytes), "r"(barrier) : "memory");
}

template<i32 Registers>
DEVICE void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" : : "n"(Registers)); }

template<i32 Registers>
DEVICE void give_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" : : "n"(Registers)); }

// A matrix of rows of 128 bytes whose 16-byte pieces are permuted over eight rows, as tiles are copied: eight rows are 1024 bytes.
DEVICE u64 swizzled_matrix(u32 address) { return ((u64)(address >> 4) & 0x3fff) | (1ull << 16) | (64ull << 32) | (1ull << 62); }

DEVICE f32x2 load_shared_pair(u32 at)
{
    f32x2 value;
    asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(value.x), "=f"(value.y) : "r"(at));
    return value;
}

DEVICE u32 load_shared_4(u32 at)
{
    u32 value;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(value) : "r"(at) : "memory");
    return value;
}

DEVICE void store_shared_4(u32 at, u32 value) { asm volatile("st.shared.u32 [%0], %1;" : : "r"(at), "r"(value) : "memory"); }

// The greater of what is there and this.
DEVICE void raise_shared(u32 at, u32 value) { asm volatile("red.shared.max.u32 [%0], %1;" : : "r"(at), "r"(value) : "memory"); }

// Two floats as E4M3, rounded to nearest even, the first in the lower byte; beyond 448 it is 448.
DEVICE u32 pack_e4m3(float low, float high)
{
    u16 result;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(result) : "f"(high), "f"(low));
    return result;
}

#define SUMS_TEXT "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31," \
    "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}"
#define SUMS_8(s, i) "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]), "+f"(s[i + 7])
#define SUMS(s) SUMS_8(s, 0), SUMS_8(s, 8), SUMS_8(s, 16), SUMS_8(s, 24), SUMS_8(s, 32), SUMS_8(s, 40), SUMS_8(s, 48), SUMS_8(s, 56)

// Products in registers that were touched since the last one, or that are the first, come behind this. What touches them is settled ahead of it: else the
// compiler may put it between.
DEVICE void begin_products() { asm volatile("wgmma.fence.sync.aligned;" : : : "memory"); }

// What was issued since is one group.
DEVICE void end_products() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }

// Waits for all products; nothing reads the sums before.
DEVICE void await_products(float (&sums)[ProductSums]) { asm volatile("wgmma.wait_group.sync.aligned 0;" : SUMS(sums) : : "memory"); }

// What is computed of sums is computed here, and not behind products that come later: those are to take the registers of these.
DEVICE void settle(float (&sums)[ProductSums]) { asm volatile("" : SUMS(sums)); }

DEVICE void settle(u32x4& operand)
{
    u32 words[4] = {operand.x, operand.y, operand.z, operand.w};
    asm volatile("" : "+r"(words[0]), "+r"(words[1]), "+r"(words[2]), "+r"(words[3]));
    operand = (u32x4){words[0], words[1], words[2], words[3]};
}

// sums = (adds ? sums : 0) + a * b of matrices in shared memory, 32 columns of 8 bits or 16 of 16 bits.
#define PRODUCT(name, types, rest) \
    DEVICE void name(float (&sums)[ProductSums], u64 a, u64 b, i32 adds) \
    { \
        asm volatile("{ .reg .pred p; setp.ne.b32 p, %66, 0; wgmma.mma_async.sync.aligned." types " " SUMS_TEXT ", %64, %65, p, 1, 1" rest "; }" \
            : SUMS(sums) : "l"(a), "l"(b), "r"(adds)); \
    }

PRODUCT(product_e4m3, "m64n128k32.f32.e4m3.e4m3", "")
PRODUCT(product_e5m2, "m64n128k32.f32.e5m2.e4m3", "")
PRODUCT(product_f16, "m64n128k16.f32.f16.f16", ", 0, 0")
PRODUCT(product_bf16, "m64n128k16.f32.bf16.bf16", ", 0, 0")

// The same with rows out of registers: of lane 4g + t of warp w rows 16w + g and 16w + g + 8 at columns 2t and 2t + 1, then at 2t + 8 and 2t + 9.
DEVICE void product_of_registers(float (&sums)[ProductSums], u32x4 a, u64 b, i32 adds)
{
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 " SUMS_TEXT ", {%64, %65, %66, %67}, %68, p, 1, 1, 0; }"
        : SUMS(sums) : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "l"(b), "r"(adds));
}
