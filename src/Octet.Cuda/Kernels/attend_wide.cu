// targets: sm_90a
// attend_wide: attention of a prompt's tokens over a bfloat16 cache by products of whole warpgroups. A block has 128 query rows, tokens by heads of a group, each of
// two warpgroups 64 of them (wide_rows.cuh). A third warpgroup copies two pages at a time into a ring in shared memory, ahead of them. While one of the two makes
// weights of its scores the other multiplies: a division of work as in FlashAttention-3 (Shah and others, 2024).
//
// Pages are copied row by row, 16-byte pieces of a row permuted over eight rows, as products read them; what nobody wrote becomes zeros. Behind all stages lie the
// barriers: of each stage one that it is full, one that it is free.
//
// Grid (tiles * heads * blocks of heads): the last tile, which sees the most, of all heads, then the one before.
#include "wide_rows.cuh"

constexpr i32 Consumers = 2;
constexpr i32 Threads = (Consumers + 1) * WarpgroupThreads;
constexpr i32 ConsumerWarps = Consumers * WarpgroupThreads / WarpLanes;
constexpr i32 MostTileHeads = 16;
constexpr i32 Stages = 4;

// Of the 512 that a lane of all three warpgroups has; heads of 64 dimensions do with a third of them.
constexpr i32 ProducerRegisters = 56;
constexpr i32 ConsumerRegisters = 224;

// Of 16 bytes the first so many; the others are zero.
DEVICE void copy_part(u32 to, const u8* from, i32 bytes) { asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(to), "l"(from), "r"(bytes) : "memory"); }

// What is seen by the rows of a block, and where they are.
struct Tile
{
    i32 head;
    i32 first_head;     // of the group
    i32 heads;          // of the group, in the tile
    i32 first_row;
    i32 rows;
    i32 first;          // the position of the first row, and of the last
    i32 last;
    i32 first_page;
    i32 end_page;
};

DEVICE Tile tile_of_block(const Attention& attention, const Pages& pages)
{
    Tile tile;
    tile.heads = least(attention.group, MostTileHeads);
    i32 head_blocks = (attention.group + tile.heads - 1) / tile.heads;
    i32 across = head_blocks * pages.heads;
    i32 index = (blocks_x() / across) - 1 - (block_x() / across);
    tile.head = block_x() % across / head_blocks;
    tile.first_head = block_x() % head_blocks * tile.heads;
    tile.first_row = attention.tiles[2 * index];
    tile.rows = attention.tiles[(2 * index) + 1];
    tile.first = pages.positions[tile.first_row];
    tile.last = pages.positions[tile.first_row + tile.rows - 1];
    split_pages(tile.first, tile.last, attention.window, 0, 1, 1, tile.first_page, tile.end_page);
    return tile;
}

// Where things are in shared memory, and the stage that comes next.
template<i32 Size>
struct Ring
{
    static constexpr i32 KeyBytes = StepTokens * Size * 2;
    static constexpr i32 StageBytes = 2 * KeyBytes;
    static constexpr i32 BarriersAt = Stages * StageBytes;

    u32 base;
    u32 stage;
    u32 phase;

    __attribute__((device)) u32 keys() const { return base + (stage * StageBytes); }
    __attribute__((device)) u32 values() const { return keys() + KeyBytes; }
    __attribute__((device)) u32 full() const { return base + BarriersAt + (stage * 8); }
    __attribute__((device)) u32 free() const { return full() + (Stages * 8); }

    __attribute__((device)) void advance()
    {
        phase ^= stage == Stages - 1 ? 1 : 0;
        stage = stage == Stages - 1 ? 0 : stage + 1;
    }
};

// What the third warpgroup does. Eight lanes copy 128 bytes of a row; a stage is full for others once the next one's copies are under way.
template<i32 Size>
DEVICE void copy_pages(Ring<Size> ring, const Tile& tile, const Pages& pages)
{
    constexpr i32 PageBytes = PageTokens * Size * 2;
    i32 thread = thread_index() % WarpgroupThreads;
    i32 table = pages.tables[tile.first_row];
    i32 last_page = tile.end_page - 1;
    i32 piece = thread % 8;
    u32 before = 0;
    KEEP_LOOP for (i32 page = tile.first_page; page < tile.end_page; page += 2, ring.advance())
    {
        const u8* from[2];
        UNROLL for (i32 i = 0; i < 2; i++)
        {
            from[i] = head_keys<CachedBFloat>(pages, table, least(page + i, last_page), tile.head);
        }

        i32 written = tile.last + 1 - (page * PageTokens);
        await_phase(ring.free(), ring.phase ^ 1);
        UNROLL for (i32 i = 0; i < Size / 16; i++)
        {
            // Eight tokens of a page, 16 rows of 128 bytes.
            i32 row = (i % 4 * 16) + (thread / 8);
            i32 token = row % PageTokens;
            copy_part(ring.keys() + (((i / 4 * StepTokens) + row) * RowBytes) + ((piece ^ (row % 8)) * 16),
                from[i % 4 / 2] + (((token * Size) + (i / 4 * 64) + (piece * 8)) * 2), row < written ? 16 : 0);
        }

        const u8* values = (piece < 4 ? from[0] : from[1]) + PageBytes + (piece % 4 * 16);
        i32 bytes = 2 * most(0, least(8, written - (piece * 8)));
        UNROLL for (i32 i = 0; i < Size / 16; i++)
        {
            i32 row = (i * 16) + (thread / 8);
            copy_part(ring.values() + (row * RowBytes) + ((piece ^ (row % 8)) * 16), values + (row * PageTokens * 2), bytes);
        }

        end_copies();
        if (before != 0)
        {
            await_copies<1>();
            publish_shared();
            arrive(before);
        }

        before = ring.full();
    }

    await_copies<0>();
    publish_shared();
    arrive(before);
}

// What the two others do.
template<i32 Size>
DEVICE void attend_tokens(Ring<Size> ring, const Tile& tile, const Attention& attention, const Pages& pages)
{
    WideRows<Size> rows;
    i32 row[2];
    i32 query_head[2];
    bool is_valid[2];
    const float* query[2];
    i32 column = lane_index() % 4 * 2;
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        i32 index = (warp_index() * 16) + (h * 8) + (lane_index() / 4);
        i32 token = index / tile.heads;
        i32 head = tile.first_head + (index % tile.heads);
        is_valid[h] = token < tile.rows && head < attention.group;
        row[h] = tile.first_row + least(token, tile.rows - 1);
        query_head[h] = (tile.head * attention.group) + least(head, attention.group - 1);
        query[h] = attention.query + ((u64)row[h] * attention.query_stride) + (query_head[h] * Size) + column;
        rows.largest[h] = NegativeInfinity;
        rows.total[h] = 0;
        rows.position[h] = pages.positions[row[h]];
        rows.seen[h] = first_seen(rows.position[h], attention.window) - 1;
    }

    load_queries(rows, query, is_valid, attention.scale * Log2E * key_scale(pages, tile.head));
    KEEP_LOOP for (i32 page = tile.first_page; page < tile.end_page; page += 2, ring.advance())
    {
        i32 at = page * PageTokens;
        bool is_whole = at + StepTokens - 1 <= tile.first && at >= first_seen(tile.last, attention.window);
        await_phase(ring.full(), ring.phase);
        attend_step(rows, ring.keys(), ring.values(), at, is_whole);
        sync_warp();
        if (lane_index() == 0)
        {
            arrive(ring.free());
        }
    }

    float value_factor = value_scale(pages, tile.head);
    UNROLL for (i32 h = 0; h < 2; h++)
    {
        float total = rows.total[h];
        total += exchange(total, 1);
        total += exchange(total, 2);
        if (is_valid[h])
        {
            float share = finished(attention, query_head[h], value_factor, rows.largest[h], total);
            float* output = attention.output + ((u64)row[h] * attention.output_stride) + (query_head[h] * Size) + column;
            UNROLL for (i32 i = 0; i < Size / 8; i++)
            {
                *(f32x2*)(output + (i * 8)) = (f32x2){rows.sums[(4 * i) + (2 * h)] * share, rows.sums[(4 * i) + (2 * h) + 1] * share};
            }
        }
    }
}

template<i32 Size>
DEVICE void attend_wide(const Attention& attention, const Pages& pages)
{
    extern SHARED __attribute__((aligned(1024))) u8 memory[];
    Ring<Size> ring = {shared_address(memory), 0, 0};
    if (thread_index() == 0)
    {
        UNROLL for (i32 i = 0; i < Stages; i++)
        {
            begin_barrier(ring.full() + (i * 8), WarpgroupThreads);
            begin_barrier(ring.free() + (i * 8), ConsumerWarps);
        }

        publish_barriers();
    }

    admit_launches();
    await_launches();
    sync_block();
    Tile tile = tile_of_block(attention, pages);
    if (warp_index() >= ConsumerWarps)
    {
        if constexpr (Size > 64)
        {
            give_registers<ProducerRegisters>();
        }

        copy_pages(ring, tile, pages);
    }
    else
    {
        if constexpr (Size > 64)
        {
            take_registers<ConsumerRegisters>();
        }

        attend_tokens(ring, tile, attention, pages);
    }
}

GLOBAL BOUNDS(Threads) void attend_wide_64(Attention attention, Pages pages) { attend_wide<64>(attention, pages); }
GLOBAL BOUNDS(Threads) void attend_wide_128(Attention attention, Pages pages) { attend_wide<128>(attention, pages); }
