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
    public void Panels_in_tiles(string argument)
    {
        foreach (int groups in (int[])[1, 2])
        {
            List<string> additions = [];
            for (int row = 0; row < 32; row++)
            {
                additions.Add($"vbroadcastss zmm{16 + row % 4}, [r11{(row == 0 ? "" : $"+{row * 4}")}]");
                for (int group = 0; group < groups; group++)
                {
                    int offset = group * 2048 + row * 64;
                    string at = offset == 0 ? "" : $"+{offset}";
                    string total = $"zmm{20 + (row * groups + group) % 8}";
                    additions.AddRange([$"vmovups {total}, [rcx{at}]", $"vfmadd231ps {total}, zmm{16 + row % 4}, [rdx{at}]", $"vmovups [rcx{at}], {total}"]);
                }
            }

            int block = groups == 2 ? 9 : 7;
            string[] step = groups == 2
                ? ["tileloadd tmm7, [r10+rcx]", "tdpbf16ps tmm2, tmm4, tmm7", "tdpbf16ps tmm3, tmm5, tmm7", "add r10, 1024"]
                : [];
            Check(TileCode.MultiplyPanel(Enum.Parse<GeneralRegister>(argument), groups), argument, string.Join('\n',
            [
                "mov rax, ARGUMENT",
                "mov rdx, [rax+40]", "mov [rax+80], rdx", "mov rdx, [rax+56]", "mov [rax+72], rdx", "mov r8, [rax]", "mov r9, [rax+8]",
                .. (string[])(groups == 2 ? ["mov r10, [rax+16]", "add r10, r9"] : []),
                "mov rdx, [rax+48]", "mov r11, 1024", "mov rcx, 64",
                .. Enumerable.Range(0, 2 * groups).Select(tile => $"tilezero tmm{tile}"),
                "tileloadd tmm4, [r8+r11]", "tileloadd tmm6, [r9+rcx]", "tdpbf16ps tmm0, tmm4, tmm6", "tileloadd tmm5, [r8+r11+16384]", "tdpbf16ps tmm1, tmm5, tmm6",
                .. step,
                "add r8, 64", "add r9, 1024", "dec rdx", $"jnz {block + 3 + 2 * groups}",
                "mov rdx, [rax+24]",
                .. Enumerable.Range(0, 2 * groups).Select(tile => $"tilestored [rdx+rcx{(tile == 0 ? "" : $"+{tile * 1024}")}], tmm{tile}"),
                "mov rcx, [rax+32]", "mov r11, [rax+80]",
                .. additions,
                "add r11, 128", "mov [rax+80], r11", "mov rdx, [rax+72]", "dec rdx", "mov [rax+72], rdx", $"jnz {block}",
                "mov r9, [rax+8]", "mov rdx, [rax+16]",
                .. Enumerable.Repeat("add r9, rdx", groups),
                "mov [rax+8], r9", $"add rcx, {groups * 2048}", "mov [rax+32], rcx", "mov rdx, [rax+64]", "dec rdx", "mov [rax+64], rdx", "jnz 1",
                "ret",
            ]));
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Rows_that_will_be_written(string argument)
        => Check(TileCode.Expect(Enum.Parse<GeneralRegister>(argument)), argument, """
            mov rax, ARGUMENT
            mov r8, [rax]
            mov r9, [rax+8]
            mov rdx, [rax+16]
            prefetchw [r8]
            prefetchw [r8+64]
            add r8, r9
            dec rdx
            jnz 4
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
    public void Panels_in_vectors(string argument)
    {
        foreach ((int groups, bool scaled, int bytes) in ((int, bool, int)[])[(1, false, 1), (2, true, 1), (3, false, 2)])
        {
            int rows = groups == 1 ? 16 : 8;
            List<string> lines = ["mov rax, ARGUMENT"];
            int[] kept = argument == nameof(GeneralRegister.Rcx) ? [.. Enumerable.Range(0, 10)] : [];
            lines.AddRange(kept.Select(i => $"vmovups [rax+{152 + 16 * i}], xmm{6 + i}"));
            int turn = lines.Count;
            foreach ((int from, int to) in ((int, int)[])[(40, 80), (56, 72), (0, 128), (8, 136), .. scaled ? ((int, int)[])[(104, 144)] : []])
            {
                lines.AddRange([$"mov rdx, [rax{Plus(from)}]", $"mov [rax+{to}], rdx"]);
            }

            int block = lines.Count;
            for (int row = 0; row < 32; row += rows)
            {
                lines.AddRange(["mov r8, [rax+128]", .. (string[])(row == 0 ? [] : [$"add r8, {row * 576}"]), "mov r9, [rax+136]", "mov r10, [rax+16]", "mov rdx, [rax+48]"]);
                lines.AddRange(Enumerable.Range(8, rows * groups).Select(sum => $"vpxord zmm{sum}, zmm{sum}, zmm{sum}"));
                lines.Add("mov r11, [rax+120]");
                int step = lines.Count;
                lines.Add("mov rcx, 8");
                int pairs = lines.Count;
                for (int line = 0; line < rows * 4 * bytes; line += 64)
                {
                    lines.Add($"prefetcht1 [r11{Plus(line)}]");
                }

                lines.Add($"add r11, {rows * 4 * bytes}");
                for (int pair = 0; pair < 2; pair++)
                {
                    lines.AddRange(Enumerable.Range(0, groups).Select(group => $"vmovups zmm{group}, [r9{(group == 0 ? "" : group == 1 ? "+r10" : "+r10*2")}{Plus(pair * 64)}]"));
                    for (int r = 0; r < rows; r++)
                    {
                        lines.Add($"vbroadcastss zmm{3 + r % 3}, [r8{Plus(r * 576 + pair * 4)}]");
                        lines.AddRange(Enumerable.Range(0, groups).Select(group => $"vdpbf16ps zmm{8 + r * groups + group}, zmm{group}, zmm{3 + r % 3}"));
                    }
                }

                lines.AddRange(["add r8, 8", "add r9, 128", "dec rcx", $"jnz {pairs}", "dec rdx", $"jnz {step}", "mov [rax+120], r11", "mov r11, [rax+80]", "mov rdx, [rax+32]"]);
                if (scaled)
                {
                    lines.Add("mov r10, [rax+144]");
                    lines.AddRange(Enumerable.Range(0, groups).Select(group => $"vmovups zmm{group}, [r10{Plus(group * 64)}]"));
                }

                for (int r = 0; r < rows; r++)
                {
                    string factor = $"zmm{3 + r % 3}";
                    lines.Add($"vbroadcastss {factor}, [r11{Plus((row + r) * 4)}]");
                    for (int group = 0; group < groups; group++)
                    {
                        string sum = $"zmm{8 + r * groups + group}", at = $"[rdx{Plus(group * 2048 + (row + r) * 64)}]";
                        lines.AddRange([.. (string[])(scaled ? [$"vmulps zmm6, {factor}, zmm{group}"] : []), $"vfmadd213ps {sum}, {(scaled ? "zmm6" : factor)}, {at}", $"vmovups {at}, {sum}"]);
                    }
                }
            }

            foreach ((int field, int by) in ((int, int)[])[(128, 88), (136, 96), .. scaled ? ((int, int)[])[(144, 112)] : []])
            {
                lines.AddRange([$"mov rdx, [rax+{field}]", $"mov rcx, [rax+{by}]", "add rdx, rcx", $"mov [rax+{field}], rdx"]);
            }

            lines.AddRange(["mov rdx, [rax+80]", "add rdx, 128", "mov [rax+80], rdx", "mov rdx, [rax+72]", "dec rdx", "mov [rax+72], rdx", $"jnz {block}"]);
            lines.AddRange(["mov r9, [rax+8]", "mov rdx, [rax+16]", .. Enumerable.Repeat("add r9, rdx", groups), "mov [rax+8], r9"]);
            lines.AddRange(["mov rdx, [rax+32]", $"add rdx, {groups * 2048}", "mov [rax+32], rdx"]);
            lines.AddRange(scaled ? ["mov rdx, [rax+104]", $"add rdx, {groups * 64}", "mov [rax+104], rdx"] : []);
            lines.AddRange(["mov rdx, [rax+64]", "dec rdx", "mov [rax+64], rdx", $"jnz {turn}"]);
            lines.AddRange(kept.Select(i => $"vmovups xmm{6 + i}, [rax+{152 + 16 * i}]"));
            lines.AddRange(["vzeroupper", "ret"]);
            Check(DotProductCode.MultiplyPanel(Enum.Parse<GeneralRegister>(argument), groups, scaled, bytes), argument, string.Join('\n', lines));
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Four_rows_of_whole_lines(string argument)
    {
        string[] places = ["rcx", "rcx+r9", "rcx+r9*2", "rdx"];
        int[] kept = argument == nameof(GeneralRegister.Rcx) ? [.. Enumerable.Range(0, 10)] : [];
        foreach ((bool codes, bool scaled, bool aligned) in ((bool, bool, bool)[])
            [(true, false, true), (true, false, false), (true, true, true), (true, true, false), (false, false, true), (false, false, false)])
        {
            int bytes = codes && !scaled ? 64 : 128;
            List<string> lines = ["mov rax, ARGUMENT", .. kept.Select(i => $"vmovups [rax+{120 + 16 * i}], xmm{6 + i}"), "mov r10, [rax+56]"];
            lines.AddRange(codes ? Enumerable.Range(0, 4).Select(i => $"vmovups zmm{6 + i}, [r10{Plus(i * 64)}]") : []);
            lines.AddRange(["mov r10, [rax+64]", "vmovups zmm10, [r10]", "vbroadcastss zmm11, [rax+76]", "vbroadcastss zmm12, [rax+72]", "mov rcx, [rax]", "mov r9, [rax+8]"]);
            lines.AddRange(["mov rdx, rcx", "add rdx, r9", "add rdx, r9", "add rdx, r9", .. scaled ? ["mov r8, [rax+80]"] : (string[])[], "mov r10, [rax+16]"]);
            int row = lines.Count;
            lines.AddRange((scaled ? Enumerable.Range(24, 4) : Enumerable.Range(16, 8)).Select(sum => $"vpxord zmm{sum}, zmm{sum}, zmm{sum}"));
            lines.Add("mov r11, [rax+40]");
            int step = lines.Count;
            lines.AddRange(places.SelectMany(place => Enumerable.Range(0, bytes / 64).Select(line => $"prefetcht0 [{place}+{1536 + line * 64}]")));
            for (int line = 0; line < bytes; line += 64)
            {
                for (int walk = 0; walk < 4; walk++)
                {
                    string here = $"[{places[walk]}{Plus(line)}]", next = $"[{places[walk]}+{line + 64}]";
                    lines.AddRange(aligned && codes ? [$"vpermb zmm0, zmm10, {here}"] : [$"vmovups zmm0, {here}"]);
                    lines.AddRange(aligned ? [] : [$"vpermt2b zmm0, zmm10, {next}"]);
                    if (codes)
                    {
                        lines.AddRange(["vmovaps zmm1, zmm0", "vmovaps zmm2, zmm0", "vpermi2b zmm1, zmm6, zmm7", "vpermi2b zmm2, zmm8, zmm9", "vpternlogd zmm1, zmm0, zmm11, -8"]);
                        lines.AddRange(["vpunpcklbw zmm0, zmm2, zmm1", "vpunpckhbw zmm2, zmm2, zmm1"]);
                    }

                    foreach ((string pairs, int inputs) in codes ? ((string, int)[])[("zmm0", line * 4), ("zmm2", line * 4 + 128)] : [("zmm0", line * 2)])
                    {
                        (string multiply, string even, string odd) = (scaled && inputs == 0 ? "vmulps" : "vfmadd231ps", $"zmm{16 + walk}", $"zmm{20 + walk}");
                        lines.AddRange([$"vpslld zmm1, {pairs}, 16", $"vpandd {pairs}, {pairs}, zmm12"]);
                        lines.AddRange([$"{multiply} {even}, zmm1, [r10{Plus(inputs)}]", $"{multiply} {odd}, {pairs}, [r10{Plus(inputs + 64)}]"]);
                    }
                }
            }

            if (scaled)
            {
                lines.AddRange(Enumerable.Range(0, 4).SelectMany(walk =>
                    (string[])[$"vaddps zmm{16 + walk}, zmm{16 + walk}, zmm{20 + walk}", $"vbroadcastss zmm0, [r8{Plus(walk * 4)}]", $"vfmadd231ps zmm{24 + walk}, zmm{16 + walk}, zmm0"]));
                lines.Add("add r8, 16");
            }

            lines.AddRange([$"add rcx, {bytes}", $"add rdx, {bytes}", $"add r10, {(scaled ? 512 : 256)}", "dec r11", $"jnz {step}", "mov r11, [rax+24]"]);
            lines.AddRange(Enumerable.Range(0, 4).SelectMany(walk => scaled
                ? (string[])[$"vmovups [r11{Plus(walk * 2048)}], zmm{24 + walk}"]
                : [$"vaddps zmm{16 + walk}, zmm{16 + walk}, zmm{20 + walk}", $"vmovups [r11{Plus(walk * 2048)}], zmm{16 + walk}"]));
            lines.AddRange(["add r11, 64", "mov [rax+24], r11", "mov r11, [rax+48]", "add r10, r11"]);
            lines.AddRange(scaled ? ["mov r11, [rax+88]", "add r8, r11"] : []);
            lines.AddRange(["mov r11, [rax+32]", "dec r11", "mov [rax+32], r11", $"jnz {row}"]);
            lines.AddRange([.. kept.Select(i => $"vmovups xmm{6 + i}, [rax+{120 + 16 * i}]"), "vzeroupper", "ret"]);
            GeneralRegister register = Enum.Parse<GeneralRegister>(argument);
            Check(scaled ? VbmiDotsCode.ScaledE4M3(register, aligned) : codes ? VbmiDotsCode.E4M3(register, aligned) : VbmiDotsCode.BFloat16(register, aligned), argument, string.Join('\n', lines));
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Two_rows_of_four_bits(string argument)
    {
        int[] kept = argument == nameof(GeneralRegister.Rcx) ? [.. Enumerable.Range(0, 7)] : [];
        foreach ((int tokens, bool powers) in ((int, bool)[])[(1, true), (2, false), (3, true), (3, false)])
        {
            List<string> step = ["prefetcht0 [rcx+rdx*4]", "prefetcht0 [rcx+r11]", "vmovups zmm0, [rcx]", "vmovups zmm1, [rcx+rdx]"];
            for (int shift = 0; shift < 4; shift++)
            {
                for (int row = 0; row < 2; row++)
                {
                    string codes = shift == 0 ? $"zmm{row}" : $"zmm{2 + row}";
                    step.AddRange(shift == 0 ? [] : [$"vpsrlw {codes}, zmm{row}, {4 * shift}"]);
                    step.AddRange([$"vpermw zmm{2 + row}, {codes}, zmm28", $"vpslld zmm{4 + row}, zmm{2 + row}, 16", $"vpandd zmm{2 + row}, zmm{2 + row}, zmm29"]);
                }

                for (int token = 0; token < tokens; token++)
                {
                    for (int odd = 0; odd < 2; odd++)
                    {
                        step.Add($"vmovups zmm12, [r10{Plus(((2 * shift + odd) * tokens + token) * 64)}]");
                        step.AddRange(Enumerable.Range(0, 2).Select(row => $"{(shift == 0 ? "vmulps" : "vfmadd231ps")} zmm{16 + 2 * (row * tokens + token) + odd}, zmm{(odd == 0 ? 4 : 2) + row}, zmm12"));
                    }
                }
            }

            for (int row = 0; row < 2; row++)
            {
                string scales = $"zmm{2 + row}", at = row == 0 ? "[r8]" : "[r8+r9]";
                step.AddRange([$"{(powers ? "vbroadcastss" : "vbroadcastsd")} {scales}, {at}", $"vpshufb {scales}, {scales}, zmm30"]);
                step.AddRange([$"vpslld {scales}, {scales}, {(powers ? 23 : 20)}", $"{(powers ? "vpmaxud" : "vmulps")} {scales}, {scales}, zmm31"]);
                for (int token = 0; token < tokens; token++)
                {
                    int sum = 16 + 2 * (row * tokens + token);
                    step.AddRange([$"vaddps zmm{sum}, zmm{sum}, zmm{sum + 1}", $"vfmadd231ps zmm{6 + row * tokens + token}, zmm{sum}, {scales}"]);
                }
            }

            int pair = 1 + kept.Length + 9;
            Check(E2M1DotsCode.Multiply(Enum.Parse<GeneralRegister>(argument), tokens, powers), argument, string.Join('\n',
            [
                "mov rax, ARGUMENT",
                .. kept.Select(i => $"vmovups [rax+{112 + 16 * i}], xmm{6 + i}"),
                "mov r10, [rax+104]",
                .. Enumerable.Range(0, 4).Select(table => $"vmovups zmm{28 + table}, [r10{Plus(table * 64)}]"),
                "mov rcx, [rax]", "mov rdx, [rax+8]", "mov r8, [rax+24]", "mov r9, [rax+32]",
                "mov r10, [rax+40]", "prefetcht0 [r8+512]", "prefetcht0 [r8+576]", "prefetcht0 [r8+640]",
                .. Enumerable.Range(6, 2 * tokens).Select(total => $"vpxord zmm{total}, zmm{total}, zmm{total}"),
                "mov r11, [rax+16]",
                .. step,
                "add rcx, 64", $"add r8, {(powers ? 4 : 8)}", $"add r10, {512 * tokens}", "cmp r10, [rax+48]", $"jnz {pair + 5 + 2 * tokens}",
                "mov r11, [rax+56]", "add rcx, r11", "mov r11, [rax+64]", "add r8, r11", "mov r11, [rax+16]",
                .. step,
                "mov r11, [rax+72]", "add rcx, r11", "mov r11, [rax+80]", "add r8, r11", "mov r11, [rax+96]",
                .. Enumerable.Range(0, 2 * tokens).Select(total => $"vmovups [r11{Plus(total * 64)}], zmm{6 + total}"),
                $"add r11, {128 * tokens}", "mov [rax+96], r11", "mov r11, [rax+88]", "dec r11", "mov [rax+88], r11", $"jnz {pair}",
                .. kept.Select(i => $"vmovups xmm{6 + i}, [rax+{112 + 16 * i}]"),
                "vzeroupper", "ret",
            ]));
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Two_rows_of_four_bits_on_256_bits(string argument)
    {
        int[] kept = argument == nameof(GeneralRegister.Rcx) ? [.. Enumerable.Range(0, 10)] : [];
        foreach ((int tokens, bool powers) in ((int, bool)[])[(1, true), (2, false), (3, true), (3, false)])
        {
            List<string> step = ["mov r11, [rax+16]", "prefetcht0 [rcx+rdx*4]", "prefetcht0 [rcx+r11]"];
            int[] totals = [4, 5, 10, 11];
            string[] begin = tokens == 3
                ? ["mov r11, [rax+96]", "vxorps ymm0, ymm0, ymm0", .. Enumerable.Range(0, 6).Select(total => $"vmovups [r11{Plus(total * 32)}], ymm0")]
                : [.. totals.Take(2 * tokens).Select(total => $"vxorps ymm{total}, ymm{total}, ymm{total}")];
            string[] end = tokens == 3 ? [] : [.. Enumerable.Range(0, 2 * tokens).Select(total => $"vmovups [r11{Plus(total * 32)}], ymm{totals[total]}")];
            for (int part = 0; part < 4; part++)
            {
                (int half, int row) = (part / 2, part % 2);
                for (int nibble = 0; nibble < 2; nibble++)
                {
                    step.Add($"vmovups ymm6, [rcx{(row == 0 ? "" : "+rdx")}{Plus(half * 32)}]");
                    step.AddRange(nibble == 0 ? [] : ["vpsrlw ymm6, ymm6, 4"]);
                    step.AddRange(["vpand ymm6, ymm6, ymm14", "vpshufb ymm7, ymm12, ymm6", "vpshufb ymm8, ymm13, ymm6", "vpunpcklbw ymm6, ymm7, ymm8", "vpunpckhbw ymm8, ymm7, ymm8"]);
                    for (int columns = 0; columns < 2; columns++)
                    {
                        string pairs = columns == 0 ? "ymm6" : "ymm8";
                        step.AddRange([$"vpslld ymm9, {pairs}, 16", $"vpand {pairs}, {pairs}, ymm15"]);
                        for (int i = 0; i < 2 * tokens; i++)
                        {
                            (int odd, int token) = (i / tokens, i % tokens);
                            string at = $"[r10{Plus((((half * 2 + nibble) * 2 + columns) * 2 + odd) * tokens * 32 + token * 32)}]";
                            step.Add($"{(nibble == 0 && odd == 0 ? "vmulps" : "vfmadd231ps")} ymm{2 * token + columns}, {(odd == 0 ? "ymm9" : pairs)}, {at}");
                        }
                    }
                }

                step.AddRange(["mov r11, [rax+104]", $"vbroadcastss ymm6, [r8{(row == 0 ? "" : "+r9")}{Plus(powers ? 0 : half * 4)}]"]);
                step.AddRange(powers
                    ? [$"vpshufb ymm6, ymm6, [r11+{128 + 32 * half}]", "vpslld ymm6, ymm6, 23", "vpmaxud ymm6, ymm6, [r11+192]"]
                    : ["vpshufb ymm7, ymm6, [r11+160]", "vpshufb ymm6, ymm6, [r11+128]", "vpslld ymm7, ymm7, 20", "vpslld ymm6, ymm6, 20", "vmulps ymm7, ymm7, [r11+192]", "vmulps ymm6, ymm6, [r11+192]"]);
                step.AddRange(tokens == 3 ? ["mov r11, [rax+96]"] : []);
                for (int token = 0; token < tokens; token++)
                {
                    int place = row * tokens + token;
                    string sum = $"ymm{2 * token}", other = $"ymm{2 * token + 1}", total = $"[r11{Plus(place * 32)}]";
                    step.AddRange(powers ? [$"vaddps {sum}, {sum}, {other}"] : []);
                    step.AddRange(tokens == 3
                        ? [$"vfmadd213ps {sum}, ymm6, {total}", .. powers ? [] : (string[])[$"vfmadd231ps {sum}, {other}, ymm7"], $"vmovups {total}, {sum}"]
                        : [$"vfmadd231ps ymm{totals[place]}, {sum}, ymm6", .. powers ? [] : (string[])[$"vfmadd231ps ymm{totals[place]}, {other}, ymm7"]]);
                }
            }

            int pair = 1 + kept.Length + 9;
            Check(Avx2E2M1DotsCode.Multiply(Enum.Parse<GeneralRegister>(argument), tokens, powers), argument, string.Join('\n',
            [
                "mov rax, ARGUMENT",
                .. kept.Select(i => $"vmovups [rax+{112 + 16 * i}], xmm{6 + i}"),
                "mov r10, [rax+104]",
                .. Enumerable.Range(0, 4).Select(table => $"vmovups ymm{12 + table}, [r10{Plus(table * 32)}]"),
                "mov rcx, [rax]", "mov rdx, [rax+8]", "mov r8, [rax+24]", "mov r9, [rax+32]",
                "mov r10, [rax+40]", "prefetcht0 [r8+512]", "prefetcht0 [r8+576]", "prefetcht0 [r8+640]",
                .. begin,
                .. step,
                "add rcx, 64", $"add r8, {(powers ? 4 : 8)}", $"add r10, {512 * tokens}", "cmp r10, [rax+48]", $"jnz {pair + 4 + begin.Length}",
                "mov r11, [rax+56]", "add rcx, r11", "mov r11, [rax+64]", "add r8, r11",
                .. step,
                "mov r11, [rax+72]", "add rcx, r11", "mov r11, [rax+80]", "add r8, r11", "mov r11, [rax+96]",
                .. end,
                $"add r11, {64 * tokens}", "mov [rax+96], r11", "mov r11, [rax+88]", "dec r11", "mov [rax+88], r11", $"jnz {pair}",
                .. kept.Select(i => $"vmovups xmm{6 + i}, [rax+{112 + 16 * i}]"),
                "vzeroupper", "ret",
            ]));
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Several_tokens_of_codes(string argument)
    {
        GeneralRegister register = Enum.Parse<GeneralRegister>(argument);
        foreach ((int tokens, bool powers, bool whole) in ((int, bool, bool)[])[(1, true, false), (1, true, true), (2, false, true), (3, true, true), (4, false, true), (4, true, true)])
        {
            int walks = tokens == 1 ? 4 : 2;
            string[] places = ["rcx", "rcx+r9", "rcx+r9*2", "rdx"];
            List<string> step = [.. Enumerable.Range(0, 2 * walks).Select(i => $"prefetcht0 [{places[i / 2]}+{1536 + i % 2 * 64}]")];
            for (int line = 0; line < 2; line++)
            {
                for (int walk = 0; walk < walks; walk += 2)
                {
                    for (int row = 0; row < 2; row++)
                    {
                        (string low, string high, string third) = ($"zmm{3 * row}", $"zmm{3 * row + 1}", $"zmm{3 * row + 2}");
                        string place = places[walk + row];
                        step.AddRange(whole ? [$"vpermb {low}, zmm10, [{place}{Plus(line * 64)}]"] : [$"vmovups {low}, [{place}{Plus(line * 64)}]", $"vpermt2b {low}, zmm10, [{place}+{line * 64 + 64}]"]);
                        step.AddRange([$"vmovaps {high}, {low}", $"vmovaps {third}, {low}", $"vpermi2b {high}, zmm6, zmm7", $"vpermi2b {third}, zmm8, zmm9", $"vpternlogd {high}, {low}, zmm11, -8"]);
                        step.AddRange([$"vpunpcklbw {low}, {third}, {high}", $"vpunpckhbw {third}, {third}, {high}"]);
                    }

                    for (int vector = 0; vector < 4; vector++)
                    {
                        int pairs = vector / 2 * 2;
                        step.AddRange(vector % 2 == 0 ? Enumerable.Range(0, 2).SelectMany(row => Split(3 * row, 3 * row + pairs)) : []);
                        for (int token = 0; token < tokens; token++)
                        {
                            step.Add($"vmovups zmm15, [r10{Plus(((line * 4 + vector) * tokens + token) * 64)}]");
                            step.AddRange(Enumerable.Range(0, 2).Select(row =>
                                $"{(vector == 0 && (powers || line == 0) ? "vmulps" : "vfmadd231ps")} zmm{16 + (walk + row) * tokens + token}, zmm{3 * row + (vector % 2 == 0 ? 1 : pairs)}, zmm15"));
                        }
                    }
                }

                for (int walk = 0; walk < walks && (powers || line == 1); walk++)
                {
                    string scale = $"zmm{walk}";
                    step.Add($"vbroadcastss {scale}, [r8{Plus(walk * 4 + (powers ? line * 2 : 0))}]");
                    step.AddRange(powers ? [$"vpshufb {scale}, {scale}, zmm13", $"vpslld {scale}, {scale}, 23", $"vpmaxud {scale}, {scale}, zmm14"] : []);
                    step.AddRange(Enumerable.Range(0, tokens).Select(token => $"vfmadd231ps zmm{24 + walk * tokens + token}, zmm{16 + walk * tokens + token}, {scale}"));
                }
            }

            string[] begin =
            [
                "mov r10, [rax+56]", .. Enumerable.Range(0, 4).Select(i => $"vmovups zmm{6 + i}, [r10{Plus(i * 64)}]"), "mov r10, [rax+64]", "vmovups zmm10, [r10]",
                "vbroadcastss zmm11, [rax+76]", "vbroadcastss zmm12, [rax+72]",
                .. powers ? ["mov r10, [rax+96]", "vmovups zmm13, [r10]", "vbroadcastss zmm14, [rax+104]"] : (string[])[],
            ];
            CheckTokens(TokenDotsCode.E4M3(register, tokens, walks, powers, whole), argument, tokens, begin, step, hasScales: true);
        }
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Several_tokens_of_bfloat16(string argument)
    {
        foreach (int tokens in (int[])[2, 3, 4])
        {
            string[] places = ["rcx", "rcx+r9"];
            List<string> step = [.. Enumerable.Range(0, 4).Select(i => $"prefetcht0 [{places[i / 2]}+{1536 + i % 2 * 64}]")];
            for (int line = 0; line < 2; line++)
            {
                step.AddRange(Enumerable.Range(0, 2).SelectMany(row => (string[])[$"vmovups zmm{3 * row}, [{places[row]}{Plus(line * 64)}]", .. Split(3 * row, 3 * row)]));
                for (int i = 0; i < 2 * tokens; i++)
                {
                    step.Add($"vmovups zmm15, [r10{Plus((line * 2 * tokens + i) * 64)}]");
                    step.AddRange(Enumerable.Range(0, 2).Select(row => $"vfmadd231ps zmm{16 + i / tokens * 2 * tokens + row * tokens + i % tokens}, zmm{3 * row + 1 - i / tokens}, zmm15"));
                }
            }

            CheckTokens(TokenDotsCode.BFloat16(Enum.Parse<GeneralRegister>(argument), tokens), argument, tokens, ["vbroadcastss zmm12, [rax+72]"], step, hasScales: false);
        }
    }

    static string[] Split(int at, int pairs) => [$"vpslld zmm{at + 1}, zmm{pairs}, 16", $"vpandd zmm{pairs}, zmm{pairs}, zmm12"];

    static void CheckTokens(byte[] code, string argument, int tokens, string[] begin, List<string> step, bool hasScales)
    {
        int walks = tokens == 1 ? 4 : 2;
        int[] kept = argument == nameof(GeneralRegister.Rcx) ? [.. Enumerable.Range(0, 10)] : [];
        int first = hasScales ? 24 : 16;
        List<string> lines = ["mov rax, ARGUMENT", .. kept.Select(i => $"vmovups [rax+{120 + 16 * i}], xmm{6 + i}"), .. begin, "mov rcx, [rax]", "mov r9, [rax+8]"];
        lines.AddRange(walks == 4 ? ["mov rdx, rcx", "add rdx, r9", "add rdx, r9", "add rdx, r9"] : []);
        lines.AddRange([.. hasScales ? ["mov r8, [rax+80]"] : (string[])[], "mov r10, [rax+16]"]);
        int row = lines.Count;
        lines.Add("mov r11, [rax+24]");
        lines.AddRange(Enumerable.Range(0, walks * tokens).Select(i => $"vmovups zmm{first + i}, [r11{Plus(i / tokens * (8192 / walks) + i % tokens * 64)}]"));
        lines.AddRange(hasScales ? [] : Enumerable.Range(first + walks * tokens, walks * tokens).Select(sum => $"vpxord zmm{sum}, zmm{sum}, zmm{sum}"));
        lines.Add("mov r11, [rax+40]");
        int turn = lines.Count;
        lines.AddRange([.. step, .. hasScales ? [$"add r8, {walks * 4}"] : (string[])[], "add rcx, 128", .. walks == 4 ? ["add rdx, 128"] : (string[])[]]);
        lines.AddRange([$"add r10, {(hasScales ? 512 : 256) * tokens}", "dec r11", $"jnz {turn}", "mov r11, [rax+24]"]);
        for (int i = 0; i < walks * tokens; i++)
        {
            lines.AddRange(hasScales ? [] : [$"vaddps zmm{first + i}, zmm{first + i}, zmm{first + i + walks * tokens}"]);
            lines.Add($"vmovups [r11{Plus(i / tokens * (8192 / walks) + i % tokens * 64)}], zmm{first + i}");
        }

        lines.AddRange([$"add r11, {tokens * 64}", "mov [rax+24], r11", "mov r11, [rax+48]", "add r10, r11", "mov r11, [rax+112]", "add rcx, r11", .. walks == 4 ? ["add rdx, r11"] : (string[])[], .. hasScales ? ["mov r11, [rax+88]", "add r8, r11"] : (string[])[]]);
        lines.AddRange(["mov r11, [rax+32]", "dec r11", "mov [rax+32], r11", $"jnz {row}", .. kept.Select(i => $"vmovups xmm{6 + i}, [rax+{120 + 16 * i}]"), "vzeroupper", "ret"]);
        Check(code, argument, string.Join('\n', lines));
    }

    static string Plus(int offset) => offset == 0 ? "" : $"+{offset}";

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Four_rows_of_codes(string argument)
    {
        List<string> step = [];
        foreach (int half in (int[])[0, 32])
        {
            for (int row = 0; row < 4; row++)
            {
                string codes = $"[{s_rows[row]}{(half == 0 ? "" : "+32")}]";
                step.AddRange([$"vmovups ymm8, {codes}", "vpmaddubsw ymm9, ymm15, ymm8", "vpsraw ymm8, ymm8, 4", "vpslld ymm10, ymm9, 16", "vpslld ymm11, ymm8, 16"]);
                step.AddRange(Enumerable.Range(8, 4).Select(vector => $"vpand ymm{vector}, ymm14, ymm{vector}"));
                step.AddRange([$"vfmadd231ps ymm{row}, ymm10, {Input(half * 4)}", $"vfmadd231ps ymm{4 + row}, ymm11, {Input(half * 4 + 32)}"]);
                step.AddRange([$"vfmadd231ps ymm{row}, ymm9, {Input(half * 4 + 64)}", $"vfmadd231ps ymm{4 + row}, ymm8, {Input(half * 4 + 96)}"]);
            }
        }

        CheckFourRows(FourDotsCode.E4M3(Enum.Parse<GeneralRegister>(argument)), argument, step, 256);
    }

    [Theory]
    [InlineData(nameof(GeneralRegister.Rdi))]
    [InlineData(nameof(GeneralRegister.Rcx))]
    public void Four_rows_of_bfloat16(string argument)
    {
        List<string> step = [];
        for (int row = 0; row < 4; row++)
        {
            foreach (int half in (int[])[0, 32])
            {
                step.AddRange([$"vmovups ymm8, [{s_rows[row]}{(half == 0 ? "" : "+32")}]", "vpslld ymm9, ymm8, 16", "vpand ymm8, ymm14, ymm8"]);
                step.AddRange([$"vfmadd231ps ymm{row}, ymm9, {Input(half * 2)}", $"vfmadd231ps ymm{4 + row}, ymm8, {Input(half * 2 + 32)}"]);
            }
        }

        CheckFourRows(FourDotsCode.BFloat16(Enum.Parse<GeneralRegister>(argument)), argument, step, 128);
    }

    static readonly string[] s_rows = ["rcx", "rdx", "r8", "r9"];

    // R10 is 128 bytes into a step's inputs.
    static string Input(int offset) => offset == 128 ? "[r10]" : $"[r10{(offset > 128 ? "+" : "")}{offset - 128}]";

    static void CheckFourRows(byte[] code, string argument, List<string> step, int inputBytes)
    {
        bool isWindows = argument == nameof(GeneralRegister.Rcx);
        int[] kept = isWindows ? [.. Enumerable.Range(0, 10)] : [];
        int row = 1 + kept.Length + 8;
        Check(code, argument, string.Join('\n',
        [
            "mov rax, ARGUMENT",
            .. kept.Select(i => $"vmovups [rax+{80 + 16 * i}], xmm{6 + i}"),
            "mov rcx, [rax]", "mov rdx, [rax+8]", "mov r8, [rax+16]", "mov r9, [rax+24]", "mov r10, [rax+32]", "add r10, 128",
            "vbroadcastss ymm14, [rax+72]", "vbroadcastss ymm15, [rax+76]",
            .. Enumerable.Range(0, 8).Select(sum => $"vxorps ymm{sum}, ymm{sum}, ymm{sum}"),
            "mov r11, [rax+56]",
            .. s_rows.Select(at => $"prefetcht0 [{at}+512]"),
            .. step,
            .. s_rows.Select(at => $"add {at}, 64"),
            $"add r10, {inputBytes}", "dec r11", $"jnz {row + 9}",
            "mov r11, [rax+40]",
            .. Enumerable.Range(0, 4).Select(sum => $"vaddps ymm{sum}, ymm{sum}, ymm{4 + sum}"),
            "vhaddps ymm0, ymm0, ymm1", "vhaddps ymm2, ymm2, ymm3", "vhaddps ymm0, ymm0, ymm2", "vextractf128 xmm1, ymm0, 1", "vaddps xmm0, xmm0, xmm1",
            .. Enumerable.Range(0, 4).Select(sum => $"vextractps [r11{(sum == 0 ? "" : $"+{sum * 1024}")}], xmm0, {sum}"),
            "add r11, 4", "mov [rax+40], r11", "mov r11, [rax+64]", "add r10, r11", "mov r11, [rax+48]", "dec r11", "mov [rax+48], r11", $"jnz {row}",
            .. kept.Select(i => $"vmovups xmm{6 + i}, [rax+{80 + 16 * i}]"),
            "vzeroupper", "ret",
        ]));
    }

    static void Check(byte[] code, string argument, string expected)
        => Assert.Equal(expected.Replace("ARGUMENT", argument.ToLowerInvariant(), StringComparison.Ordinal).Split('\n', StringSplitOptions.TrimEntries), new MachineProgram(code).Listing());
}
