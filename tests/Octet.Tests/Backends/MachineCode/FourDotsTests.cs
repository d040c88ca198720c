using System.Runtime.InteropServices;
using Octet.Backends.Cpu;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The generated loops of decode, on their own. As parts of linear layers they are in <see cref="LinearTests"/>.</summary>
public unsafe class FourDotsTests
{
    public static TheoryData<string> Codes => ["interpreted", "on this processor"];

    /// <summary>Skips the test, with the reason, where the machine cannot run the code.</summary>
    internal static FourDotsFunctions Get(string code)
    {
        Assert.SkipWhen(code != "interpreted" && FourDotsFunctions.Shared is null, FourDotsFunctions.Refusal ?? "");
        return code == "interpreted" ? InterpretedCode.FourDots : FourDotsFunctions.Shared!;
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Known_products_are_exact(string code)
    {
        Assert.True(KnownDots.AreExact(Get(code), RawE4M3Weights.HalfUnit));
        Assert.Empty(InterpretedCode.Failures);
    }

    [Fact]
    public void A_processor_that_multiplies_wrongly_is_found_out()
    {
        Assert.False(KnownDots.AreExact(new FourDotsFunctions(&Nothing, &Nothing), RawE4M3Weights.HalfUnit));
        Assert.False(KnownDots.AreExact(new FourDotsFunctions(&Zeros, &Zeros), RawE4M3Weights.HalfUnit));
    }

    [Fact]
    public void There_are_functions_or_a_reason_why_not() => Assert.NotEqual(FourDotsFunctions.Shared is null, FourDotsFunctions.Refusal is null);

    [Fact]
    public void Both_calling_conventions_give_the_same_sums()
    {
        const int Rows = 3;
        const int Steps = 2;
        var memory = (byte*)NativeMemory.AlignedAlloc(1 << 16, 64);
        var random = new Random(5);
        float* inputs = (float*)(memory + (1 << 14));
        float* sums = (float*)(memory + (1 << 15));
        random.NextBytes(new Span<byte>(memory, 1 << 14));
        for (int i = 0; i < 1 << 10; i++)
        {
            memory[2 * i + 1] &= 0xBF;
            inputs[i] = random.NextSingle() - 0.5f;
        }

        List<float[]> results = [];
        foreach (GeneralRegister argument in (GeneralRegister[])[GeneralRegister.Rdi, GeneralRegister.Rcx])
        {
            foreach ((byte[] code, int inputBytes, uint mask) in ((byte[], int, uint)[])[(FourDotsCode.E4M3(argument), 256, 0x87F00000), (FourDotsCode.BFloat16(argument), 128, 0xFFFF0000)])
            {
                FourDotsBlock block = new()
                {
                    First = memory,
                    Second = memory + 500,
                    Third = memory + 1000,
                    Fourth = memory + 1500,
                    Inputs = inputs,
                    Sums = sums,
                    Rows = Rows,
                    Steps = Steps,
                    InputMove = 64 - Steps * inputBytes,
                    Mask = mask,
                    Factors = 0x00100010,
                };
                new Span<float>(sums, 1 << 13).Clear();
                var processor = new Processor();
                InterpretedCode.Allow(processor, &block, inputBytes);
                processor.Allow(inputs, Steps * inputBytes + (Rows - 1) * 64);
                processor.Call(new MachineProgram(code), argument, &block);
                results.Add(new ReadOnlySpan<float>(sums, 1024).ToArray());
            }
        }

        Assert.Equal(results[0], results[2]);
        Assert.Equal(results[1], results[3]);
        Assert.All(results, sum => Assert.Contains(sum, value => value != 0));
        NativeMemory.AlignedFree(memory);
    }

    [UnmanagedCallersOnly]
    static void Nothing(void* block)
    {
    }

    [UnmanagedCallersOnly]
    static void Zeros(void* block) => new Span<float>(((FourDotsBlock*)block)->Sums, FourDotsBlock.WalkBytes).Clear();
}
