using static Octet.Backends.Cpu.MachineCode.GeneralRegister;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The product in AMX tiles of 16 rows x 64 bytes: TDPBF16PS multiplies 16 weight rows of 32 columns by 16 tokens. Two tiles of weights times
/// one or two groups of tokens are summed in as many tiles of float32, so that every tile that is loaded is used twice.
/// </summary>
static class TileCode
{
    internal const int ConfigurationBytes = 64;

    const int TileBytes = 1024;
    const int TileRowBytes = 64;
    const int TileRows = 16;

    // Of vectors 16 to 31, which no system wants kept.
    const int FirstFactor = 16;
    const int FirstTotal = 20;

    /// <summary>Palette 1, and 64 bytes a row (from byte 16) and 16 rows (from byte 48) for each of the eight tiles.</summary>
    internal static void WriteConfiguration(Span<byte> configuration)
    {
        configuration.Clear();
        configuration[0] = 1;
        for (int tile = 0; tile < 8; tile++)
        {
            configuration[16 + tile * 2] = TileRowBytes;
            configuration[48 + tile] = TileRows;
        }
    }

    /// <summary>Takes the configuration that its argument points to.</summary>
    internal static byte[] Begin(GeneralRegister argument)
    {
        var code = new X64Encoder();
        code.LoadTileConfiguration(argument);
        code.Return();
        return code.ToArray();
    }

    /// <summary>Gives the tiles back: the system then has nothing of them to save.</summary>
    internal static byte[] End()
    {
        var code = new X64Encoder();
        code.ReleaseTiles();
        code.Return();
        return code.ToArray();
    }

    /// <summary>32 weight rows by one or two groups. Tiles 0 to 3 are the sums, 4 and 5 weights, 6 and 7 inputs.</summary>
    internal static byte[] Multiply(GeneralRegister argument, int groups)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R8, Rax, ProductBlock.WeightsOffset);
        code.Load(R9, Rax, ProductBlock.InputsOffset);
        code.Load(R10, Rax, ProductBlock.MoreInputsOffset);
        code.Load(Rdx, Rax, ProductBlock.StepsOffset);
        code.Load(Rax, Rax, ProductBlock.SumsOffset);
        code.Move(R11, ProductBlock.RowBytes);
        code.Move(Rcx, TileRowBytes);
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.ZeroTile(tile);
        }

        Steps(code, groups);
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.StoreTile(Rax, Rcx, tile, tile * TileBytes);
        }

        code.Return();
        return code.ToArray();
    }

    /// <summary>
    /// 32 weight rows by all groups, one or two at a time, block of scales by block: totals += sums * the factor of each row. The additions of
    /// a block take place while the tiles of the next are multiplied, as far as the processor looks ahead.
    /// </summary>
    internal static byte[] MultiplyPanel(GeneralRegister argument, int groups)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        int turn = code.Position;
        code.Load(Rdx, Rax, PanelBlock.FactorsOffset);
        code.Store(Rax, PanelBlock.NextFactorsOffset, Rdx);
        code.Load(Rdx, Rax, PanelBlock.BlocksOffset);
        code.Store(Rax, PanelBlock.BlocksLeftOffset, Rdx);
        code.Load(R8, Rax, PanelBlock.WeightsOffset);
        code.Load(R9, Rax, PanelBlock.InputsOffset);
        if (groups == 2)
        {
            code.Load(R10, Rax, PanelBlock.GroupBytesOffset);
            code.Add(R10, R9);
        }

        int block = code.Position;
        code.Load(Rdx, Rax, PanelBlock.StepsOffset);
        code.Move(R11, ProductBlock.RowBytes);
        code.Move(Rcx, TileRowBytes);
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.ZeroTile(tile);
        }

        Steps(code, groups);
        code.Load(Rdx, Rax, PanelBlock.SumsOffset);
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.StoreTile(Rdx, Rcx, tile, tile * TileBytes);
        }

        code.Load(Rcx, Rax, PanelBlock.TotalsOffset);
        code.Load(R11, Rax, PanelBlock.NextFactorsOffset);
        for (int row = 0; row < ProductBlock.PanelRows; row++)
        {
            int factor = FirstFactor + row % 4;
            code.LoadLanes(factor, R11, row * sizeof(float));
            for (int group = 0; group < groups; group++)
            {
                int at = group * ProductBlock.GroupSumBytes + row * TileRowBytes;
                int total = FirstTotal + (row * groups + group) % 8;
                code.LoadVector(total, Rcx, at);
                code.MultiplyAdd(total, factor, Rdx, at);
                code.StoreVector(Rcx, at, total);
            }
        }

        code.Add(R11, ProductBlock.PanelRows * sizeof(float));
        code.Store(Rax, PanelBlock.NextFactorsOffset, R11);
        CountDown(code, PanelBlock.BlocksLeftOffset, block);
        code.Load(R9, Rax, PanelBlock.InputsOffset);
        code.Load(Rdx, Rax, PanelBlock.GroupBytesOffset);
        for (int group = 0; group < groups; group++)
        {
            code.Add(R9, Rdx);
        }

        code.Store(Rax, PanelBlock.InputsOffset, R9);
        code.Add(Rcx, groups * ProductBlock.GroupSumBytes);
        code.Store(Rax, PanelBlock.TotalsOffset, Rcx);
        CountDown(code, PanelBlock.TurnsOffset, turn);
        code.Return();
        return code.ToArray();
    }

    /// <summary>Asks for the memory that the sums of a panel go to, two lines of the cache for each token, before they are computed.</summary>
    internal static byte[] Expect(GeneralRegister argument)
    {
        var code = new X64Encoder();
        code.Move(Rax, argument);
        code.Load(R8, Rax, ExpectedRows.StartOffset);
        code.Load(R9, Rax, ExpectedRows.StrideOffset);
        code.Load(Rdx, Rax, ExpectedRows.CountOffset);
        int row = code.Position;
        code.PrefetchForWriting(R8, 0);
        code.PrefetchForWriting(R8, TileRowBytes);
        code.Add(R8, R9);
        code.Decrement(Rdx);
        code.JumpIfNotZero(row);
        code.Return();
        return code.ToArray();
    }

    /// <summary>The steps that RDX counts, over the weights at R8 and the inputs at R9 and R10.</summary>
    static void Steps(X64Encoder code, int groups)
    {
        int step = code.Position;
        code.LoadTile(4, R8, R11);
        code.LoadTile(6, R9, Rcx);
        code.MultiplyTiles(0, 4, 6);
        code.LoadTile(5, R8, R11, TileRows * ProductBlock.RowBytes);
        code.MultiplyTiles(1, 5, 6);
        if (groups == 2)
        {
            code.LoadTile(7, R10, Rcx);
            code.MultiplyTiles(2, 4, 7);
            code.MultiplyTiles(3, 5, 7);
            code.Add(R10, TileBytes);
        }

        code.Add(R8, TileRowBytes);
        code.Add(R9, TileBytes);
        code.Decrement(Rdx);
        code.JumpIfNotZero(step);
    }

    static void CountDown(X64Encoder code, int counterOffset, int target)
    {
        code.Load(Rdx, Rax, counterOffset);
        code.Decrement(Rdx);
        code.Store(Rax, counterOffset, Rdx);
        code.JumpIfNotZero(target);
    }
}
