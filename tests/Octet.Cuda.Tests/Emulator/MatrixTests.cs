using System.Globalization;
using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

public class MatrixTests
{
    /// <summary>
    /// Every register of every lane is filled with the element that the PTX ISA's table of fragments names, and the result
    /// is held against the product in double precision.
    /// </summary>
    [Theory]
    [InlineData("f16", 8)]
    [InlineData("f16", 16)]
    [InlineData("bf16", 8)]
    [InlineData("bf16", 16)]
    [InlineData("tf32", 8)]
    [InlineData("e4m3", 32)]
    [InlineData("e5m2", 32)]
    public void A_product_of_fragments_is_the_product_of_the_matrices(string type, int k)
    {
        var random = new Random(k);
        double[,] a = Random(random, type, 16, k);
        double[,] b = Random(random, type, k, 8);
        double[,] c = Random(random, "tf32", 16, 8);
        int perRegister = type switch { "tf32" => 1, "f16" or "bf16" => 2, _ => 4 };
        int aRegisters = 16 * k / 32 / perRegister;
        int bRegisters = 8 * k / 32 / perRegister;
        var lanes = new uint[32, 16];
        for (int lane = 0; lane < 32; lane++)
        {
            (int g, int t) = (lane >> 2, lane & 3);
            for (int i = 0; i < aRegisters * perRegister; i++)
            {
                int register = i / perRegister;
                int row = register % 2 == 0 ? g : g + 8;
                int column = (t * perRegister) + (i % perRegister) + (register / 2 * 4 * perRegister);
                lanes[lane, register] |= Encode(type, a[row, column]) << (i % perRegister * 32 / perRegister);
            }

            for (int i = 0; i < bRegisters * perRegister; i++)
            {
                int row = (t * perRegister) + (i % perRegister) + (i / perRegister * 4 * perRegister);
                lanes[lane, 4 + (i / perRegister)] |= Encode(type, b[row, g]) << (i % perRegister * 32 / perRegister);
            }

            for (int i = 0; i < 4; i++)
            {
                lanes[lane, 8 + i] = BitConverter.SingleToUInt32Bits((float)c[i < 2 ? g : g + 8, (2 * t) + (i & 1)]);
            }
        }

        string Registers(string prefix, int first, int count) => string.Join(", ", Enumerable.Range(first, count).Select(i => $"{prefix}{i.ToString(CultureInfo.InvariantCulture)}"));
        string body = $$"""
            mul.wide.u32 %rd0, %tid, 64; add.s64 %rd0, %ptr, %rd0;
            ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%rd0];
            ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%rd0+16];
            ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%rd0+32];
            mma.sync.aligned.m16n8k{{k}}.row.col.f32.{{type}}.{{type}}.f32 {%f4, %f5, %f6, %f7}, { {{Registers("%r", 0, aRegisters)}} }, { {{Registers("%r", 4, bRegisters)}} }, {%f0, %f1, %f2, %f3};
            st.global.v4.f32 [%rd0+48], {%f4, %f5, %f6, %f7};
            """;
        uint[] result = PtxProgram.Run(body, [.. lanes.Cast<uint>()]);
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                (int row, int column) = (i < 2 ? lane >> 2 : (lane >> 2) + 8, (2 * (lane & 3)) + (i & 1));
                double expected = c[row, column] + Enumerable.Range(0, k).Sum(j => a[row, j] * b[j, column]);
                double scale = Math.Abs(c[row, column]) + Enumerable.Range(0, k).Sum(j => Math.Abs(a[row, j] * b[j, column]));
                Assert.Equal(expected, BitConverter.UInt32BitsToSingle(result[(16 * lane) + 12 + i]), scale * 1e-6);
            }
        }
    }

    [Fact]
    public void Integers_are_multiplied_exactly_and_saturate_when_asked()
    {
        // All of A is -128, all of B is -128 as signed or 128 as unsigned bytes.
        foreach ((string types, string saturate, int addend, int expected) in new[] { ("s8.s8", "", 5, 5 + (32 * 16384)), ("s8.u8", "", 5, 5 - (32 * 16384)), ("u8.u8", ".satfinite", int.MaxValue - 3, int.MaxValue), ("u8.u8", "", int.MaxValue, unchecked(int.MaxValue + (32 * 16384))) })
        {
            uint[] result = LaneProgram.Run32($"mov.b32 %t0, 0x80808080; mma.sync.aligned.m16n8k32.row.col{saturate}.s32.{types}.s32 {{%t1, %t2, %t3, %d}}, {{%t0, %t0, %t0, %t0}}, {{%t0, %t0}}, {{%a, %a, %a, %a}};", [.. Enumerable.Repeat((uint)addend, 32)]);
            Assert.All(result, value => Assert.Equal(expected, (int)value));
        }
    }

    [Fact]
    public void The_short_accumulator_loses_what_is_13_bits_below_the_largest()
    {
        // 1 + 2^-13 is kept, 1 + 2^-14 is not: products of the codes 0x04 (2^-7), 0x08 (2^-6) and 0x04.
        string text = PtxProgram.Kernel("""
            mov.b32 %r0, 0x00000000; mov.b32 %f1, 0f3F800000; mov.b32 %r1, 0x04; mov.b32 %r2, 0x02;
            setp.eq.u32 %p0, %tid, 0; selp.b32 %r3, %r1, 0, %p0; selp.b32 %r4, 0x08, 0, %p0; selp.b32 %r5, 0x04, 0, %p0;
            mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f4, %f5, %f6, %f7}, {%r3, %r0, %r0, %r0}, {%r4, %r0}, {%f1, %f1, %f1, %f1};
            mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f8, %f9, %f10, %f11}, {%r3, %r0, %r0, %r0}, {%r5, %r0}, {%f1, %f1, %f1, %f1};
            setp.ne.u32 %p1, %tid, 0; @%p1 ret; st.global.v2.f32 [%ptr], {%f4, %f8};
            """);
        float[] Run(bool isShort)
        {
            var program = new PtxProgram(text, new PtxMachineOptions { ShortFp8Accumulator = isShort });
            ulong buffer = program.Memory.Allocate(8);
            program.Launch("k", new Dim3(1), new Dim3(32), 0, buffer);
            return program.Download<float>(buffer, 2);
        }

        Assert.Equal([1 + MathF.Pow(2, -13), 1 + MathF.Pow(2, -14)], Run(isShort: false));
        Assert.Equal([1 + MathF.Pow(2, -13), 1], Run(isShort: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Matrices_are_loaded_by_the_rows_that_lanes_name(bool transposed)
    {
        // Four matrices of 8 rows of 8 halves; element (matrix, row, column) is 64 m + 8 r + c.
        uint[] elements = [.. Enumerable.Range(0, 128).Select(i => (uint)((2 * i) | (((2 * i) + 1) << 16)))];
        uint[] result = PtxProgram.Run(
            $$"""
            mov.u32 %r0, words; mad.lo.u32 %r0, %tid, 16, %r0; mul.wide.u32 %rd0, %tid, 16; add.s64 %rd0, %ptr, %rd0;
            ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd0]; st.shared.v4.u32 [%r0], {%r1, %r2, %r3, %r4}; bar.warp.sync -1;
            ldmatrix.sync.aligned.m8n8.x4{{(transposed ? ".trans" : "")}}.shared.b16 {%r5, %r6, %r7, %r8}, [%r0];
            st.global.v4.u32 [%rd0], {%r5, %r6, %r7, %r8};
            """,
            elements,
            variables: ".shared .align 16 .b8 words[512];");
        for (int lane = 0; lane < 32; lane++)
        {
            for (int matrix = 0; matrix < 4; matrix++)
            {
                (int row, int column) = (lane / 4, lane % 4 * 2);
                uint Element(int r, int c) => (uint)((64 * matrix) + (8 * r) + c);
                uint expected = transposed
                    ? Element(column, row) | (Element(column + 1, row) << 16)
                    : Element(row, column) | (Element(row, column + 1) << 16);
                Assert.Equal(expected, result[(4 * lane) + matrix]);
            }
        }
    }

    static double[,] Random(Random random, string type, int rows, int columns)
    {
        var matrix = new double[rows, columns];
        for (int i = 0; i < rows * columns; i++)
        {
            uint bits = Encode(type, (random.NextDouble() - 0.5) * 8);
            matrix[i / columns, i % columns] = type switch
            {
                "f16" => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
                "bf16" => BitConverter.UInt32BitsToSingle(bits << 16),
                "tf32" => BitConverter.UInt32BitsToSingle(bits),
                _ => Small(bits, type),
            };
        }

        return matrix;
    }

    /// <summary>A number of the type near the value.</summary>
    static uint Encode(string type, double value)
    {
        uint single = BitConverter.SingleToUInt32Bits((float)value);
        return type switch
        {
            "f16" => BitConverter.HalfToUInt16Bits((Half)value),
            "bf16" => single >> 16,
            "tf32" => single & 0xffffe000,
            _ => Enumerable.Range(0, 256).Select(code => (uint)code).Where(code => (code & 0x7f) < 0x7c).MinBy(code => Math.Abs(Small(code, type) - value)),
        };
    }

    static double Small(uint code, string type)
    {
        (int bits, int bias) = type == "e4m3" ? (3, 7) : (2, 15);
        int exponent = (int)(code & 0x7f) >> bits;
        int mantissa = (int)code & ((1 << bits) - 1);
        double magnitude = exponent == 0 ? mantissa * Math.Pow(2, 1 - bias - bits) : ((1 << bits) + mantissa) * Math.Pow(2, exponent - bias - bits);
        return (code & 0x80) != 0 ? -magnitude : magnitude;
    }
}
