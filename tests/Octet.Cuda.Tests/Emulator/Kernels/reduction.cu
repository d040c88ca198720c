#include "shim.cuh"

// out[block] = the sum of the block's share of in: shuffles within warps, shared memory between them.
GLOBAL void sum(const float *in, float *out, int count) {
    SHARED float partial[32];
    float value = 0;
    for (int i = block() * threads() + thread(); i < count; i += threads() * __nvvm_read_ptx_sreg_nctaid_x())
        value += in[i];
    for (int offset = 16; offset > 0; offset >>= 1)
        value += __nvvm_shfl_sync_bfly_f32(0xffffffff, value, offset, 31);
    if (thread() % 32 == 0)
        partial[thread() / 32] = value;
    __syncthreads();
    if (thread() < 32) {
        value = thread() < threads() / 32 ? partial[thread()] : 0.0f;
        for (int offset = 16; offset > 0; offset >>= 1)
            value += __nvvm_shfl_sync_bfly_f32(0xffffffff, value, offset, 31);
        if (thread() == 0)
            out[block()] = value;
    }
}

// Counts of values by their low four bits, with atomics in shared and global memory.
GLOBAL void histogram(const u32 *in, u32 *out, int count) {
    SHARED u32 bins[16];
    if (thread() < 16)
        bins[thread()] = 0;
    __syncthreads();
    for (int i = block() * threads() + thread(); i < count; i += threads() * __nvvm_read_ptx_sreg_nctaid_x())
        __atomic_fetch_add(&bins[in[i] & 15], 1u, __ATOMIC_RELAXED);
    __syncthreads();
    if (thread() < 16)
        __atomic_fetch_add(&out[thread()], bins[thread()], __ATOMIC_RELAXED);
}
