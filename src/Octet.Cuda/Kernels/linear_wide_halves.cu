// targets: sm_90a
// Layers for the many tokens of prompts (linear_wide.cuh): weights and inputs of 16 bits; of bfloat16 one plane of a token or two.
#include "linear_wide.cuh"

WIDE(f16_128, 1, 1, Shorts<128, product_f16>)
WIDE(bf16_128, 1, 1, Shorts<128, product_bf16>)
WIDE(bf16_256, 2, 1, Shorts<256, product_bf16>)
WIDE(bf16_2_128, 1, 2, Shorts<128, product_bf16>)
WIDE(bf16_2_256, 2, 2, Shorts<256, product_bf16>)
