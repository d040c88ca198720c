// linear_many by products of 16 bits: weights of 8 bits stay so in shared memory and are widened in registers. Of weights of 16 bits 64 columns leave room for two
// stages.
#include "linear_many.cuh"

MANY(e4m3, 64, Halves<E4M3Weights>)
MANY(e4m3, 128, Halves<E4M3Weights>)
MANY_GATED(e4m3, Halves<E4M3Weights>)
MANY(e5m2, 64, Halves<E5M2Weights>)
MANY(e5m2, 128, Halves<E5M2Weights>)
MANY(f16, 64, Halves<F16Weights>)
MANY(bf16, 64, Halves<BF16Weights>)
