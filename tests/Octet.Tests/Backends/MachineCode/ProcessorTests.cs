using System.Runtime.InteropServices;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The interpreter itself: numbers for which the manual's order and rounding give another result than its neighbours would.</summary>
public unsafe class ProcessorTests
{
    const float Big = 16_777_216;
    const float Subnormal = 1e-40f;

    [Fact]
    public void Tiles_sum_even_and_odd_products_apart()
    {
        // Even: 2^24, then 1, which is half a unit and rounds to even; odd: 1 and 1. In any other order 1 + 1 + 1 would count.
        Assert.Equal(Big + 2, Tile([Big, 1, 1, 1], [1, 1, 1, 1], 0));
        Assert.Equal(Big + 4, Tile([Big, 1, 2, 1], [1, 1, 1, 1], 0));

        // What was there is added last.
        Assert.Equal(Big, Tile([1, -1, 0, 0], [1, 1, 1, 1], Big));
        Assert.Equal(Big, Tile([1, 0, 0, 0], [1, 1, 1, 1], Big));
    }

    [Fact]
    public void Vectors_sum_the_odd_element_first()
    {
        // (2^24 + 1) + 1 rounds twice to 2^24.
        Assert.Equal(Big, Vector([1, 1], [1, 1], Big));

        // Odd first: -2^24 + 2^24 + 1 = 1. Even first: 1 - 2^24 would be -2^24 + 1, which float32 holds: so with 0.5 it shows.
        Assert.Equal(0.5f, Vector([0.5f, Big], [1, 1], -Big));
        Assert.Equal(0, Vector([Big, 0.5f], [1, 1], -Big));
    }

    [Fact]
    public void Subnormal_inputs_and_results_are_zero()
    {
        float smallest = BitConverter.UInt32BitsToSingle(0x00800000);
        Assert.Equal(0, Tile([Subnormal, 0, 0, 0], [Big, 0, 0, 0], 0));
        Assert.Equal(0, Vector([Subnormal, 0], [Big, 0], 0));
        Assert.Equal(0, Tile([smallest, 0, 0, 0], [0.5f, 0, 0, 0], 0));
        Assert.Equal(0, Vector([smallest, 0], [0.5f, 0], 0));
        Assert.Equal(0, Vector([0, 0], [0, 0], Subnormal));
        Assert.Equal(smallest, Tile([smallest, 0, 0, 0], [1, 0, 0, 0], 0));
        Assert.Equal(smallest, Vector([smallest, 0], [1, 0], 0));
    }

    [Fact]
    public void Products_are_not_rounded_before_they_are_added()
    {
        // (1 + 2^-7)^2 = 1 + 2^-6 + 2^-14 is exact in float32; less 1 it keeps all its bits.
        float a = 1 + 1 / 128f;
        Assert.Equal(1 / 64f + 1 / 16384f, Vector([a, 0], [a, 0], -1));
    }

    [Fact]
    public void Tiles_cannot_be_used_before_they_are_configured()
    {
        Assert.ThrowsAny<Exception>(() =>
        {
            ProductBlock block = default;
            var processor = new Processor();
            processor.Allow(&block, sizeof(ProductBlock));
            processor.Call(new MachineProgram(TileCode.Multiply(GeneralRegister.Rdi, 2)), GeneralRegister.Rdi, &block);
        });
    }

    [Fact]
    public void A_byte_more_than_was_promised_is_refused()
    {
        const int Steps = 2;
        byte* memory = (byte*)NativeMemory.AllocZeroed(65536);
        PanelBlock block = new()
        {
            Weights = memory,
            Inputs = memory + 32768,
            GroupBytes = Steps * 1024,
            Totals = (float*)(memory + 40960),
            Factors = (float*)(memory + 61440),
            Steps = Steps,
            Blocks = 1,
            Turns = 1,
        };
        Call(Steps);

        // Told to take one step more than its memory holds.
        block.Steps++;
        Assert.Contains("was not given", Assert.Throws<InvalidOperationException>(() => Call(Steps)).Message, StringComparison.Ordinal);
        NativeMemory.Free(memory);

        void Call(int promised)
        {
            PanelBlock promise = block;
            promise.Steps = promised;
            PanelBlock actual = block;
            var processor = new Processor();
            InterpretedCode.AllowDots(processor, &promise, 2, tokenScales: false);
            processor.Allow(&actual, sizeof(PanelBlock), writable: true);
            processor.Call(new MachineProgram(DotProductCode.MultiplyPanel(GeneralRegister.Rdi, 2, tokenScales: false, 1)), GeneralRegister.Rdi, &actual);
        }
    }

    [Fact]
    public void Bytes_are_picked_by_their_own_numbers_and_no_higher_bits()
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc(1024, 64);
        for (int i = 0; i < 128; i++)
        {
            memory[i] = (byte)(200 - i);
        }

        // Numbers of 128 bytes with a bit too many, in an order that differs from lane to lane.
        for (int i = 0; i < 64; i++)
        {
            memory[128 + i] = (byte)(128 | i * 37 % 128);
        }

        var code = new X64Encoder();
        code.Move(GeneralRegister.Rax, GeneralRegister.Rdi);
        code.LoadVector(17, GeneralRegister.Rax, 128);
        code.LoadVector(16, GeneralRegister.Rax);
        code.PickBytesOfBoth(16, 17, new X64Encoder.Place(GeneralRegister.Rax, 64));
        code.StoreVector(GeneralRegister.Rax, 256, 16);
        code.PickBytes(18, 17, new X64Encoder.Place(GeneralRegister.Rax));
        code.StoreVector(GeneralRegister.Rax, 320, 18);
        code.LoadVector(19, GeneralRegister.Rax);
        code.LoadVector(20, GeneralRegister.Rax, 64);
        code.MoveVector(21, 17);
        code.LookUpBytes(21, 19, 20);
        code.StoreVector(GeneralRegister.Rax, 384, 21);
        code.InterleaveBytes(22, 19, 20, upper: true);
        code.StoreVector(GeneralRegister.Rax, 448, 22);
        code.Return();
        var processor = new Processor();
        processor.Allow(memory, 1024, writable: true);
        processor.Call(new MachineProgram(code.ToArray()), GeneralRegister.Rdi, memory);
        for (int i = 0; i < 64; i++)
        {
            int number = i * 37 % 128;
            Assert.Equal(200 - number, memory[256 + i]);
            Assert.Equal(200 - number % 64, memory[320 + i]);
            Assert.Equal(200 - number, memory[384 + i]);
            Assert.Equal(200 - ((i % 2 * 64) + (i / 16 * 16) + 8 + (i % 16 / 2)), memory[448 + i]);
        }

        NativeMemory.AlignedFree(memory);
    }

    // One row of four columns by one column, with the sum that was there.
    static float Tile(float[] row, float[] column, float sum)
    {
        byte[] configuration = new byte[64];
        configuration[0] = 1;
        for (int tile = 0; tile < 8; tile++)
        {
            configuration[16 + tile * 2] = (byte)(tile == 1 ? 8 : 4);
            configuration[48 + tile] = (byte)(tile == 2 ? 2 : 1);
        }

        var unit = new TileUnit();
        unit.Configure(configuration);
        for (int pair = 0; pair < 2; pair++)
        {
            MemoryMarshal.Cast<byte, uint>(unit.Row(1, 0))[pair] = Pair(row, pair);
            MemoryMarshal.Cast<byte, uint>(unit.Row(2, pair))[0] = Pair(column, pair);
        }

        MemoryMarshal.Cast<byte, float>(unit.Row(0, 0))[0] = sum;
        unit.Multiply(0, 1, 2);
        return MemoryMarshal.Cast<byte, float>(unit.Row(0, 0))[0];
    }

    static float Vector(float[] a, float[] b, float sum)
        => PairProduct.MultiplyPair(Pair(a, 0), Pair(b, 0), sum);

    static uint Pair(float[] values, int pair)
        => BitConverter.SingleToUInt32Bits(values[pair * 2]) >> 16 | BitConverter.SingleToUInt32Bits(values[pair * 2 + 1]) & 0xFFFF0000;
}
