// targets: sm_90a
// Layers for the many tokens of prompts (linear_wide.cuh): weights of 8 bits, inputs of float16.
#include "linear_wide.cuh"

WIDE(e4m3_128, 1, 1, Widened<128, E4M3Weights>)
WIDE(e4m3_256, 2, 1, Widened<256, E4M3Weights>)
WIDE(e5m2_128, 1, 1, Widened<128, E5M2Weights>)
