// targets: sm_90a
// Experts for the many tokens of prompts (experts_wide.cuh): of E4M3 with inputs that are codes, multiplied in 8 bits, and with inputs of float16; of bfloat16
// with two planes of each pair.
#include "experts_wide.cuh"

EXPERTS_WIDE(codes_e4m3, 1, Codes<product_e4m3>)
EXPERTS_WIDE(e4m3, 1, Widened<256, E4M3Weights>)
EXPERTS_WIDE(bf16_2, 2, Shorts<256, product_bf16>)
