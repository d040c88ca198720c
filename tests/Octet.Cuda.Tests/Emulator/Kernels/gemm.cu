#include "shim.cuh"

// out [m][n] = a [m][k] * b [n][k], bf16 with float32 sums: tiles of 64 x 64 x 32 by four warps, two buffers filled by
// cp.async, rows of 64 bytes swizzled by 16-byte pieces. k is a multiple of 32; rows beyond m or n read as zero.
const int TILE = 64, DEPTH = 32, ROW = DEPTH * 2;

DEVICE void copy(u32 to, const void *from, bool inside) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(inside ? 16 : 0) : "memory");
}
DEVICE u32 place(u32 base, int row, int piece) { return base + row * ROW + ((piece ^ ((row >> 1) & 3)) << 4); }
DEVICE void load(u32 (&r)[4], u32 from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}
DEVICE void multiply(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

GLOBAL void __attribute__((launch_bounds(128))) gemm(const u16 *a, const u16 *b, float *out, int m, int n, int k) {
    alignas(128) SHARED char tiles[2][2][TILE * ROW];
    int lane = thread() % 32, warp = thread() / 32;
    int row0 = block_y() * TILE, column0 = block() * TILE;
    u32 base = shared_address(tiles);
    float c[8][4] = {};
    auto fetch = [&](int step) {
        u32 to = base + (step & 1) * 2 * TILE * ROW;
        for (int i = thread(); i < TILE * 4; i += 128) {
            int row = i / 4, piece = i % 4;
            bool in_a = row0 + row < m, in_b = column0 + row < n;
            copy(place(to, row, piece), a + (in_a ? (u64)(row0 + row) * k + step * DEPTH + piece * 8 : 0), in_a);
            copy(place(to + TILE * ROW, row, piece), b + (in_b ? (u64)(column0 + row) * k + step * DEPTH + piece * 8 : 0), in_b);
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
    fetch(0);
    int steps = k / DEPTH;
    for (int step = 0; step < steps; step++) {
        if (step + 1 < steps) {
            fetch(step + 1);
            asm volatile("cp.async.wait_group 1;" ::: "memory");
        } else {
            asm volatile("cp.async.wait_group 0;" ::: "memory");
        }
        __syncthreads();
        u32 at = base + (step & 1) * 2 * TILE * ROW;
        for (int half = 0; half < 2; half++) {
            u32 x[4];
            load(x, place(at, warp * 16 + lane % 16, half * 2 + lane / 16));
            for (int j = 0; j < 4; j++) {
                u32 y[4];
                load(y, place(at + TILE * ROW, j * 16 + lane % 8 + lane / 16 * 8, half * 2 + (lane >> 3 & 1)));
                multiply(c[2 * j], x, y[0], y[1]);
                multiply(c[2 * j + 1], x, y[2], y[3]);
            }
        }
        __syncthreads();
    }
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 4; i++) {
            int row = row0 + warp * 16 + lane / 4 + i / 2 * 8, column = column0 + j * 8 + lane % 4 * 2 + i % 2;
            if (row < m && column < n)
                out[row * n + column] = c[j][i];
        }
}
