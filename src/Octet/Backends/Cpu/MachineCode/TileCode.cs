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
        for (int tile = 0; tile < 2 * groups; tile++)
        {
            code.StoreTile(Rax, Rcx, tile, tile * TileBytes);
        }

        code.Return();
        return code.ToArray();
    }
}
