// targets: sm_90a
// spread_inputs: prepared rows of tokens, copied to the places of their pairs (expert_tiles.cuh), where the tensor memory accelerator finds those of an expert
// one behind the other. A warp has a place. Grid (places that there may be / warps).
#include "expert_tiles.cuh"

struct Spread
{
    const u8* from;
    const float* from_scales; // [group][stride]; null: none
    u8* to;
    float* to_scales;
    const i32* places;
    const ExpertTile* tiles;
    i32 row_bytes; // of all planes of a row, a multiple of 128
    i32 from_stride;
    i32 to_stride;
    i32 groups;
    i32 chosen; // pairs of a token
};

GLOBAL BOUNDS(256) void spread_inputs(Spread spread)
{
    admit_launches();
    await_launches();
    i32 place = (block_x() * block_warps()) + warp_index();
    i32 tiles = spread.tiles[0].expert;
    ExpertTile last = spread.tiles[tiles];
    if (place >= last.first_place + last.pairs)
    {
        return;
    }

    i32 pair = spread.places[place];
    if (pair < 0)
    {
        return;
    }

    i32 token = pair / spread.chosen;
    const u8* from = spread.from + ((u64)token * spread.row_bytes);
    u8* to = spread.to + ((u64)place * spread.row_bytes);
    _Pragma("unroll 4") for (i32 i = lane_index() * 16; i < spread.row_bytes; i += WarpLanes * 16)
    {
        *(u32x4*)(to + i) = *(const u32x4*)(from + i);
    }

    for (i32 group = lane_index(); spread.from_scales && group < spread.groups; group += WarpLanes)
    {
        spread.to_scales[((u64)group * spread.to_stride) + place] = spread.from_scales[((u64)group * spread.from_stride) + token];
    }
}
