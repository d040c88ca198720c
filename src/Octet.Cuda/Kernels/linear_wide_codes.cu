// targets: sm_90a
// Layers for the many tokens of prompts (linear_wide.cuh): E4M3 inputs, multiplied in 8 bits.
#include "linear_wide.cuh"

WIDE(codes_e4m3_128, 1, 1, Codes<product_e4m3>)
WIDE(codes_e4m3_256, 2, 1, Codes<product_e4m3>)
WIDE(codes_e5m2_128, 1, 1, Codes<product_e5m2>)
