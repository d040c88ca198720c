using System.Numerics;

namespace Octet.Cuda.Tests.Emulator;

public class IntegerInstructionTests
{
    static readonly (string Code, Func<uint, uint, uint, uint> Definition)[] s_narrow =
    [
        ("add.s32 %d, %a, %b;", (a, b, c) => Low(Big(a) + b)),
        ("sub.u32 %d, %a, %b;", (a, b, c) => Low(Big(a) - b)),
        ("add.sat.s32 %d, %a, %b;", (a, b, c) => Low(Clamp(Signed(a) + Signed(b), 32))),
        ("sub.sat.s32 %d, %a, %b;", (a, b, c) => Low(Clamp(Signed(a) - Signed(b), 32))),
        ("mul.lo.s32 %d, %a, %b;", (a, b, c) => Low(Signed(a) * Signed(b))),
        ("mul.hi.u32 %d, %a, %b;", (a, b, c) => Low(Big(a) * b >> 32)),
        ("mul.hi.s32 %d, %a, %b;", (a, b, c) => Low(Signed(a) * Signed(b) >> 32)),
        ("mad.lo.u32 %d, %a, %b, %c;", (a, b, c) => Low((Big(a) * b) + c)),
        ("mad.hi.u32 %d, %a, %b, %c;", (a, b, c) => Low((Big(a) * b >> 32) + c)),
        ("mad.hi.s32 %d, %a, %b, %c;", (a, b, c) => Low((Signed(a) * Signed(b) >> 32) + Signed(c))),
        ("mul24.lo.u32 %d, %a, %b;", (a, b, c) => Low(Big(a & 0xffffff) * (b & 0xffffff))),
        ("div.u32 %d, %a, %b;", (a, b, c) => b == 0 ? uint.MaxValue : a / b),
        ("rem.u32 %d, %a, %b;", (a, b, c) => b == 0 ? a : a % b),
        ("div.s32 %d, %a, %b;", (a, b, c) => b == 0 ? uint.MaxValue : Low(BigInteger.Divide(Signed(a), Signed(b)))),
        ("rem.s32 %d, %a, %b;", (a, b, c) => b == 0 ? a : Low(BigInteger.Remainder(Signed(a), Signed(b)))),
        ("min.s32 %d, %a, %b;", (a, b, c) => Low(BigInteger.Min(Signed(a), Signed(b)))),
        ("max.s32 %d, %a, %b;", (a, b, c) => Low(BigInteger.Max(Signed(a), Signed(b)))),
        ("min.u32 %d, %a, %b;", (a, b, c) => a < b ? a : b),
        ("max.u32 %d, %a, %b;", (a, b, c) => a > b ? a : b),
        ("max.relu.s32 %d, %a, %b;", (a, b, c) => Low(BigInteger.Max(0, BigInteger.Max(Signed(a), Signed(b))))),
        ("abs.s32 %d, %a;", (a, b, c) => Low(BigInteger.Abs(Signed(a)))),
        ("neg.s32 %d, %a;", (a, b, c) => Low(-Big(a))),
        ("sad.s32 %d, %a, %b, %c;", (a, b, c) => Low(Big(c) + BigInteger.Abs(Signed(a) - Signed(b)))),
        ("popc.b32 %d, %a;", (a, b, c) => (uint)Bits(a, 32).Count(bit => bit)),
        ("clz.b32 %d, %a;", (a, b, c) => (uint)Bits(a, 32).Reverse().TakeWhile(bit => !bit).Count()),
        ("popc.b64 %d, %la;", (a, b, c) => (uint)Bits(a, 32).Count(bit => bit)),
        ("brev.b32 %d, %a;", (a, b, c) => (uint)FromBits(Bits(a, 32).Reverse())),
        ("bfind.u32 %d, %a;", (a, b, c) => (uint)Array.LastIndexOf(Bits(a, 32), true)),
        ("bfind.s32 %d, %a;", (a, b, c) => (uint)Array.LastIndexOf(Bits((int)a < 0 ? ~a : a, 32), true)),
        ("bfind.shiftamt.u32 %d, %a;", (a, b, c) => a == 0 ? uint.MaxValue : 31 - (uint)Array.LastIndexOf(Bits(a, 32), true)),
        ("and.b32 %d, %a, %b;", (a, b, c) => (uint)FromBits(Bits(a, 32).Zip(Bits(b, 32), (x, y) => x && y))),
        ("or.b32 %d, %a, %b;", (a, b, c) => (uint)FromBits(Bits(a, 32).Zip(Bits(b, 32), (x, y) => x || y))),
        ("xor.b32 %d, %a, %b;", (a, b, c) => (uint)FromBits(Bits(a, 32).Zip(Bits(b, 32), (x, y) => x != y))),
        ("not.b32 %d, %a;", (a, b, c) => uint.MaxValue - a),
        ("cnot.b32 %d, %a;", (a, b, c) => a == 0 ? 1u : 0),
        ("lop3.b32 %d, %a, %b, %c, 0xE8;", (a, b, c) => (uint)FromBits(Enumerable.Range(0, 32).Select(i => Bit(a, i) + Bit(b, i) + Bit(c, i) >= 2))),
        ("lop3.b32 %d, %a, %b, %c, 0x96;", (a, b, c) => (uint)FromBits(Enumerable.Range(0, 32).Select(i => (Bit(a, i) + Bit(b, i) + Bit(c, i)) % 2 == 1))),
        ("shl.b32 %d, %a, %b;", (a, b, c) => b > 31 ? 0 : Low(Big(a) << (int)b)),
        ("shr.u32 %d, %a, %b;", (a, b, c) => b > 31 ? 0 : Low(Big(a) >> (int)b)),
        ("shr.s32 %d, %a, %b;", (a, b, c) => Low(Signed(a) >> (int)Math.Min(b, 31))),
        ("shl.b32 %d, %a, 7;", (a, b, c) => Low(Big(a) * 128)),
        ("shr.s32 %d, %a, 5;", (a, b, c) => Low(Signed(a) >> 5)),
        ("shr.u32 %d, %a, 31;", (a, b, c) => Bit(a, 31)),
        ("shf.l.wrap.b32 %d, %a, %b, %c;", (a, b, c) => Low((((Big(b) << 32) + a) << (int)(c % 32)) >> 32)),
        ("shf.r.wrap.b32 %d, %a, %b, %c;", (a, b, c) => Low(((Big(b) << 32) + a) >> (int)(c % 32))),
        ("shf.r.clamp.b32 %d, %a, %b, %c;", (a, b, c) => Low(((Big(b) << 32) + a) >> (int)Math.Min(c, 32))),
        ("shf.l.clamp.b32 %d, %a, %b, %c;", (a, b, c) => Low((((Big(b) << 32) + a) << (int)Math.Min(c, 32)) >> 32)),
        ("bfe.u32 %d, %a, 5, 11;", (a, b, c) => a >> 5 & 0x7ff),
        ("bfe.s32 %d, %a, 5, 11;", (a, b, c) => Low((Signed(a << 16) >> 21))),
        ("bfe.u32 %d, %a, 28, 11;", (a, b, c) => a >> 28),
        ("bfe.s32 %d, %a, 28, 11;", (a, b, c) => Low(Signed(a) >> 28)),
        ("bfe.s32 %d, %a, 3, 0;", (a, b, c) => 0),
        ("bfi.b32 %d, %a, %b, 8, 12;", (a, b, c) => (b & ~0xfff00u) | ((a & 0xfff) << 8)),
        ("bfi.b32 %d, %a, %b, 24, 12;", (a, b, c) => (b & 0xffffff) | (a << 24)),
        ("bmsk.clamp.b32 %d, 3, 5;", (a, b, c) => 0xf8),
        ("szext.clamp.s32 %d, %a, 5;", (a, b, c) => Low(Signed(a << 27) >> 27)),
        ("szext.wrap.u32 %d, %a, 5;", (a, b, c) => a & 31),
        ("prmt.b32 %d, %a, %b, 0x5140;", (a, b, c) => (Byte(b, 1) << 24) | (Byte(a, 1) << 16) | (Byte(b, 0) << 8) | Byte(a, 0)),
        ("prmt.b32 %d, %a, %b, 0x7F3B;", (a, b, c) => (Byte(b, 3) << 24) | (Sign(Byte(b, 3)) << 16) | (Byte(a, 3) << 8) | Sign(Byte(a, 3))),
        ("prmt.b32.f4e %d, %a, %b, 1;", (a, b, c) => (Byte(b, 0) << 24) | (a >> 8)),
        ("prmt.b32.rc8 %d, %a, %b, 2;", (a, b, c) => Byte(a, 2) * 0x01010101),
        ("prmt.b32.rc16 %d, %a, %b, 1;", (a, b, c) => (a >> 16) * 0x00010001),
        ("dp4a.u32.u32 %d, %a, %b, %c;", (a, b, c) => Low(Enumerable.Range(0, 4).Aggregate(Big(c), (sum, i) => sum + (Big(Byte(a, i)) * Byte(b, i))))),
        ("dp4a.s32.s32 %d, %a, %b, %c;", (a, b, c) => Low(Enumerable.Range(0, 4).Aggregate(Big(c), (sum, i) => sum + ((BigInteger)(sbyte)Byte(a, i) * (sbyte)Byte(b, i))))),
        ("add.s16x2 %d, %a, %b;", (a, b, c) => ((a + b) & 0xffff) | (((a >> 16) + (b >> 16)) << 16)),
        ("min.s16x2 %d, %a, %b;", (a, b, c) => (ushort)Math.Min((short)a, (short)b) | ((uint)Math.Min((short)(a >> 16), (short)(b >> 16)) << 16)),
        ("max.u16x2 %d, %a, %b;", (a, b, c) => Math.Max(a & 0xffff, b & 0xffff) | (Math.Max(a >> 16, b >> 16) << 16)),
        ("slct.b32.s32 %d, %a, %b, %c;", (a, b, c) => (int)c >= 0 ? a : b),
        ("mul.lo.u16 %ht0, %ha, %hb; cvt.u32.u16 %d, %ht0;", (a, b, c) => Low(Big(a & 0xffff) * (b & 0xffff)) & 0xffff),
        ("mul.wide.s16 %d, %ha, %hb;", (a, b, c) => Low((BigInteger)(short)a * (short)b)),
        ("add.s16 %ht0, %ha, %hb; cvt.s32.s16 %d, %ht0;", (a, b, c) => (uint)(short)(a + b)),
        ("min.s16 %ht0, %ha, %hb; cvt.s32.s16 %d, %ht0;", (a, b, c) => (uint)Math.Min((short)a, (short)b)),
        ("shr.s16 %ht0, %ha, 3; cvt.s32.s16 %d, %ht0;", (a, b, c) => (uint)((short)a >> 3)),
        ("shl.b16 %ht0, %ha, 9; cvt.u32.u16 %d, %ht0;", (a, b, c) => (a << 9) & 0xffff),
        ("not.b16 %ht0, %ha; cvt.u32.u16 %d, %ht0;", (a, b, c) => ~a & 0xffff),
        ("mov.b32 %d, {%ha, %hb};", (a, b, c) => (a & 0xffff) | (b << 16)),
        ("mov.b32 {%ht0, %ht1}, %a; mov.b32 %d, {%ht1, %ht0};", (a, b, c) => BitOperations.RotateLeft(a, 16)),
    ];

    static readonly (string Code, Func<ulong, ulong, ulong, ulong> Definition)[] s_wide =
    [
        ("add.s64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) + b)),
        ("sub.s64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) - b)),
        ("add.cc.u32 %t0, %a, %b; addc.u32 %t1, %c, 7; mov.b64 %ld, {%t0, %t1};", (a, b, c) => Low64(Big((uint)a) + (uint)b + (((BigInteger)(uint)c + 7) << 32))),
        ("add.cc.u64 %lt0, %la, %lb; addc.cc.u64 %lt0, %lc, %lc; addc.u64 %ld, 0, 0;", (a, b, c) => Low64(((Big(c) * 2) + ((Big(a) + b) >> 64)) >> 64)),
        ("sub.cc.s64 %lt0, %la, %lb; subc.s64 %ld, %lc, %la;", (a, b, c) => Low64(Big(c) - a - (a < b ? 1 : 0))),
        ("mul.lo.u64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) * b)),
        ("mul.hi.u64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) * b >> 64)),
        ("mul.hi.s64 %ld, %la, %lb;", (a, b, c) => Low64((BigInteger)(long)a * (long)b >> 64)),
        ("mad.lo.s64 %ld, %la, %lb, %lc;", (a, b, c) => Low64((Big(a) * b) + c)),
        ("mul.wide.u32 %ld, %a, %b;", (a, b, c) => Low64(Big((uint)a) * (uint)b)),
        ("mul.wide.s32 %ld, %a, %b;", (a, b, c) => Low64((BigInteger)(int)a * (int)b)),
        ("mad.wide.s32 %ld, %a, %b, %lc;", (a, b, c) => Low64(((BigInteger)(int)a * (int)b) + c)),
        ("mad.wide.u32 %ld, %a, %b, %lc;", (a, b, c) => Low64((Big((uint)a) * (uint)b) + c)),
        ("div.u64 %ld, %la, %lb;", (a, b, c) => b == 0 ? ulong.MaxValue : a / b),
        ("rem.s64 %ld, %la, %lb;", (a, b, c) => b == 0 ? a : Low64(BigInteger.Remainder((long)a, (long)b))),
        ("div.s64 %ld, %la, %lb;", (a, b, c) => b == 0 ? ulong.MaxValue : Low64(BigInteger.Divide((long)a, (long)b))),
        ("min.s64 %ld, %la, %lb;", (a, b, c) => (long)a < (long)b ? a : b),
        ("max.u64 %ld, %la, %lb;", (a, b, c) => a > b ? a : b),
        ("abs.s64 %ld, %la;", (a, b, c) => Low64(BigInteger.Abs((long)a))),
        ("and.b64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) & b)),
        ("xor.b64 %ld, %la, %lb;", (a, b, c) => Low64(Big(a) ^ b)),
        ("not.b64 %ld, %la;", (a, b, c) => ulong.MaxValue - a),
        ("shl.b64 %ld, %la, %b;", (a, b, c) => (uint)b > 63 ? 0 : Low64(Big(a) << (int)b)),
        ("shr.u64 %ld, %la, %b;", (a, b, c) => (uint)b > 63 ? 0 : Low64(Big(a) >> (int)b)),
        ("shr.s64 %ld, %la, %b;", (a, b, c) => Low64((BigInteger)(long)a >> (int)Math.Min((uint)b, 63))),
        ("shr.s64 %ld, %la, 40;", (a, b, c) => Low64((BigInteger)(long)a >> 40)),
        ("shl.b64 %ld, %la, 3;", (a, b, c) => Low64(Big(a) * 8)),
        ("clz.b64 %t0, %la; cvt.u64.u32 %ld, %t0;", (a, b, c) => (ulong)Bits(a, 64).Reverse().TakeWhile(bit => !bit).Count()),
        ("brev.b64 %ld, %la;", (a, b, c) => FromBits(Bits(a, 64).Reverse())),
        ("bfe.u64 %ld, %la, 20, 30;", (a, b, c) => a >> 20 & 0x3fffffff),
        ("bfi.b64 %ld, %la, %lb, 40, 8;", (a, b, c) => (b & ~(0xffUL << 40)) | ((a & 0xff) << 40)),
        ("cvt.s64.s32 %ld, %a;", (a, b, c) => Low64((int)a)),
        ("cvt.u64.u32 %ld, %a;", (a, b, c) => (uint)a),
        ("cvt.s64.s8 %ld, %la;", (a, b, c) => Low64((sbyte)a)),
        ("cvt.sat.u32.s64 %t0, %la; cvt.u64.u32 %ld, %t0;", (a, b, c) => (long)a < 0 ? 0 : Math.Min(a, uint.MaxValue)),
        ("mov.b64 %ld, {%a, %b};", (a, b, c) => (uint)a | (b << 32)),
        ("mov.b64 {%t0, %t1}, %la; mov.b64 %ld, {%t1, %t0};", (a, b, c) => (a >> 32) | (a << 32)),
        ("cvt.sat.s8.s32 %t0, %a; cvt.s64.s32 %ld, %t0;", (a, b, c) => Low64(Math.Clamp((int)a, sbyte.MinValue, sbyte.MaxValue))),
        ("cvt.sat.u8.s32 %t0, %a; cvt.s64.s32 %ld, %t0;", (a, b, c) => Low64(Math.Clamp((int)a, byte.MinValue, byte.MaxValue))),
        ("cvt.u8.u32 %t0, %a; cvt.u64.u32 %ld, %t0;", (a, b, c) => a & 0xff),
    ];

    public static TheoryData<string> Narrow => [.. s_narrow.Select(each => each.Code)];

    public static TheoryData<string> Wide => [.. s_wide.Select(each => each.Code)];

    [Theory]
    [MemberData(nameof(Narrow))]
    public void A_32_bit_instruction_gives_what_its_definition_says(string code)
    {
        Func<uint, uint, uint, uint> definition = s_narrow.Single(each => each.Code == code).Definition;
        (ulong[] a, ulong[] b, ulong[] c) = LaneProgram.Patterns(1);
        // 64-bit counts see what the definition sees.
        a = code.Contains("%la", StringComparison.Ordinal) ? [.. a.Select(lane => (ulong)(uint)lane)] : a;
        ulong[] results = LaneProgram.Run(code, 32, a, b, c);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(definition((uint)a[i], (uint)b[i], (uint)c[i]) == results[i], $"{code} of 0x{a[i]:x}, 0x{b[i]:x}, 0x{c[i]:x} gave 0x{results[i]:x}, not 0x{definition((uint)a[i], (uint)b[i], (uint)c[i]):x}");
        }
    }

    [Theory]
    [MemberData(nameof(Wide))]
    public void A_64_bit_instruction_gives_what_its_definition_says(string code)
    {
        Func<ulong, ulong, ulong, ulong> definition = s_wide.Single(each => each.Code == code).Definition;
        (ulong[] a, ulong[] b, ulong[] c) = LaneProgram.Patterns(2);
        ulong[] results = LaneProgram.Run(code, 64, a, b, c);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(definition(a[i], b[i], c[i]) == results[i], $"{code} of 0x{a[i]:x}, 0x{b[i]:x}, 0x{c[i]:x} gave 0x{results[i]:x}, not 0x{definition(a[i], b[i], c[i]):x}");
        }
    }

    static BigInteger Big(ulong x) => x;

    static BigInteger Signed(uint x) => (int)x;

    static uint Low(BigInteger x) => (uint)(x & uint.MaxValue);

    static ulong Low64(BigInteger x) => (ulong)(x & ulong.MaxValue);

    static BigInteger Clamp(BigInteger x, int bits) => BigInteger.Max(-(BigInteger.One << (bits - 1)), BigInteger.Min((BigInteger.One << (bits - 1)) - 1, x));

    static bool[] Bits(ulong x, int count) => [.. Enumerable.Range(0, count).Select(i => (x >> i & 1) != 0)];

    static ulong FromBits(IEnumerable<bool> bits) => bits.Select((bit, i) => bit ? 1UL << i : 0).Aggregate(0UL, (sum, bit) => sum + bit);

    static uint Bit(uint x, int at) => x >> at & 1;

    static uint Byte(uint x, int at) => x >> (8 * at) & 0xff;

    static uint Sign(uint b) => b >= 0x80 ? 0xffu : 0;
}
