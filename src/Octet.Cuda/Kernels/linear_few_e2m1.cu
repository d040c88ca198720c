// linear_few_e2m1: layers of 4 bits for few tokens (linear_tiled.cuh): MXFP4 and NVFP4.
#include "linear_tiled.cuh"

LINEAR_ALL(mx_e2m1, MxE2M1)
GATED_ALL(mx_e2m1, MxE2M1)
LINEAR_ALL(nv_e2m1, NvE2M1)
GATED_ALL(nv_e2m1, NvE2M1)
