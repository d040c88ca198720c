using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops for 4-bit codes, on their own. As parts of linear layers they are in <see cref="FourBitTests"/>.</summary>
public unsafe class E2M1DotsTests
{
    public static TheoryData<string, int> Codes => new() { { "interpreted", 16 }, { "interpreted", 8 }, { "on this processor", 16 }, { "on this processor", 8 } };

    /// <summary>Skips the test, with the reason, where the machine cannot run the code.</summary>
    static E2M1DotsFunctions Get(string code, int vectorFloats)
    {
        if (code == "interpreted")
        {
            return vectorFloats == 16 ? InterpretedCode.E2M1Dots : InterpretedCode.Avx2E2M1Dots;
        }

        E2M1DotsFunctions? functions = vectorFloats == 16 ? E2M1DotsFunctions.Avx512 : E2M1DotsFunctions.Avx2;
        Assert.SkipWhen(functions is null, (vectorFloats == 16 ? E2M1DotsFunctions.Avx512Refusal : E2M1DotsFunctions.Avx2Refusal) ?? "");
        return functions!;
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Known_products_are_exact(string code, int vectorFloats)
    {
        Assert.True(KnownE2M1Dots.AreExact(Get(code, vectorFloats)));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(8)]
    public void A_processor_that_multiplies_wrongly_is_found_out(int vectorFloats)
    {
        Assert.False(KnownE2M1Dots.AreExact(new(vectorFloats, [&Nothing, &Nothing, &Nothing], [&Nothing, &Nothing, &Nothing])));
        Assert.False(KnownE2M1Dots.AreExact(new(vectorFloats, [&Zeros, &Zeros, &Zeros], [&Zeros, &Zeros, &Zeros])));
    }

    [Fact]
    public void There_are_functions_or_a_reason_why_not()
    {
        Assert.NotEqual(E2M1DotsFunctions.Avx512 is null, E2M1DotsFunctions.Avx512Refusal is null);
        Assert.NotEqual(E2M1DotsFunctions.Avx2 is null, E2M1DotsFunctions.Avx2Refusal is null);
    }

    /// <summary>
    /// By definition. 512 bits: of each lane of eight columns the products of columns 0 to 3, and of 4 to 7, are summed in that order, and both, times the block's scale, added to the total. 256
    /// bits: of 64 columns a lane has four of the first 16 of 32, and four of the others, each summed in the order 0, 2, 1, 3, and both added as above, or, times scales of their own, one after the other.
    /// </summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void Lanes_are_summed_in_the_order_that_the_comment_says(string code, int vectorFloats)
    {
        const int Rows = 3, Tokens = 2, MostColumns = 416;
        E2M1DotsFunctions functions = Get(code, vectorFloats);
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
                    E2M1Input.Arrange(x + token * columns, columns, memory, token, Tokens, vectorFloats);
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
                for (int i = 0; i < Rows * Tokens * vectorFloats; i++)
                {
                    float* token = x + i / vectorFloats % Tokens * columns;
                    int row = i / vectorFloats / Tokens;
                    float expected = vectorFloats == 16 ? Lane(codes, scales, token, row, i % 16, columns, block) : NarrowLane(codes, scales, token, row, i % 8, columns, block);
                    Assert.Equal(expected, sums[i]);
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
                even = Add(codes, x, row, columns, i == 0, even, start + i, counts);
                odd = Add(codes, x, row, columns, i == 0, odd, start + 4 + i, counts);
            }

            total = MathF.FusedMultiplyAdd(even + odd, Scale(scales, row, start, columns, block), total);
        }

        return total;
    }

    static float NarrowLane(byte* codes, byte* scales, float* x, int row, int lane, int columns, int block)
    {
        float total = 0;
        int steps = (columns + 127) / 128;
        for (int half = 0; half < 2 * steps; half++)
        {
            int start = Math.Min(half / 2 * 128, columns - 128) + half % 2 * 64 + lane / 4 * 32 + lane % 4 * 4;
            bool counts = start >= half / 2 * 128;
            float first = 0, other = 0;
            foreach (int i in (int[])[0, 2, 1, 3])
            {
                first = Add(codes, x, row, columns, i == 0, first, start + i, counts);
                other = Add(codes, x, row, columns, i == 0, other, start + 16 + i, counts);
            }

            float scale = Scale(scales, row, start, columns, block);
            total = block == 32
                ? MathF.FusedMultiplyAdd(first + other, scale, total)
                : MathF.FusedMultiplyAdd(other, Scale(scales, row, start + 16, columns, block), MathF.FusedMultiplyAdd(first, scale, total));
        }

        return total;
    }

    static float Scale(byte* scales, int row, int column, int columns, int block)
    {
        byte scale = scales[(row * columns + column) / block];
        return block == 32 ? MathF.ScaleB(1, scale - 127) : (float)Octet.Numerics.Float8E4M3FN.FromBits(scale);
    }

    static float Add(byte* codes, float* x, int row, int columns, bool isFirst, float sum, int column, bool counts)
    {
        int code = codes[(row * columns + column) / 2] >> (column % 2 * 4) & 15;
        float weight = code < 8 ? s_magnitudes[code] : -s_magnitudes[code - 8];
        float input = counts ? x[column] : 0;
        return isFirst ? weight * input : MathF.FusedMultiplyAdd(weight, input, sum);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(8)]
    public void Both_calling_conventions_give_the_same_sums_and_keep_what_is_to_be_kept(int vectorFloats)
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
            if (vectorFloats == 16)
            {
                E2M1DotsCode.WriteTables(new Span<byte>(tables, E2M1DotsCode.TableBytes), powers);
            }
            else
            {
                Avx2E2M1DotsCode.WriteTables(new Span<byte>(tables, Avx2E2M1DotsCode.TableBytes), powers);
            }

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
                    int floats = 2 * Pairs * tokens * vectorFloats;
                    new Span<float>(sums, floats).Clear();
                    var processor = new Processor();
                    InterpretedCode.Allow(processor, &block, tokens, powers, vectorFloats);
                    byte[] code = vectorFloats == 16 ? E2M1DotsCode.Multiply(argument, tokens, powers) : Avx2E2M1DotsCode.Multiply(argument, tokens, powers);
                    processor.Call(new MachineProgram(code), argument, &block);
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
