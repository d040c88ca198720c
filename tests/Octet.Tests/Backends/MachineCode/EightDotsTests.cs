using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops of decode for AVX-512, on their own. As parts of linear layers they are in <see cref="LinearTests"/>.</summary>
public unsafe class EightDotsTests
{
    public static TheoryData<string> Codes => ["interpreted", "on this processor"];

    /// <summary>Skips the test, with the reason, where the machine cannot run the code.</summary>
    internal static EightDotsFunctions Get(string code)
    {
        Assert.SkipWhen(code != "interpreted" && EightDotsFunctions.Shared is null, EightDotsFunctions.Refusal ?? "");
        return code == "interpreted" ? InterpretedCode.EightDots : EightDotsFunctions.Shared!;
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
        Assert.False(KnownDots.AreExact(new EightDotsFunctions(&Nothing, &Nothing, &Nothing, &Nothing), unit: 1));
        Assert.False(KnownDots.AreExact(new EightDotsFunctions(&Zeros, &Zeros, &Zeros, &Zeros), unit: 1));
    }

    [Fact]
    public void There_are_functions_or_a_reason_why_not() => Assert.NotEqual(EightDotsFunctions.Shared is null, EightDotsFunctions.Refusal is null);

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

        byte* orders = tables + EightDotsCode.TableBytes;
        Octet.Backends.Cpu.VbmiE4M3Weights.WriteTables(new Span<byte>(tables, EightDotsCode.TableBytes));
        List<float[]> results = [];
        foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
        {
            foreach (bool aligned in (bool[])[false, true])
            {
                foreach ((byte[] code, int lines) in ((byte[], int)[])[(EightDotsCode.E4M3(argument, aligned), 1), (EightDotsCode.BFloat16(argument, aligned), 2)])
                {
                    EightDotsCode.WriteOrders(new Span<byte>(orders, EightDotsCode.OrdersBytes), ofCodes: lines == 1);
                    EightDotsBlock block = new()
                    {
                        First = memory,
                        Apart = 512,
                        Inputs = inputs,
                        Sums = sums,
                        Rows = Rows,
                        Steps = Steps,
                        InputMove = 64 - Steps * 256,
                        Tables = tables,
                        Order = orders + (aligned ? 0 : 20 * 64),
                        Mask = 0xFFFF0000,
                        Signs = 0x80808080,
                    };
                    new Span<float>(sums, 1 << 13).Clear();
                    var processor = new Processor();
                    InterpretedCode.Allow(processor, &block, lines, aligned);
                    processor.Call(new MachineProgram(code), argument, &block);
                    results.Add(new ReadOnlySpan<float>(sums, 1 << 12).ToArray());
                }
            }
        }

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(results[i], results[4 + i]);
            Assert.Contains(results[i], value => value != 0);
        }

        // What begins 20 bytes later is something else.
        Assert.NotEqual(results[0], results[2]);
        NativeMemory.AlignedFree(memory);
    }

    [UnmanagedCallersOnly]
    static void Nothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    static void Zeros(void* block) => new Span<float>(((EightDotsBlock*)block)->Sums, EightDotsCode.Walks * EightDotsBlock.WalkBytes / sizeof(float)).Clear();
}
