using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The two products of attention in tiles, for one size of heads. The keys of a page are 16 rows of a tile as they lie in the cache, so
/// scores come out with a query in each lane: maxima, exponentials and sums need no step across lanes.
/// </summary>
static class AttentionCode
{
    /// <summary>Pages whose probabilities lie together.</summary>
    internal const int BlockPages = 4;

    const int TileBytes = 1024;
    const int TileRowBytes = 64;
    const int TileRows = 16;

    /// <summary>Scores of a page's 32 keys with one or two groups of 16 queries.</summary>
    internal static byte[] Scores(GeneralRegister argument, int size, int groups)
    {
        var code = new X64Encoder();
        code.Load(R8, argument, AttentionBlock.LeftOffset);
        code.Load(R9, argument, AttentionBlock.RightOffset);
        code.Load(R10, argument, AttentionBlock.OutputOffset);
        code.Move(R11, size * sizeof(ushort));
        code.Move(Rax, TileRowBytes);
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.ZeroTile(tile);
        }

        for (int step = 0; step < size / ProductBlock.StepColumns; step++)
        {
            code.LoadTile(4, R8, R11, step * TileRowBytes);
            code.LoadTile(6, R9, Rax, step * TileBytes);
            code.MultiplyTiles(0, 4, 6);
            code.LoadTile(5, R8, R11, TileRows * size * sizeof(ushort) + step * TileRowBytes);
            code.MultiplyTiles(1, 5, 6);
            if (groups == 2)
            {
                code.LoadTile(7, R9, Rax, size / ProductBlock.StepColumns * TileBytes + step * TileBytes);
                code.MultiplyTiles(2, 4, 7);
                code.MultiplyTiles(3, 5, 7);
            }
        }

        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.StoreTile(R10, Rax, tile, tile * TileBytes);
        }

        code.Return();
        return code.ToArray();
    }

    /// <summary>Adds the values of up to four pages, by the probabilities of one or two groups of 16 queries, 32 elements at a time.</summary>
    internal static byte[] Values(GeneralRegister argument, int size, int groups)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R10, Rax, AttentionBlock.OutputOffset);
        code.Move(R11, size * sizeof(float));
        code.Move(Rcx, TileRowBytes);
        for (int element = 0; element < size; element += 2 * TileRows)
        {
            for (int tile = 0; tile < 2 * groups; tile++)
            {
                code.LoadTile(tile, R10, R11, Sum(tile));
            }

            code.Load(R8, Rax, AttentionBlock.LeftOffset);
            code.Load(R9, Rax, AttentionBlock.RightOffset);
            code.Add(R9, element / TileRows * TileBytes);
            code.Load(Rdx, Rax, AttentionBlock.PagesOffset);
            int page = code.Position;
            code.LoadTile(4, R8, Rcx);
            code.LoadTile(6, R9, Rcx);
            code.MultiplyTiles(0, 4, 6);
            code.LoadTile(7, R9, Rcx, TileBytes);
            code.MultiplyTiles(1, 4, 7);
            if (groups == 2)
            {
                code.LoadTile(5, R8, Rcx, BlockPages * TileBytes);
                code.MultiplyTiles(2, 5, 6);
                code.MultiplyTiles(3, 5, 7);
            }

            code.Add(R8, TileBytes);
            code.Add(R9, size / TileRows * TileBytes);
            code.Decrement(Rdx);
            code.JumpIfNotZero(page);
            for (int tile = 0; tile < 2 * groups; tile++)
            {
                code.StoreTile(R10, R11, tile, Sum(tile));
            }

            int Sum(int tile) => tile / 2 * TileRows * size * sizeof(float) + element * sizeof(float) + tile % 2 * TileRowBytes;
        }

        code.Return();
        return code.ToArray();
    }
}
