// targets: sm_89
// linear_many by products of 8 bits, whose inputs are E4M3: cards from Ada on make twice as many of them as of 16 bits, and there is nothing to widen.
#include "linear_many.cuh"

MANY(codes_e4m3, 64, Codes<multiply_e4m3>)
MANY(codes_e4m3, 128, Codes<multiply_e4m3>)
MANY_GATED(codes_e4m3, Codes<multiply_e4m3>)
MANY(codes_e5m2, 64, Codes<multiply_e5m2>)
MANY(codes_e5m2, 128, Codes<multiply_e5m2>)
