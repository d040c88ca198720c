using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops for 4-bit codes, on their own. As parts of linear layers they are in <see cref="FourBitTests"/>.</summary>
public unsafe class E2M1DotsTests
{
    public static TheoryData<string> Codes => ["interpreted", "on this processor"];

    /// <summary>Skips the test, with the reason, where the machine cannot run the code.</summary>
    internal static E2M1DotsFunctions Get(string code)
    {
        Assert.SkipWhen(code != "interpreted" && E2M1DotsFunctions.Shared is null, E2M1DotsFunctions.Refusal ?? "");
        return code == "interpreted" ? InterpretedCode.E2M1Dots : E2M1DotsFunctions.Shared!;
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Known_products_are_exact(string code)
    {
        Assert.True(KnownE2M1Dots.AreExact(Get(code)));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void A_processor_that_multiplies_wrongly_is_found_out()
    {
        Assert.False(KnownE2M1Dots.AreExact(new([&Nothing, &Nothing, &Nothing], [&Nothing, &Nothing, &Nothing])));
        Assert.False(KnownE2M1Dots.AreExact(new([&Zeros, &Zeros, &Zeros], [&Zeros, &Zeros, &Zeros])));
    }

    [Fact]
    public void There_are_functions_or_a_reason_why_not() => Assert.NotEqual(E2M1DotsFunctions.Shared is null, E2M1DotsFunctions.Refusal is null);

    /// <summary>By definition: of each lane of eight columns the products of columns 0 to 3, and of 4 to 7, are summed in that order, and both, times the block's scale, added to the total.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void Lanes_are_summed_in_the_order_that_the_comment_says(string code)
    {
        const int Rows = 3, Tokens = 2, MostColumns = 416;
        E2M1DotsFunctions functions = Get(code);
        var random = new Random(11);
        byte* codes = stackalloc byte[Rows * MostColumns / 2];
        byte* scales = stackalloc byte[Rows * MostColumns / 16];
        float* x = stackalloc float[Tokens * MostColumns];
        var memory = (float*)NativeMemory.AlignedAlloc(1 << 16, 64);
        float* sums = memory + (1 << 13);
        foreach (int columns in (int[])[160, 256, 288, MostColumns])
        {
            foreach (bool powers in (bool[])[true, false])
            {
                int block = powers ? 32 : 16;
                random.NextBytes(new Span<byte>(codes, Rows * columns / 2));
                for (int i = 0; i < Rows * columns / block; i++)
                {
                    // Exponents from subnormal numbers to large ones, 0 among them; all positive E4M3.
                    scales[i] = (byte)(powers ? (i % 5 == 0 ? 0 : random.Next(1, 200)) : random.Next(0x7F));
                }

                for (int i = 0; i < Tokens * columns; i++)
                {
                    x[i] = random.NextSingle() * 2 - 1;
                }

                for (int token = 0; token < Tokens; token++)
                {
                    E2M1Input.Arrange(x + token * columns, columns, memory, token, Tokens);
                }

                functions.Multiply(new()
                {
                    Codes = codes,
                    RowBytes = columns / 2,
                    Scales = scales,
                    ScaleRowBytes = columns / block,
                    HasPowers = powers,
                    Rows = Rows,
                    Columns = columns,
                    Tokens = Tokens,
                    Inputs = memory,
                    Sums = sums,
                });
                for (int i = 0; i < Rows * Tokens * 16; i++)
                {
                    Assert.Equal(Lane(codes, scales, x + i / 16 % Tokens * columns, i / 16 / Tokens, i % 16, columns, block), sums[i]);
                }
            }
        }

        NativeMemory.AlignedFree(memory);
        Assert.Empty(InterpretedCode.Failures);
    }

    static readonly float[] s_magnitudes = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6];

    static float Lane(byte* codes, byte* scales, float* x, int row, int lane, int columns, int block)
    {
        float total = 0;
        int steps = (columns + 127) / 128;
        for (int step = 0; step < steps; step++)
        {
            // The last step ends with the row; what was there before counts nothing.
            int start = Math.Min(step * 128, columns - 128) + lane * 8;
            bool counts = start >= step * 128;
            float even = 0, odd = 0;
            for (int i = 0; i < 4; i++)
            {
                even = Add(i, even, start + i);
                odd = Add(i, odd, start + 4 + i);
            }

            float scale = scales[(row * columns + start) / block];
            scale = block == 32 ? MathF.ScaleB(1, (int)scale - 127) : (float)Octet.Numerics.Float8E4M3FN.FromBits((byte)scale);
            total = MathF.FusedMultiplyAdd(even + odd, scale, total);

            float Add(int i, float sum, int column)
            {
                int code = codes[(row * columns + column) / 2] >> (column % 2 * 4) & 15;
                float weight = code < 8 ? s_magnitudes[code] : -s_magnitudes[code - 8];
                float input = counts ? x[column] : 0;
                return i == 0 ? weight * input : MathF.FusedMultiplyAdd(weight, input, sum);
            }
        }

        return total;
    }

    [Fact]
    public void Both_calling_conventions_give_the_same_sums_and_keep_what_is_to_be_kept()
    {
        const int Pairs = 2, Columns = 288;
        var memory = (byte*)NativeMemory.AlignedAlloc(1 << 17, 64);
        var random = new Random(5);
        byte* scales = memory + (1 << 13);
        float* inputs = (float*)(memory + (1 << 14));
        float* sums = (float*)(memory + (1 << 15));
        byte* tables = memory + (1 << 16);
        random.NextBytes(new Span<byte>(memory, 1 << 13));
        new Span<byte>(scales, 1 << 10).Fill(0x3A);
        for (int i = 0; i < 3 * 3 * 128; i++)
        {
            inputs[i] = random.NextSingle() - 0.5f;
        }

        foreach (bool powers in (bool[])[true, false])
        {
            E2M1DotsCode.WriteTables(new Span<byte>(tables, E2M1DotsCode.TableBytes), powers);
            for (int tokens = 1; tokens <= E2M1DotsCode.MostTokens; tokens++)
            {
                List<float[]> results = [];
                foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
                {
                    int scaleBytes = Columns / (powers ? 32 : 16);
                    E2M1DotsBlock block = new()
                    {
                        Codes = memory,
                        RowBytes = Columns / 2,
                        Ahead = 5 * Columns / 2,
                        Scales = scales,
                        ScaleRowBytes = scaleBytes,
                        Inputs = inputs,
                        LastInputs = inputs + 2 * 128 * tokens,
                        CodesBack = -48,
                        ScalesBack = powers ? -3 : -6,
                        CodesMove = Columns - 80,
                        ScalesMove = 2 * scaleBytes - (powers ? 5 : 10),
                        Pairs = Pairs,
                        Sums = sums,
                        Tables = tables,
                    };
                    int floats = 2 * Pairs * tokens * 16;
                    new Span<float>(sums, floats).Clear();
                    var processor = new Processor();
                    InterpretedCode.Allow(processor, &block, tokens, powers);
                    processor.Call(new MachineProgram(E2M1DotsCode.Multiply(argument, tokens, powers)), argument, &block);
                    results.Add(new ReadOnlySpan<float>(sums, floats).ToArray());
                }

                Assert.Equal(results[0], results[1]);
                Assert.Contains(results[0], value => value != 0);
            }
        }

        NativeMemory.AlignedFree(memory);
    }

    [UnmanagedCallersOnly]
    static void Nothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    static void Zeros(void* block)
    {
        var it = (E2M1DotsBlock*)block;
        new Span<float>(it->Sums, (int)it->Pairs * 2 * 16).Clear();
    }
}
