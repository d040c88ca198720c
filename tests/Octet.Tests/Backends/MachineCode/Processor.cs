using System.Runtime.InteropServices;
using Iced.Intel;
using Octet.Backends.Cpu.MachineCode;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>
/// Executes generated code as Intel's Software Developer's Manual (volume 2) defines its instructions: general registers, vectors of 128, 256
/// and 512 bits, tiles, and memory that only gives what a function was promised. What a call may not change is checked when it returns.
/// </summary>
sealed unsafe class Processor
{
    // Of both calling conventions: RBX, RSP, RBP, R12 to R15, and on Windows RSI, RDI and the low parts of vectors 6 to 15, which code for
    // other systems may change.
    static readonly int[] s_keptRegisters = [3, 4, 5, 6, 7, 12, 13, 14, 15];
    static readonly int[] s_keptVectors = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    readonly ulong[] _registers = new ulong[16];
    readonly float[][] _vectors = [.. Enumerable.Range(0, 32).Select(_ => new float[16])];
    readonly TileUnit _tiles = new();
    readonly List<(ulong Start, ulong Bytes, bool Writable)> _memory = [];
    bool _zero;

    internal void Allow(void* start, long bytes, bool writable = false) => _memory.Add(((ulong)start, (ulong)bytes, writable));

    /// <summary>Calls a function with its one argument, then forgets what it was allowed.</summary>
    internal void Call(MachineProgram program, GeneralRegister argument, void* pointer)
    {
        // What a function has not set itself is of no use to it.
        var random = new Random(program.Instructions.Length);
        for (int i = 0; i < 16; i++)
        {
            _registers[i] = (ulong)random.NextInt64();
        }

        foreach (float[] vector in _vectors)
        {
            Array.Fill(vector, float.NaN);
            vector[1] = random.Next();
        }

        _registers[(int)argument] = (ulong)pointer;
        ulong[] registers = [.. _registers];
        float[][] vectors = [.. _vectors.Select(vector => vector.ToArray())];
        bool upper = false;
        int at = 0;
        for (long steps = 0; ; steps++)
        {
            if (steps > 1_000_000)
            {
                throw new InvalidOperationException("the function does not end");
            }

            Instruction instruction = program.Instructions[at++];
            if (instruction.Mnemonic == Mnemonic.Ret)
            {
                break;
            }

            if (instruction.Mnemonic == Mnemonic.Jne)
            {
                at = _zero ? at : program.IndexOf(instruction.NearBranchTarget);
                continue;
            }

            upper = instruction.Mnemonic != Mnemonic.Vzeroupper && (upper || ((instruction.Op0Register.IsZMM() || instruction.Op0Register.IsYMM()) && instruction.Op0Register.GetNumber() < 16));
            Execute(instruction);
        }

        Assert.False(upper, "vectors 0 to 15 are left wide: code for 128 bits would be slow");
        Assert.All(s_keptRegisters, i => Assert.Equal(registers[i], _registers[i]));
        Assert.All(argument == GeneralRegister.Rcx ? s_keptVectors : [], i => Assert.Equal(vectors[i][..4], _vectors[i][..4]));
        _memory.Clear();
    }

    void Execute(in Instruction i)
    {
        switch (i.Code)
        {
            case Code.Mov_rm64_r64 when i.Op0Kind == OpKind.Register:
                _registers[i.Op0Register.GetNumber()] = _registers[i.Op1Register.GetNumber()];
                break;
            case Code.Mov_rm64_r64:
                *(ulong*)Address(i, 8, write: true) = _registers[i.Op1Register.GetNumber()];
                break;
            case Code.Mov_r64_rm64:
                _registers[i.Op0Register.GetNumber()] = *(ulong*)Address(i, 8);
                break;
            case Code.Mov_rm64_imm32:
                _registers[i.Op0Register.GetNumber()] = (ulong)i.Immediate32to64;
                break;
            case Code.Add_rm64_imm32:
                Set(i, _registers[i.Op0Register.GetNumber()] + (ulong)i.Immediate32to64);
                break;
            case Code.Add_rm64_r64 when i.Op0Kind == OpKind.Register:
                Set(i, _registers[i.Op0Register.GetNumber()] + _registers[i.Op1Register.GetNumber()]);
                break;
            case Code.Cmp_r64_rm64:
                _zero = _registers[i.Op0Register.GetNumber()] == *(ulong*)Address(i, 8);
                break;
            case Code.Dec_rm64:
                Set(i, _registers[i.Op0Register.GetNumber()] - 1);
                break;
            case Code.VEX_Vzeroupper:
                foreach (float[] vector in _vectors[..16])
                {
                    vector.AsSpan(4).Clear();
                }

                break;
            case Code.EVEX_Vmovaps_zmm_k1z_zmmm512:
            case Code.EVEX_Vmovups_zmm_k1z_zmmm512 when i.Op1Kind == OpKind.Register:
                Write(i, Read(i.Op1Register).ToArray());
                break;
            case Code.EVEX_Vmovups_zmm_k1z_zmmm512:
                new ReadOnlySpan<float>(Address(i, 64), 16).CopyTo(_vectors[i.Op0Register.GetNumber()]);
                break;
            case Code.EVEX_Vmovups_zmmm512_k1z_zmm:
                _vectors[i.Op1Register.GetNumber()].CopyTo(new Span<float>(Address(i, 64, write: true), 16));
                break;
            case Code.EVEX_Vpxord_zmm_k1z_zmm_zmmm512b32:
                Span<uint> to = Bits(i.Op0Register);
                for (int lane = 0; lane < 16; lane++)
                {
                    to[lane] = Bits(i.Op1Register)[lane] ^ Bits(i.Op2Register)[lane];
                }

                break;
            case Code.EVEX_Vbroadcastss_zmm_k1z_xmmm32:
                Array.Fill(_vectors[i.Op0Register.GetNumber()], *(float*)Address(i, 4));
                break;
            case Code.EVEX_Vbroadcastsd_zmm_k1z_xmmm64:
                ulong pair = *(ulong*)Address(i, 8);
                Write(i, [.. Enumerable.Range(0, 16).Select(lane => (uint)(pair >> (lane % 2 * 32)))]);
                break;
            case Code.EVEX_Vpsrlw_zmm_k1z_zmmm512_imm8:
                int down = i.Immediate8;
                Write(i, [.. Read(i.Op1Register).ToArray().Select(lane => down > 15 ? 0 : (lane & 0xFFFF) >> down | lane >> 16 >> down << 16)]);
                break;
            case Code.EVEX_Vpermw_zmm_k1z_zmm_zmmm512:
                ushort[] words = MemoryMarshal.Cast<uint, ushort>(Source(i, i.Op2Kind, i.Op2Register).AsSpan()).ToArray();
                ushort[] looked = [.. MemoryMarshal.Cast<uint, ushort>(Read(i.Op1Register)).ToArray().Select(index => words[index & 31])];
                Write(i, MemoryMarshal.Cast<ushort, uint>(looked.AsSpan()));
                break;
            case Code.EVEX_Vpshufb_zmm_k1z_zmm_zmmm512:
                byte[] shuffled = BytesOf(Read(i.Op1Register));
                WriteBytes(i, [.. BytesOf(Source(i, i.Op2Kind, i.Op2Register)).Select((place, at) => place > 127 ? (byte)0 : shuffled[at / 16 * 16 + (place & 15)])]);
                break;
            case Code.EVEX_Vpmaxud_zmm_k1z_zmm_zmmm512b32:
                Combine(i, Math.Max);
                break;
            case Code.EVEX_Vfmadd231ps_zmm_k1z_zmm_zmmm512b32_er:
                uint[] others = Source(i, i.Op2Kind, i.Op2Register);
                Combine(i, i.Op0Register, i.Op1Register, (sum, factor, lane) => Bits(MathF.FusedMultiplyAdd(Float(factor), Float(others[lane]), Float(sum))));
                break;
            case Code.EVEX_Vfmadd213ps_zmm_k1z_zmm_zmmm512b32_er:
                uint[] added = Source(i, i.Op2Kind, i.Op2Register);
                Combine(i, i.Op0Register, i.Op1Register, (value, factor, lane) => Bits(MathF.FusedMultiplyAdd(Float(factor), Float(value), Float(added[lane]))));
                break;
            case Code.EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er:
                Combine(i, Sum);
                break;
            case Code.EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er:
                uint[] multiplied = Source(i, i.Op2Kind, i.Op2Register);
                Combine(i, i.Op1Register, i.Op1Register, (value, _, lane) => Bits(Float(value) * Float(multiplied[lane])));
                break;
            case Code.EVEX_Vpandd_zmm_k1z_zmm_zmmm512b32:
                Combine(i, (a, b) => a & b);
                break;
            case Code.EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8:
                int shift = i.Immediate8;
                Write(i, [.. Read(i.Op1Register).ToArray().Select(lane => shift > 31 ? 0 : lane << shift)]);
                break;
            case Code.EVEX_Vpternlogd_zmm_k1z_zmm_zmmm512b32_imm8:
                int table = i.Immediate8;
                uint[] third = Source(i, i.Op2Kind, i.Op2Register);
                Combine(i, i.Op0Register, i.Op1Register, (a, b, lane) => Ternary(table, a, b, third[lane]));
                break;
            case Code.EVEX_Vpermb_zmm_k1z_zmm_zmmm512:
                byte[] picked = BytesOf(Source(i, i.Op2Kind, i.Op2Register));
                WriteBytes(i, [.. BytesOf(Read(i.Op1Register)).Select(index => picked[index & 63])]);
                break;
            case Code.EVEX_Vpermi2b_zmm_k1z_zmm_zmmm512:
                byte[] halves = [.. BytesOf(Read(i.Op1Register)), .. BytesOf(Source(i, i.Op2Kind, i.Op2Register))];
                WriteBytes(i, [.. BytesOf(Read(i.Op0Register)).Select(index => halves[index & 127])]);
                break;
            case Code.EVEX_Vpermt2b_zmm_k1z_zmm_zmmm512:
                byte[] both = [.. BytesOf(Read(i.Op0Register)), .. BytesOf(Source(i, i.Op2Kind, i.Op2Register))];
                WriteBytes(i, [.. BytesOf(Read(i.Op1Register)).Select(index => both[index & 127])]);
                break;
            case Code.EVEX_Vpunpcklbw_zmm_k1z_zmm_zmmm512:
            case Code.EVEX_Vpunpckhbw_zmm_k1z_zmm_zmmm512:
                int upperHalf = i.Code == Code.EVEX_Vpunpckhbw_zmm_k1z_zmm_zmmm512 ? 8 : 0;
                byte[] even = BytesOf(Read(i.Op1Register));
                byte[] odd = BytesOf(Source(i, i.Op2Kind, i.Op2Register));
                WriteBytes(i, [.. Enumerable.Range(0, 64).Select(at => (at % 2 == 0 ? even : odd)[at / 16 * 16 + upperHalf + at % 16 / 2])]);
                break;
            case Code.VEX_Vmovups_xmm_xmmm128:
            case Code.VEX_Vmovups_ymm_ymmm256:
                Write(i, new ReadOnlySpan<uint>(Address(i, Bytes(i.Op0Register)), Bytes(i.Op0Register) / 4));
                break;
            case Code.VEX_Vmovups_xmmm128_xmm:
            case Code.VEX_Vmovups_ymmm256_ymm:
                Read(i.Op1Register).CopyTo(new Span<uint>(Address(i, Bytes(i.Op1Register), write: true), Bytes(i.Op1Register) / 4));
                break;
            case Code.VEX_Vbroadcastss_ymm_m32:
                uint repeated = *(uint*)Address(i, 4);
                Write(i, [.. Enumerable.Repeat(repeated, 8)]);
                break;
            case Code.VEX_Vxorps_ymm_ymm_ymmm256:
                Combine(i, (a, b) => a ^ b);
                break;
            case Code.VEX_Vpand_ymm_ymm_ymmm256:
                Combine(i, (a, b) => a & b);
                break;
            case Code.VEX_Vmulps_ymm_ymm_ymmm256:
                CombineWithSource(i, (a, b) => Bits(Float(a) * Float(b)));
                break;
            case Code.VEX_Vpmaxud_ymm_ymm_ymmm256:
                CombineWithSource(i, Math.Max);
                break;
            case Code.VEX_Vfmadd213ps_ymm_ymm_ymmm256:
                uint[] narrowAdded = Source(i, i.Op2Kind, i.Op2Register);
                Combine(i, i.Op0Register, i.Op1Register, (value, factor, lane) => Bits(MathF.FusedMultiplyAdd(Float(factor), Float(value), Float(narrowAdded[lane]))));
                break;
            case Code.VEX_Vpshufb_ymm_ymm_ymmm256:
                byte[] narrowShuffled = BytesOf(Read(i.Op1Register));
                WriteBytes(i, [.. BytesOf(Source(i, i.Op2Kind, i.Op2Register)).Select((place, at) => place > 127 ? (byte)0 : narrowShuffled[at / 16 * 16 + (place & 15)])]);
                break;
            case Code.VEX_Vpunpcklbw_ymm_ymm_ymmm256:
            case Code.VEX_Vpunpckhbw_ymm_ymm_ymmm256:
                int upperEight = i.Code == Code.VEX_Vpunpckhbw_ymm_ymm_ymmm256 ? 8 : 0;
                byte[] evenBytes = BytesOf(Read(i.Op1Register));
                byte[] oddBytes = BytesOf(Source(i, i.Op2Kind, i.Op2Register));
                WriteBytes(i, [.. Enumerable.Range(0, 32).Select(at => (at % 2 == 0 ? evenBytes : oddBytes)[at / 16 * 16 + upperEight + at % 16 / 2])]);
                break;
            case Code.VEX_Vpsrlw_ymm_ymm_imm8:
                int rightWords = i.Immediate8;
                Write(i, [.. Read(i.Op1Register).ToArray().Select(lane => rightWords > 15 ? 0 : (lane & 0xFFFF) >> rightWords | lane >> 16 >> rightWords << 16)]);
                break;
            case Code.VEX_Vaddps_xmm_xmm_xmmm128:
            case Code.VEX_Vaddps_ymm_ymm_ymmm256:
                Combine(i, Sum);
                break;
            case Code.VEX_Vhaddps_ymm_ymm_ymmm256:
                uint[] a = Read(i.Op1Register).ToArray();
                uint[] b = Read(i.Op2Register).ToArray();
                Write(i, [.. Enumerable.Range(0, 8).Select(lane => SumOfPair(lane % 4 < 2 ? a : b, lane / 4 * 4 + lane % 2 * 2))]);
                break;
            case Code.VEX_Vextractf128_xmmm128_ymm_imm8:
                Write(i, [.. Read(i.Op1Register).Slice(i.Immediate8 % 2 * 4, 4)]);
                break;
            case Code.VEX_Vextractps_rm32_xmm_imm8:
                *(uint*)Address(i, 4, write: true) = Read(i.Op1Register)[i.Immediate8 % 4];
                break;
            case Code.VEX_Vpmaddubsw_ymm_ymm_ymmm256:
                Combine(i, (factors, bytes) => MultiplyBytePair(factors, bytes) | MultiplyBytePair(factors >> 16, bytes >> 16) << 16);
                break;
            case Code.VEX_Vpslld_ymm_ymm_imm8:
                int left = i.Immediate8;
                Write(i, [.. Read(i.Op1Register).ToArray().Select(lane => left > 31 ? 0 : lane << left)]);
                break;
            case Code.VEX_Vpsraw_ymm_ymm_imm8:
                int right = Math.Min((int)i.Immediate8, 15);
                Write(i, [.. Read(i.Op1Register).ToArray().Select(lane => (uint)(ushort)((short)lane >> right) | (uint)((int)lane >> 16 >> right) << 16)]);
                break;
            case Code.VEX_Vfmadd231ps_ymm_ymm_ymmm256:
                MultiplyAdd(i, Bytes(i.Op0Register) / sizeof(float));
                break;
            case Code.Prefetcht0_m8:
            case Code.Prefetcht1_m8:
            case Code.Prefetchw_m8:
                // A hint: it reads nothing, and an address that is not there does no harm.
                break;
            case Code.EVEX_Vdpbf16ps_zmm_k1z_zmm_zmmm512b32:
                MultiplyPairs(i);
                break;
            case Code.VEX_Ldtilecfg_m512:
                _tiles.Configure(new ReadOnlySpan<byte>(Address(i, 64), 64));
                break;
            case Code.VEX_Tilerelease:
                _tiles.Release();
                break;
            case Code.VEX_Tilezero_tmm:
                _tiles.Zero(i.Op0Register.GetNumber());
                break;
            case Code.VEX_Tileloadd_tmm_sibmem:
                MoveTile(i, i.Op0Register.GetNumber(), load: true);
                break;
            case Code.VEX_Tilestored_sibmem_tmm:
                MoveTile(i, i.Op1Register.GetNumber(), load: false);
                break;
            case Code.VEX_Tdpbf16ps_tmm_tmm_tmm:
                _tiles.Multiply(i.Op0Register.GetNumber(), i.Op1Register.GetNumber(), i.Op2Register.GetNumber());
                break;
            default:
                throw new NotSupportedException(i.ToString());
        }
    }

    void Set(in Instruction i, ulong value)
    {
        _registers[i.Op0Register.GetNumber()] = value;
        _zero = value == 0;
    }

    void MultiplyAdd(in Instruction i, int lanes)
    {
        float[] sums = _vectors[i.Op0Register.GetNumber()];
        float[] factors = _vectors[i.Op1Register.GetNumber()];
        Span<float> others = i.Op2Kind == OpKind.Register ? _vectors[i.Op2Register.GetNumber()].AsSpan(0, lanes) : new(Address(i, lanes * sizeof(float)), lanes);
        for (int lane = 0; lane < lanes; lane++)
        {
            sums[lane] = MathF.FusedMultiplyAdd(factors[lane], others[lane], sums[lane]);
        }

        sums.AsSpan(lanes).Clear();
    }

    static uint MultiplyBytePair(uint factors, uint bytes)
        => (ushort)(short)Math.Clamp((byte)factors * (sbyte)bytes + (byte)(factors >> 8) * (sbyte)(bytes >> 8), short.MinValue, short.MaxValue);

    static uint Sum(uint a, uint b) => BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) + BitConverter.UInt32BitsToSingle(b));

    static uint SumOfPair(uint[] lanes, int first) => Sum(lanes[first], lanes[first + 1]);

    // Of registers only.
    void Combine(in Instruction i, Func<uint, uint, uint> lanes)
    {
        Assert.Equal(OpKind.Register, i.Op2Kind);
        uint[] b = Read(i.Op2Register).ToArray();
        Write(i, [.. Read(i.Op1Register).ToArray().Select((a, lane) => lanes(a, b[lane]))]);
    }

    // A register or the memory in its place.
    uint[] Source(in Instruction i, OpKind kind, Register register)
        => kind == OpKind.Register ? Read(register).ToArray() : new ReadOnlySpan<uint>(Address(i, Bytes(i.Op0Register)), Bytes(i.Op0Register) / sizeof(uint)).ToArray();

    void CombineWithSource(in Instruction i, Func<uint, uint, uint> lanes)
    {
        uint[] b = Source(i, i.Op2Kind, i.Op2Register);
        Write(i, [.. Read(i.Op1Register).ToArray().Select((a, lane) => lanes(a, b[lane]))]);
    }

    static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    static float Float(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    static byte[] BytesOf(ReadOnlySpan<uint> lanes) => MemoryMarshal.AsBytes(lanes).ToArray();

    void WriteBytes(in Instruction i, byte[] bytes) => Write(i, MemoryMarshal.Cast<byte, uint>(bytes.AsSpan()));

    // Bit by bit, the place in the table is that of the first, the second and the third.
    static uint Ternary(int table, uint a, uint b, uint c)
    {
        uint result = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            uint place = (a >> bit & 1) << 2 | (b >> bit & 1) << 1 | c >> bit & 1;
            result |= (uint)(table >> (int)place & 1) << bit;
        }

        return result;
    }

    void Combine(in Instruction i, Register first, Register second, Func<uint, uint, int, uint> lanes)
    {
        uint[] b = Read(second).ToArray();
        Write(i, [.. Read(first).ToArray().Select((a, lane) => lanes(a, b[lane], lane))]);
    }

    static int Bytes(Register vector) => vector.IsXMM() ? 16 : vector.IsYMM() ? 32 : 64;

    Span<uint> Read(Register vector) => Bits(vector)[..(Bytes(vector) / sizeof(uint))];

    // VEX clears what a vector has beyond the bits that are written.
    void Write(in Instruction i, ReadOnlySpan<uint> lanes)
    {
        Span<uint> vector = Bits(i.Op0Register);
        vector.Clear();
        lanes.CopyTo(vector);
    }

    void MultiplyPairs(in Instruction i)
    {
        float[] sums = _vectors[i.Op0Register.GetNumber()];
        Span<uint> pairs = Bits(i.Op1Register);
        Span<uint> others = i.Op2Kind == OpKind.Register ? Bits(i.Op2Register) : new Span<uint>(Address(i, i.IsBroadcast ? 4 : 64), i.IsBroadcast ? 1 : 16);
        for (int lane = 0; lane < 16; lane++)
        {
            sums[lane] = PairProduct.MultiplyPair(pairs[lane], others[others.Length == 1 ? 0 : lane], sums[lane]);
        }
    }

    void MoveTile(in Instruction i, int tile, bool load)
    {
        int rowBytes = _tiles.RowBytes(tile);
        ulong stride = _registers[i.MemoryIndex.GetNumber()] * (ulong)i.MemoryIndexScale;
        ulong start = _registers[i.MemoryBase.GetNumber()] + i.MemoryDisplacement64;
        if (load)
        {
            _tiles.Zero(tile);
        }

        for (int row = 0; row < _tiles.Rows(tile); row++)
        {
            var memory = new Span<byte>(Check(start + (ulong)row * stride, rowBytes, !load, i), rowBytes);
            if (load)
            {
                memory.CopyTo(_tiles.Row(tile, row));
            }
            else
            {
                _tiles.Row(tile, row).CopyTo(memory);
            }
        }
    }

    byte* Address(in Instruction i, int bytes, bool write = false)
    {
        ulong index = i.MemoryIndex == Register.None ? 0 : _registers[i.MemoryIndex.GetNumber()] * (ulong)i.MemoryIndexScale;
        return Check(_registers[i.MemoryBase.GetNumber()] + index + i.MemoryDisplacement64, bytes, write, i);
    }

    byte* Check(ulong start, int bytes, bool write, in Instruction i)
    {
        foreach ((ulong from, ulong length, bool writable) in _memory)
        {
            if (start >= from && start + (ulong)bytes <= from + length && (writable || !write))
            {
                return (byte*)start;
            }
        }

        throw new InvalidOperationException($"{i} touches {bytes} bytes that it was not given");
    }

    Span<uint> Bits(Register vector) => MemoryMarshal.Cast<float, uint>(_vectors[vector.GetNumber()].AsSpan());
}
