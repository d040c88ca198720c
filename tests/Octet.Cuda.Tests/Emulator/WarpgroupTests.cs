using System.Globalization;
using System.Runtime.InteropServices;
using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>The layouts of matrices in shared memory that <c>wgmma</c> reads, each laid out here by its definition.</summary>
public class WarpgroupTests
{
    const int M = 64;
    const int N = 64;
    const int K = 16;
    const int MatrixBytes = 8192;

    [Theory]
    [InlineData(0, "kk")]
    [InlineData(1, "kk")]
    [InlineData(2, "kk")]
    [InlineData(3, "kk")]
    [InlineData(0, "mn")]
    [InlineData(1, "mn")]
    [InlineData(2, "mn")]
    [InlineData(3, "mn")]
    [InlineData(1, "kn")]
    [InlineData(2, "mk")]
    public void Rows_or_columns_are_found_in_every_swizzle(int swizzle, string majors)
    {
        (ushort[,] a, ushort[,] b) = Matrices(swizzle);
        byte[] image = new byte[2 * MatrixBytes];
        (ulong aDescriptor, ulong bDescriptor) = (Place(image, 0, a, swizzle, majors[0] == 'm'), Place(image, MatrixBytes, b, swizzle, majors[1] == 'n'));
        float[] result = Multiply(image, aDescriptor, bDescriptor, $"p, 1, -1, {(majors[0] == 'm' ? 1 : 0)}, {(majors[1] == 'n' ? 1 : 0)}", fromRegisters: false);
        Check(a, b, result, -1);
    }

    [Fact]
    public void Rows_come_from_registers_too()
    {
        (ushort[,] a, ushort[,] b) = Matrices(9);
        byte[] image = new byte[2 * MatrixBytes];
        // The first part holds A row by row, from which threads load their registers.
        for (int i = 0; i < M * K; i++)
        {
            BitConverter.TryWriteBytes(image.AsSpan(2 * i), a[i / K, i % K]);
        }

        ulong descriptor = Place(image, MatrixBytes, b, 1, transposed: false);
        Check(a, b, Multiply(image, 0, descriptor, "p, 1, 1, 0", fromRegisters: true), 1);
    }

    [Fact]
    public void Without_scale_d_the_accumulator_is_overwritten()
    {
        (ushort[,] a, ushort[,] b) = Matrices(10);
        byte[] image = new byte[2 * MatrixBytes];
        (ulong aDescriptor, ulong bDescriptor) = (Place(image, 0, a, 1, transposed: false), Place(image, MatrixBytes, b, 1, transposed: false));
        Check(a, b, Multiply(image, aDescriptor, bDescriptor, "0, 1, 1, 0, 0", fromRegisters: false), 1, addend: 0);
    }

    static void Check(ushort[,] a, ushort[,] b, float[] result, int sign, double addend = 2.5)
    {
        for (int row = 0; row < M; row++)
        {
            for (int column = 0; column < N; column++)
            {
                double expected = addend + (sign * Enumerable.Range(0, K).Sum(k => Value(a[row, k]) * Value(b[column, k])));
                Assert.Equal(expected, result[(row * N) + column], 1e-4);
            }
        }
    }

    /// <summary>One warpgroup; the accumulator starts at 2.5.</summary>
    static float[] Multiply(byte[] image, ulong aDescriptor, ulong bDescriptor, string options, bool fromRegisters)
    {
        string accumulators = string.Join(", ", Enumerable.Range(0, 32).Select(i => $"%f{i.ToString(CultureInfo.InvariantCulture)}"));
        string clear = string.Concat(Enumerable.Range(0, 32).Select(i => $"mov.f32 %f{i.ToString(CultureInfo.InvariantCulture)}, 0f40200000;"));
        // Register 4j + 2h + i of lane 4g + t of warp w: row 16w + g + 8h, column 8j + 2t + i.
        string store = string.Concat(Enumerable.Range(0, 32).Select(i =>
            $"st.global.f32 [%rd8+{((((i % 4 / 2) * 8 * N) + (i / 4 * 8) + (i & 1)) * 4).ToString(CultureInfo.InvariantCulture)}], %f{i.ToString(CultureInfo.InvariantCulture)};"));
        string body = $$"""
            mov.u32 %r0, memory;
            mov.u32 %r1, %tid;
            FILL:
            shl.b32 %r2, %r1, 4; add.u32 %r3, %r0, %r2; cvt.u64.u32 %rd0, %r2; add.s64 %rd1, %ptr, %rd0;
            ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%rd1]; st.shared.v4.u32 [%r3], {%r4, %r5, %r6, %r7};
            add.u32 %r1, %r1, 128; setp.lt.u32 %p0, %r1, {{2 * MatrixBytes / 16}}; @%p0 bra FILL;
            fence.proxy.async; bar.sync 0;
            shr.u32 %r10, %tid, 5; and.b32 %r11, %tid, 31; shr.u32 %r12, %r11, 2; and.b32 %r13, %tid, 3;
            mad.lo.u32 %r14, %r10, 16, %r12;
            shl.b32 %r15, %r14, 5; mad.lo.u32 %r15, %r13, 4, %r15; add.u32 %r15, %r15, %r0;
            ld.shared.u32 %r20, [%r15]; ld.shared.u32 %r21, [%r15+256]; ld.shared.u32 %r22, [%r15+16]; ld.shared.u32 %r23, [%r15+272];
            shr.u32 %r16, %r0, 4; cvt.u64.u32 %rd2, %r16;
            mov.b64 %rd3, {{aDescriptor}}; add.s64 %rd3, %rd3, %rd2; mov.b64 %rd4, {{bDescriptor}}; add.s64 %rd4, %rd4, %rd2;
            {{clear}}
            { .reg .pred p; setp.eq.u32 p, %r0, %r0;
            wgmma.fence.sync.aligned;
            wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 { {{accumulators}} }, {{(fromRegisters ? "{%r20, %r21, %r22, %r23}" : "%rd3")}}, %rd4, {{options}};
            wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }
            mad.lo.u32 %r17, %r14, {{N}}, 0; mad.lo.u32 %r17, %r13, 2, %r17; mul.wide.u32 %rd7, %r17, 4; add.s64 %rd8, %ptr, %rd7;
            {{store}}
            """;
        var program = new PtxProgram(PtxProgram.Kernel(body, declarations: ".extern .shared .align 1024 .b8 memory[];"));
        ulong buffer = program.Memory.Allocate(2 * MatrixBytes);
        program.Memory.Write(buffer, image);
        program.Launch("k", new Dim3(1), new Dim3(128), 2 * MatrixBytes, buffer);
        return program.Download<float>(buffer, M * N);
    }

    /// <summary>Writes a matrix of 64 rows and 16 columns (k) into the image, and gives its descriptor without the start of shared memory.</summary>
    static ulong Place(byte[] image, int at, ushort[,] matrix, int swizzle, bool transposed)
    {
        // Descriptors name the swizzles 128, 64 and 32 bytes by 1, 2 and 3.
        int span = swizzle switch { 1 => 128, 2 => 64, 3 => 32, _ => 16 };
        (int leading, int stride) = (transposed, swizzle) switch
        {
            (false, 0) => (1024, 128),
            (false, _) => (16, 8 * span),
            (true, 0) => (1024, 128),
            _ => (2 * 8 * span, 8 * span),
        };
        for (int row = 0; row < 64; row++)
        {
            for (int k = 0; k < K; k++)
            {
                int offset;
                if (swizzle == 0)
                {
                    offset = transposed
                        ? (row / 8 * stride) + (k / 8 * leading) + (k % 8 * 16) + (row % 8 * 2)
                        : (row / 8 * stride) + (k / 8 * leading) + (row % 8 * 16) + (k % 8 * 2);
                }
                else
                {
                    // A line of a span; the line's number in its pattern of eight turns the 16-byte pieces.
                    int line = transposed ? k : row;
                    int bytes = 2 * (transposed ? row : k);
                    int piece = bytes % span / 16;
                    int turned = piece ^ (line % 8 / (128 / span));
                    offset = (bytes / span * leading) + (line / 8 * stride) + (line % 8 * span) + (turned * 16) + (bytes % 16);
                }

                BitConverter.TryWriteBytes(image.AsSpan(at + offset), matrix[row, k]);
            }
        }

        return ((ulong)at >> 4) | ((ulong)leading >> 4 << 16) | ((ulong)stride >> 4 << 32) | ((ulong)swizzle << 62);
    }

    static (ushort[,] A, ushort[,] B) Matrices(int seed)
    {
        var random = new Random(seed);
        ushort[,] Make()
        {
            var matrix = new ushort[64, K];
            foreach (ref ushort element in MemoryMarshal.CreateSpan(ref matrix[0, 0], matrix.Length))
            {
                element = (ushort)(BitConverter.SingleToUInt32Bits((float)random.NextDouble() - 0.5f) >> 16);
            }

            return matrix;
        }

        return (Make(), Make());
    }

    static double Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
