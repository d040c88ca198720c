using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The whole text of every function, as Iced reads its bytes.</summary>
public class ListingTests
{
    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Two_groups_in_tiles(string argument)
        => Check(TileCode.Multiply(Enum.Parse<GeneralRegister>(argument), 2), argument, """
            mov rax, ARGUMENT
            mov r8, [rax]
            mov r9, [rax+8]
            mov r10, [rax+16]
            mov rdx, [rax+32]
            mov rax, [rax+24]
            mov r11, 1024
            mov rcx, 64
            tilezero tmm0
            tilezero tmm1
            tilezero tmm2
            tilezero tmm3
            tileloadd tmm4, [r8+r11]
            tileloadd tmm6, [r9+rcx]
            tdpbf16ps tmm0, tmm4, tmm6
            tileloadd tmm5, [r8+r11+16384]
            tdpbf16ps tmm1, tmm5, tmm6
            tileloadd tmm7, [r10+rcx]
            tdpbf16ps tmm2, tmm4, tmm7
            tdpbf16ps tmm3, tmm5, tmm7
            add r10, 1024
            add r8, 64
            add r9, 1024
            dec rdx
            jnz 12
            tilestored [rax+rcx], tmm0
            tilestored [rax+rcx+1024], tmm1
            tilestored [rax+rcx+2048], tmm2
            tilestored [rax+rcx+3072], tmm3
            ret
            """);

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void One_group_in_tiles(string argument)
        => Check(TileCode.Multiply(Enum.Parse<GeneralRegister>(argument), 1), argument, """
            mov rax, ARGUMENT
            mov r8, [rax]
            mov r9, [rax+8]
            mov r10, [rax+16]
            mov rdx, [rax+32]
            mov rax, [rax+24]
            mov r11, 1024
            mov rcx, 64
            tilezero tmm0
            tilezero tmm1
            tileloadd tmm4, [r8+r11]
            tileloadd tmm6, [r9+rcx]
            tdpbf16ps tmm0, tmm4, tmm6
            tileloadd tmm5, [r8+r11+16384]
            tdpbf16ps tmm1, tmm5, tmm6
            add r8, 64
            add r9, 1024
            dec rdx
            jnz 10
            tilestored [rax+rcx], tmm0
            tilestored [rax+rcx+1024], tmm1
            ret
            """);

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Tiles_are_configured_and_released(string argument)
    {
        Check(TileCode.Begin(Enum.Parse<GeneralRegister>(argument)), argument, """
            ldtilecfg [ARGUMENT]
            ret
            """);
        Check(TileCode.End(), argument, """
            tilerelease
            ret
            """);
        Check(ExtendedControl.Code(Enum.Parse<GeneralRegister>(argument)), argument, """
            mov r8, ARGUMENT
            mov rcx, 0
            xgetbv
            mov [r8], rax
            mov [r8+8], rdx
            ret
            """);
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Groups_in_vectors(string argument)
    {
        string[] sums = [.. Enumerable.Range(16, 16).Select(i => $"zmm{i}")];
        foreach (int groups in (int[])[1, 2])
        {
            List<string> rows = [];
            List<string> stores = [];
            for (int row = 0; row < 8; row++)
            {
                string at = row == 0 ? "[r8]" : $"[r8+{row * 1024}]";
                rows.Add($"vdpbf16ps {sums[row]}, zmm0, {at}{{1to16}}");
                if (groups == 2)
                {
                    rows.Add($"vdpbf16ps {sums[8 + row]}, zmm1, {at}{{1to16}}");
                }
            }

            for (int sum = 0; sum < 8 * groups; sum++)
            {
                int offset = sum / 8 * 2048 + sum % 8 * 64;
                stores.Add($"vmovups [rax{(offset == 0 ? "" : $"+{offset}")}], {sums[sum]}");
            }

            int step = 6 + 8 * groups;
            Check(DotProductCode.Multiply(Enum.Parse<GeneralRegister>(argument), groups), argument, string.Join('\n',
            [
                "mov rax, ARGUMENT",
                "mov r8, [rax]",
                "mov r9, [rax+8]",
                "mov r10, [rax+16]",
                "mov rdx, [rax+32]",
                "mov rax, [rax+24]",
                .. sums[..(8 * groups)].Select(sum => $"vpxord {sum}, {sum}, {sum}"),
                "mov rcx, 16",
                "vmovups zmm0, [r9]",
                .. (string[])(groups == 2 ? ["vmovups zmm1, [r10]"] : []),
                .. rows,
                "add r8, 4",
                "add r9, 64",
                "add r10, 64",
                "dec rcx",
                $"jnz {step + 1}",
                "dec rdx",
                $"jnz {step}",
                .. stores,
                "vzeroupper",
                "ret",
            ]));
        }
    }

    static void Check(byte[] code, string argument, string expected)
        => Assert.Equal(expected.Replace("ARGUMENT", argument.ToLowerInvariant(), StringComparison.Ordinal).Split('\n', StringSplitOptions.TrimEntries), new MachineProgram(code).Listing());
}
