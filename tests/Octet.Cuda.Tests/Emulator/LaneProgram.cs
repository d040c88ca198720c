using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using PtxEmulator;

namespace Octet.Cuda.Tests.Emulator;

/// <summary>
/// Runs a few instructions for many threads. Each thread finds its inputs in <c>%la, %lb, %lc</c> (64 bits), <c>%a, %b, %c</c>
/// (their low 32) and <c>%ha, %hb, %hc</c> (their low 16), and leaves its result in <c>%ld</c>, <c>%d</c> or <c>%hd</c>.
/// </summary>
static class LaneProgram
{
    const string Text = """
        .version {0}
        .target {1}
        .address_size 64
        {2}
        .visible .entry k(.param .u64 in, .param .u64 out, .param .u32 count)
        {{
            .reg .b64 %la, %lb, %lc, %ld, %lt<16>, %in, %out, %at;
            .reg .b32 %a, %b, %c, %d, %t<32>, %i, %n;
            .reg .b16 %ha, %hb, %hc, %hd, %ht<16>;
            .reg .f32 %f<32>;
            .reg .f64 %g<8>;
            .reg .pred %p<8>;
            ld.param.u64 %in, [in];
            ld.param.u64 %out, [out];
            ld.param.u32 %n, [count];
            mov.u32 %i, %tid.x;
            mul.wide.u32 %at, %i, 24;
            add.s64 %in, %in, %at;
            ld.global.u64 %la, [%in];
            ld.global.u64 %lb, [%in+8];
            ld.global.u64 %lc, [%in+16];
            cvt.u32.u64 %a, %la;
            cvt.u32.u64 %b, %lb;
            cvt.u32.u64 %c, %lc;
            cvt.u16.u32 %ha, %a;
            cvt.u16.u32 %hb, %b;
            cvt.u16.u32 %hc, %c;
            mov.b64 %ld, 0;
            mov.b32 %d, 0;
            mov.b16 %hd, 0;
            {3}
            mul.wide.u32 %at, %i, 8;
            add.s64 %out, %out, %at;
            {4}
            ret;
        }}
        """;

    static readonly CompositeFormat s_text = CompositeFormat.Parse(Text);
    static readonly ConcurrentDictionary<string, PtxModule> s_modules = [];

    /// <summary>The results of 64, 32 or 16 bits, one for each thread.</summary>
    public static ulong[] Run(string code, int bits, ulong[] a, ulong[] b, ulong[] c, string target = "sm_90a", string version = "8.4", string declarations = "")
    {
        string store = bits switch
        {
            64 => "st.global.u64 [%out], %ld;",
            32 => "cvt.u64.u32 %ld, %d; st.global.u64 [%out], %ld;",
            _ => "cvt.u64.u16 %ld, %hd; st.global.u64 [%out], %ld;",
        };
        PtxModule module = s_modules.GetOrAdd(string.Format(CultureInfo.InvariantCulture, s_text, version, target, declarations, code, store), PtxModule.Parse);
        var memory = new DeviceMemory();
        ulong input = memory.Allocate(a.Length * 24);
        ulong output = memory.Allocate(a.Length * 8);
        ulong[] rows = [.. Enumerable.Range(0, 3 * a.Length).Select(i => (i % 3 == 0 ? a : i % 3 == 1 ? b : c)[i / 3])];
        memory.Write(input, MemoryMarshal.AsBytes<ulong>(rows));
        byte[] parameters = [.. BitConverter.GetBytes(input), .. BitConverter.GetBytes(output), .. BitConverter.GetBytes(a.Length)];
        new PtxMachine(memory).Launch(module.Kernels["k"], new Dim3(1), new Dim3(a.Length), 0, parameters);
        ulong[] results = new ulong[a.Length];
        memory.Read(output, MemoryMarshal.AsBytes(results.AsSpan()));
        return results;
    }

    /// <summary>The same for 32 bits of one warp, or more.</summary>
    public static uint[] Run32(string code, uint[] a, uint[]? b = null, uint[]? c = null, string target = "sm_90a", string version = "8.4", string declarations = "")
    {
        ulong[] Wide(uint[]? lanes) => [.. (lanes ?? new uint[a.Length]).Select(lane => (ulong)lane)];
        return [.. Run(code, 32, Wide(a), Wide(b), Wide(c), target, version, declarations).Select(lane => (uint)lane)];
    }

    /// <summary>Bit patterns that are special to some type, and arbitrary ones: 256 triples that are the same every time.</summary>
    public static (ulong[] A, ulong[] B, ulong[] C) Patterns(int seed)
    {
        ulong[] special =
        [
            0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 255, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
            0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe, 0x100000000, 0xffffffff80000000,
            0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x00800000, 0x007fffff, 0x80000001, 0x7f7fffff, 0x3f000000, 0x4b000001,
            0x40490fdb, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0x03ff, 0x0400, 0x7bff, 0x3f80, 0x7f80, 0x7f7f, 0x3ff0000000000000, 0x7ff0000000000000,
            0x7ff8000000000000, 0x000fffffffffffff, 0x4330000000000001, 0xc1e0000000000000, 0x41dfffffffc00000,
        ];
        var random = new Random(seed);
        ulong Next() => random.Next(4) switch
        {
            0 => special[random.Next(special.Length)],
            1 => (ulong)random.NextInt64() ^ ((ulong)random.NextInt64() << 1),
            2 => BitConverter.SingleToUInt32Bits((float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-12, 12)))),
            _ => special[random.Next(special.Length)] ^ (1UL << random.Next(64)),
        };
        ulong[] Many() => [.. Enumerable.Range(0, 256).Select(_ => Next())];
        return (Many(), Many(), Many());
    }
}
