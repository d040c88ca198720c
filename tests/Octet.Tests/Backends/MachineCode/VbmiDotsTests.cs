using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;
using Octet.Tests.Reference;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops of decode for AVX-512, on their own. As parts of linear layers they are in <see cref="LinearTests"/>.</summary>
public unsafe class VbmiDotsTests
{
    public static TheoryData<string> Codes => ["interpreted", "on this processor"];

    /// <summary>Skips the test, with the reason, where the machine cannot run the code.</summary>
    internal static VbmiDotsFunctions Get(string code)
    {
        Assert.SkipWhen(code != "interpreted" && VbmiDotsFunctions.Shared is null, VbmiDotsFunctions.Refusal ?? "");
        return code == "interpreted" ? InterpretedCode.VbmiDots : VbmiDotsFunctions.Shared!;
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Known_products_are_exact(string code)
    {
        Assert.True(KnownDots.AreExact(Get(code), unit: 1));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void A_processor_that_multiplies_wrongly_is_found_out()
    {
        Assert.False(KnownDots.AreExact(new VbmiDotsFunctions(&Nothing, &Nothing, &Nothing, &Nothing, &Nothing, &Nothing, [&Nothing, &Nothing, &Nothing, &Nothing, &Nothing, &Nothing, &Nothing, &Nothing, &Nothing], &Nothing, &Nothing), unit: 1));
        Assert.False(KnownDots.AreExact(new VbmiDotsFunctions(&Zeros, &Zeros, &Zeros, &Zeros, &Zeros, &Zeros, [&Zeros, &Zeros, &Zeros, &Zeros, &Zeros, &Zeros, &Zeros, &Zeros, &Zeros], &Zeros, &Zeros), unit: 1));
    }

    [Fact]
    public void There_are_functions_or_a_reason_why_not() => Assert.NotEqual(VbmiDotsFunctions.Shared is null, VbmiDotsFunctions.Refusal is null);

    [Fact]
    public void Both_calling_conventions_give_the_same_sums()
    {
        const int Rows = 3;
        const int Steps = 2;
        var memory = (byte*)NativeMemory.AlignedAlloc(1 << 17, 64);
        var random = new Random(5);
        float* inputs = (float*)(memory + (1 << 14));
        float* sums = (float*)(memory + (1 << 15));
        byte* tables = memory + (1 << 16);
        random.NextBytes(new Span<byte>(memory, 1 << 14));
        for (int i = 0; i < 1 << 10; i++)
        {
            memory[2 * i + 1] &= 0xBF;
            inputs[i] = random.NextSingle() - 0.5f;
        }

        float* scales = (float*)(memory + (1 << 16) + (1 << 15));
        new Span<float>(scales, 64).Fill(0.75f);
        byte* orders = tables + VbmiDotsCode.TableBytes;
        Octet.Backends.Cpu.VbmiE4M3Weights.WriteTables(new Span<byte>(tables, VbmiDotsCode.TableBytes));
        List<float[]> results = [];
        foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
        {
            foreach (bool aligned in (bool[])[false, true])
            {
                foreach ((byte[] code, int lines, int step) in ((byte[], int, int)[])
                    [(VbmiDotsCode.E4M3(argument, aligned), 1, 64), (VbmiDotsCode.ScaledE4M3(argument, aligned), 2, 128), (VbmiDotsCode.BFloat16(argument, aligned), 2, 64)])
                {
                    VbmiDotsCode.WriteOrders(new Span<byte>(orders, VbmiDotsCode.OrdersBytes), ofCodes: lines * 64 == step);
                    VbmiDotsBlock block = new()
                    {
                        First = memory,
                        Apart = 512,
                        Inputs = inputs,
                        Sums = sums,
                        Rows = Rows,
                        Steps = Steps,
                        InputMove = 64 - Steps * step * sizeof(float),
                        Tables = tables,
                        Order = orders + (aligned ? 0 : 20 * 64),
                        Mask = 0xFFFF0000,
                        Signs = 0x80808080,
                        Scales = step == 128 ? scales : null,
                        ScaleMove = -16,
                    };
                    new Span<float>(sums, 1 << 13).Clear();
                    var processor = new Processor();
                    InterpretedCode.Allow(processor, &block, lines, step, aligned);
                    processor.Call(new MachineProgram(code), argument, &block);
                    results.Add(new ReadOnlySpan<float>(sums, 1 << 12).ToArray());
                }
            }
        }

        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(results[i], results[6 + i]);
            Assert.Contains(results[i], value => value != 0);
        }

        // What begins 20 bytes later is something else.
        Assert.NotEqual(results[0], results[3]);
        NativeMemory.AlignedFree(memory);
    }

    /// <summary>By definition: in each lane, first and third of four neighbours in one sum, second and fourth in another; both, times a block's scale, are added to the total.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void Blocks_are_summed_on_their_own_and_times_their_scales_added(string code)
    {
        const int Columns = 3 * VbmiDotsCode.ScaledColumns;
        const int Rows = 3;
        const int Steps = Columns / VbmiDotsCode.ScaledColumns;
        VbmiDotsFunctions functions = Get(code);
        int walkFloats = VbmiDotsBlock.WalkBytes / sizeof(float);
        var memory = (byte*)NativeMemory.AlignedAlloc(1 << 16, 64);
        float* inputs = (float*)NativeMemory.AlignedAlloc(Columns * sizeof(float), 64);
        float* sums = (float*)NativeMemory.AlignedAlloc((nuint)(4 * VbmiDotsBlock.WalkBytes), 64);
        float* scales = stackalloc float[Rows * Steps * 4];
        var random = new Random(7);
        foreach ((int into, bool ofRows) in ((int, bool)[])[(0, false), (48, true), (1, false), (63, true)])
        {
            byte* codes = memory + into;
            for (int i = 0; i < 4 * Rows * Columns; i++)
            {
                codes[i] = (byte)random.Next(256);
                codes[i] -= (byte)((codes[i] & 0x7F) == 0x7F ? 1 : 0);
            }

            for (int i = 0; i < Columns; i++)
            {
                inputs[i] = random.NextSingle() - 0.5f;
            }

            for (int i = 0; i < Rows * Steps * 4; i++)
            {
                scales[i] = random.NextSingle() - 0.3f;
            }

            functions.MultiplyE4M3(new DotsRun
            {
                First = codes,
                Apart = Rows * Columns,
                Inputs = inputs,
                Sums = sums,
                Rows = Rows,
                Steps = Steps,
                InputMove = -Columns * sizeof(float),
                Scales = scales,
                ScaleMove = ofRows ? 0 : -Steps * 4 * sizeof(float),
            });
            Assert.Empty(InterpretedCode.Failures);
            for (int i = 0; i < 4 * Rows * 16; i++)
            {
                (int walk, int row, int lane) = (i / 16 / Rows, i / 16 % Rows, i % 16);
                byte* line = codes + (walk * Rows + row) * Columns;
                float total = 0;
                for (int step = 0; step < Steps; step++)
                {
                    float[] parts = new float[2];
                    for (int k = 0; k < 8; k++)
                    {
                        // Of 64 columns lane i has four, beginning with 4 i; their inputs are 16 apart.
                        int half = step * 128 + k / 4 * 64;
                        parts[k % 2] = MathF.FusedMultiplyAdd((float)E4M3.Decode(line[half + 4 * lane + k % 4]), inputs[half + k % 4 * 16 + lane], parts[k % 2]);
                    }

                    total = MathF.FusedMultiplyAdd(parts[0] + parts[1], scales[((ofRows ? row : 0) * Steps + step) * 4 + walk], total);
                }

                Assert.Equal(total, sums[walk * walkFloats + row * 16 + lane]);
            }
        }

        NativeMemory.AlignedFree(memory);
        NativeMemory.AlignedFree(inputs);
        NativeMemory.AlignedFree(sums);
    }

    [UnmanagedCallersOnly]
    static void Nothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    static void Zeros(void* block) => new Span<float>(((VbmiDotsBlock*)block)->Sums, VbmiDotsCode.Walks * VbmiDotsBlock.WalkBytes / sizeof(float)).Clear();
}
