using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>Every instruction with every register it can have, read back by Iced.</summary>
public class X64EncoderTests
{
    static readonly GeneralRegister[] s_registers = Enum.GetValues<GeneralRegister>();

    [Fact]
    public void General_instructions_are_what_was_meant()
    {
        foreach (GeneralRegister a in s_registers)
        {
            string first = a.ToString().ToLowerInvariant();
            Check(code => code.Move(a, 64), $"mov {first}, 64");
            Check(code => code.Move(a, -3), $"mov {first}, -3");
            Check(code => code.Add(a, 1024), $"add {first}, 1024");
            Check(code => code.Decrement(a), $"dec {first}");
            Check(code => code.PrefetchForWriting(a, 0), $"prefetchw [{first}]");
            Check(code => code.PrefetchForWriting(a, 64), $"prefetchw [{first}+64]");
            foreach (GeneralRegister b in s_registers)
            {
                string second = b.ToString().ToLowerInvariant();
                Check(code => code.Move(a, b), $"mov {first}, {second}");
                Check(code => code.Add(a, b), $"add {first}, {second}");
                Check(code => code.Load(a, b, 0), $"mov {first}, [{second}]");
                Check(code => code.Load(a, b, 24), $"mov {first}, [{second}+24]");
                Check(code => code.Compare(a, b, 0), $"cmp {first}, [{second}]");
                Check(code => code.Compare(a, b, 48), $"cmp {first}, [{second}+48]");
                Check(code => code.Store(a, 0, b), $"mov [{first}], {second}");
                Check(code => code.Store(a, 400, b), $"mov [{first}+400], {second}");
            }
        }

        Check(code => code.Return(), "ret");
        Check(code => code.GetExtendedControl(), "xgetbv");
        Check(code => code.ZeroUpper(), "vzeroupper");
    }

    [Fact]
    public void A_jump_goes_back_to_its_target()
    {
        var code = new X64Encoder();
        code.Move(GeneralRegister.Rcx, 3);
        int target = code.Position;
        code.Add(GeneralRegister.R8, 1);
        code.Decrement(GeneralRegister.Rcx);
        code.JumpIfNotZero(target);
        Assert.Equal(["mov rcx, 3", "add r8, 1", "dec rcx", "jnz 1"], new MachineProgram(code.ToArray()).Listing());
    }

    [Fact]
    public void Tile_instructions_are_what_was_meant()
    {
        Check(code => code.ReleaseTiles(), "tilerelease");
        foreach (GeneralRegister a in s_registers)
        {
            string first = a.ToString().ToLowerInvariant();
            Check(code => code.LoadTileConfiguration(a), $"ldtilecfg [{first}]");
            foreach (GeneralRegister b in s_registers)
            {
                string second = b.ToString().ToLowerInvariant();
                Check(code => code.LoadTile((int)a % 8, a, b), $"tileloadd tmm{(int)a % 8}, [{first}+{second}]");
                Check(code => code.LoadTile((int)b % 8, a, b, 16384), $"tileloadd tmm{(int)b % 8}, [{first}+{second}+16384]");
                Check(code => code.StoreTile(a, b, (int)b % 8), $"tilestored [{first}+{second}], tmm{(int)b % 8}");
                Check(code => code.StoreTile(a, b, (int)a % 8, 3072), $"tilestored [{first}+{second}+3072], tmm{(int)a % 8}");
            }
        }

        for (int a = 0; a < 8; a++)
        {
            Check(code => code.ZeroTile(a), $"tilezero tmm{a}");
            for (int b = 0; b < 64; b++)
            {
                if (a != b / 8 && a != b % 8 && b / 8 != b % 8)
                {
                    Check(code => code.MultiplyTiles(a, b / 8, b % 8), $"tdpbf16ps tmm{a}, tmm{b / 8}, tmm{b % 8}");
                }
            }
        }
    }

    [Fact]
    public void Vector_instructions_are_what_was_meant()
    {
        for (int vector = 0; vector < 32; vector++)
        {
            Check(code => code.ZeroVector(vector), $"vpxord zmm{vector}, zmm{vector}, zmm{vector}");
            foreach (GeneralRegister a in s_registers)
            {
                string first = a.ToString().ToLowerInvariant();
                Check(code => code.LoadVector(vector, a), $"vmovups zmm{vector}, [{first}]");
                Check(code => code.LoadVector(vector, a, 100), $"vmovups zmm{vector}, [{first}+100]");
                Check(code => code.LoadLanes(vector, a, 4), $"vbroadcastss zmm{vector}, [{first}+4]");
                Check(code => code.StoreVector(a, 2048, vector), $"vmovups [{first}+2048], zmm{vector}");
                for (int other = 0; other < 32; other++)
                {
                    Check(code => code.MultiplyAdd(vector, other, a, other * 64), $"vfmadd231ps zmm{vector}, zmm{other}, [{first}{(other == 0 ? "" : $"+{other * 64}")}]");
                    Check(code => code.Multiply(vector, other, a, other * 64), $"vmulps zmm{vector}, zmm{other}, [{first}{(other == 0 ? "" : $"+{other * 64}")}]");
                    Check(code => code.MultiplyThenAdd(vector, other, a, other * 64), $"vfmadd213ps zmm{vector}, zmm{other}, [{first}{(other == 0 ? "" : $"+{other * 64}")}]");
                }
            }

            for (int b = 0; b < 32; b++)
            {
                Check(code => code.MoveVector(vector, b), $"vmovaps zmm{vector}, zmm{b}");
                Check(code => code.ShiftLeft(vector, b, 16), $"vpslld zmm{vector}, zmm{b}, 16");
                Check(code => code.ShiftRightWords(vector, b, 12), $"vpsrlw zmm{vector}, zmm{b}, 12");
                for (int c = 0; c < 32; c++)
                {
                    Check(code => code.Add(vector, b, c), $"vaddps zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.Multiply(vector, b, c), $"vmulps zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.MultiplyAdd(vector, b, c), $"vfmadd231ps zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.And(vector, b, c), $"vpandd zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.OrWithAnd(vector, b, c), $"vpternlogd zmm{vector}, zmm{b}, zmm{c}, -8");
                    Check(code => code.LookUpWords(vector, b, c), $"vpermw zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.PickInLanes(vector, b, c), $"vpshufb zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.Larger(vector, b, c), $"vpmaxud zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.LookUpBytes(vector, b, c), $"vpermi2b zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.InterleaveBytes(vector, b, c, upper: false), $"vpunpcklbw zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.InterleaveBytes(vector, b, c, upper: true), $"vpunpckhbw zmm{vector}, zmm{b}, zmm{c}");
                    Check(code => code.MultiplyPairs(vector, b, c), $"vdpbf16ps zmm{vector}, zmm{b}, zmm{c}");
                }
            }
        }
    }

    [Fact]
    public void Addresses_with_an_index_are_what_was_meant()
    {
        foreach (GeneralRegister a in s_registers)
        {
            foreach (GeneralRegister b in s_registers)
            {
                foreach (int scale in (int[])[1, 2, 4, 8])
                {
                    // Counted in vectors of 64 bytes, the last that fits in a byte and the first that does not; one between two.
                    foreach (int offset in (int[])[0, 64, 100, 127 * 64, 128 * 64, -128 * 64, -129 * 64])
                    {
                        X64Encoder.Place place = new(a, offset, b, scale);
                        string sum = $"{a}+{b}{(scale == 1 ? "" : $"*{scale}")}".ToLowerInvariant();
                        string at = $"[{sum}{(offset == 0 ? "" : offset > 0 ? $"+{offset}" : $"{offset}")}]";
                        Check(code => code.LoadVector(17, place), $"vmovups zmm17, {at}");
                        Check(code => code.LoadLanes(18, place), $"vbroadcastss zmm18, {at}");
                        Check(code => code.LoadPairsOfLanes(7, place), $"vbroadcastsd zmm7, {at}");
                        Check(code => code.LoadVector256(11, place), $"vmovups ymm11, {at}");
                        Check(code => code.LoadLanes256(3, place), $"vbroadcastss ymm3, {at}");
                        Check(code => code.PickBytes(3, 20, place), $"vpermb zmm3, zmm20, {at}");
                        Check(code => code.PickBytesOfBoth(30, 9, place), $"vpermt2b zmm30, zmm9, {at}");
                        Check(code => code.Prefetch(place), $"prefetcht0 {at}");
                        Check(code => code.Prefetch(place, far: true), $"prefetcht1 {at}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Instructions_on_256_bits_are_what_was_meant()
    {
        for (int a = 0; a < 16; a++)
        {
            Check(code => code.ZeroVector256(a), $"vxorps ymm{a}, ymm{a}, ymm{a}");
            foreach (GeneralRegister register in s_registers)
            {
                string at = register.ToString().ToLowerInvariant();
                Check(code => code.Prefetch(register, 512), $"prefetcht0 [{at}+512]");

                // The last offset of a byte and the first that takes more.
                foreach (int offset in (int[])[0, 32, 127, 128, -128, -129, 100_000])
                {
                    string where = offset == 0 ? $"[{at}]" : $"[{at}{(offset < 0 ? "" : "+")}{offset}]";
                    Check(code => code.LoadVector256(a, register, offset), $"vmovups ymm{a}, {where}");
                    Check(code => code.StoreVector256(register, offset, a), $"vmovups {where}, ymm{a}");
                    Check(code => code.LoadVector128(a, register, offset), $"vmovups xmm{a}, {where}");
                    Check(code => code.StoreVector128(register, offset, a), $"vmovups {where}, xmm{a}");
                    Check(code => code.LoadLanes256(a, register, offset), $"vbroadcastss ymm{a}, {where}");
                    Check(code => code.StoreLane(register, offset, a, 3), $"vextractps {where}, xmm{a}, 3");
                    Check(code => code.MultiplyAdd256(a, 15 - a, register, offset), $"vfmadd231ps ymm{a}, ymm{15 - a}, {where}");
                    Check(code => code.MultiplyThenAdd256(a, 15 - a, register, offset), $"vfmadd213ps ymm{a}, ymm{15 - a}, {where}");
                    Check(code => code.Multiply256(a, 15 - a, register, offset), $"vmulps ymm{a}, ymm{15 - a}, {where}");
                    Check(code => code.Larger256(a, 15 - a, register, offset), $"vpmaxud ymm{a}, ymm{15 - a}, {where}");
                    Check(code => code.PickInLanes256(a, 15 - a, register, offset), $"vpshufb ymm{a}, ymm{15 - a}, {where}");
                }
            }

            for (int b = 0; b < 16; b++)
            {
                Check(code => code.UpperHalf(a, b), $"vextractf128 xmm{a}, ymm{b}, 1");
                Check(code => code.ShiftLeft32(a, b, 16), $"vpslld ymm{a}, ymm{b}, 16");
                Check(code => code.ShiftRightSigned16(a, b, 4), $"vpsraw ymm{a}, ymm{b}, 4");
                Check(code => code.ShiftRightWords256(a, b, 4), $"vpsrlw ymm{a}, ymm{b}, 4");
                for (int c = 0; c < 16; c++)
                {
                    Check(code => code.Add256(a, b, c), $"vaddps ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.Add128(a, b, c), $"vaddps xmm{a}, xmm{b}, xmm{c}");
                    Check(code => code.AddNeighbours256(a, b, c), $"vhaddps ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.And256(a, b, c), $"vpand ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.MultiplyBytePairs256(a, b, c), $"vpmaddubsw ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.Multiply256(a, b, c), $"vmulps ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.MultiplyAdd256(a, b, c), $"vfmadd231ps ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.PickInLanes256(a, b, c), $"vpshufb ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.InterleaveBytes256(a, b, c, upper: false), $"vpunpcklbw ymm{a}, ymm{b}, ymm{c}");
                    Check(code => code.InterleaveBytes256(a, b, c, upper: true), $"vpunpckhbw ymm{a}, ymm{b}, ymm{c}");
                }
            }
        }
    }

    static void Check(Action<X64Encoder> write, string expected)
    {
        var code = new X64Encoder();
        write(code);
        Assert.Equal([expected], new MachineProgram(code.ToArray()).Listing());
    }
}
