#include "shim.cuh"

// out [m][n] = a [m][k] * b [n][k] of e4m3 codes: a producer warp fills a ring of tiles by TMA, two warpgroups multiply
// by wgmma, and a last step writes a tile through shared memory and TMA. Tiles of 128 x 64 x 128, swizzled by 128 bytes.
const int M = 128, N = 64, K = 128, STAGES = 2;
const int A_BYTES = M * K, B_BYTES = N * K;
struct alignas(64) TensorMap { char bytes[128]; };

DEVICE void init(u32 barrier, u32 count) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory"); }
DEVICE void arrive(u32 barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }
DEVICE void expect(u32 barrier, u32 bytes) { asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory"); }
DEVICE void wait(u32 barrier, u32 parity) {
    asm volatile("{\n.reg .pred P1;\nLAB_WAIT:\nmbarrier.try_wait.parity.shared::cta.b64 P1, [%0], %1;\n@P1 bra DONE;\nbra LAB_WAIT;\nDONE:\n}" ::"r"(barrier), "r"(parity) : "memory");
}
DEVICE void fetch(u32 to, u64 map, int x, int y, u32 barrier) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(to), "l"(map), "r"(x), "r"(y), "r"(barrier) : "memory");
}
DEVICE u64 descriptor(u32 address) { return (u64)(address >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62; }
DEVICE u64 parameter_map_a() { u64 p; asm volatile("{.reg .u64 t; mov.u64 t, gemm_param_0; cvta.param.u64 %0, t;}" : "=l"(p)); return p; }
DEVICE u64 parameter_map_b() { u64 p; asm volatile("{.reg .u64 t; mov.u64 t, gemm_param_1; cvta.param.u64 %0, t;}" : "=l"(p)); return p; }
DEVICE u64 parameter_map_out() { u64 p; asm volatile("{.reg .u64 t; mov.u64 t, gemm_param_2; cvta.param.u64 %0, t;}" : "=l"(p)); return p; }

DEVICE void multiply(float (&c)[32], u64 a, u64 b, int add) {
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k32.f32.e4m3.e4m3 "
                 "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, %32, %33, p, 1, 1;\n}"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]), "+f"(c[4]), "+f"(c[5]), "+f"(c[6]), "+f"(c[7]), "+f"(c[8]), "+f"(c[9]), "+f"(c[10]), "+f"(c[11]), "+f"(c[12]), "+f"(c[13]), "+f"(c[14]), "+f"(c[15]),
                   "+f"(c[16]), "+f"(c[17]), "+f"(c[18]), "+f"(c[19]), "+f"(c[20]), "+f"(c[21]), "+f"(c[22]), "+f"(c[23]), "+f"(c[24]), "+f"(c[25]), "+f"(c[26]), "+f"(c[27]), "+f"(c[28]), "+f"(c[29]), "+f"(c[30]), "+f"(c[31])
                 : "l"(a), "l"(b), "r"(add));
}

GLOBAL void __attribute__((launch_bounds(384))) gemm(TensorMap map_a, TensorMap map_b, TensorMap map_out, int k) {
    extern SHARED char memory[] __attribute__((aligned(1024)));
    SHARED u64 full[STAGES], empty[STAGES];
    u32 base = shared_address(memory);
    int group = thread() / 128, steps = k / K;
    if (thread() == 0) {
        for (int i = 0; i < STAGES; i++) {
            init(shared_address(&full[i]), 1);
            init(shared_address(&empty[i]), 8);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    if (group == 2) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (thread() == 256)
            for (int step = 0; step < steps; step++) {
                int stage = step % STAGES;
                if (step >= STAGES)
                    wait(shared_address(&empty[stage]), (step / STAGES - 1) & 1);
                expect(shared_address(&full[stage]), A_BYTES + B_BYTES);
                fetch(base + stage * (A_BYTES + B_BYTES), parameter_map_a(), step * K, block_y() * M, shared_address(&full[stage]));
                fetch(base + stage * (A_BYTES + B_BYTES) + A_BYTES, parameter_map_b(), step * K, block() * N, shared_address(&full[stage]));
            }
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    float total[32] = {};
    for (int step = 0; step < steps; step++) {
        int stage = step % STAGES;
        u32 a = base + stage * (A_BYTES + B_BYTES);
        float c[32] = {};
        for (int i = 0; i < 32; i++)
            asm volatile("" : "+f"(c[i])); // here, and not behind the fence
        wait(shared_address(&full[stage]), step / STAGES & 1);
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
        for (int i = 0; i < K / 32; i++)
            multiply(c, descriptor(a + group * 64 * K + i * 32), descriptor(a + A_BYTES + i * 32), i);
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
        asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
        if (thread() % 32 == 0)
            arrive(shared_address(&empty[stage]));
        for (int i = 0; i < 32; i++)
            total[i] += c[i];
    }
    // Both groups have read all tiles when the output takes their place.
    asm volatile("bar.sync 1, 256;" ::: "memory");
    float *tile = (float *)memory + group * 64 * N;
    int lane = thread() % 32, warp = thread() / 32 % 4;
    for (int i = 0; i < 32; i++)
        tile[(warp * 16 + lane / 4 + (i & 2) * 4) * N + i / 4 * 8 + lane % 4 * 2 + (i & 1)] = total[i];
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    asm volatile("bar.sync %0, 128;" ::"r"(2 + group) : "memory");
    if (thread() % 128 == 0) {
        asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(parameter_map_out()), "r"(block() * N), "r"(block_y() * M + group * 64), "r"(shared_address(tile)) : "memory");
        asm volatile("cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;" ::: "memory");
    }
}
