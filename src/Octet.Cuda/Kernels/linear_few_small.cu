// linear_few_small: layers of 8 bits with scales for fewer than 128 columns, and of E4M3FNUZ, for few tokens (linear_tiled.cuh).
#include "linear_tiled.cuh"

LINEAR_ALL(mx_e4m3, MxE4M3)
GATED_ALL(mx_e4m3, MxE4M3)
LINEAR_ENDS(mx_e5m2, MxE5M2)
LINEAR_ENDS(small_e4m3, SmallE4M3)
LINEAR_ENDS(small_e5m2, SmallE5M2)
LINEAR_ENDS(small_fnuz, SmallFnuz)
