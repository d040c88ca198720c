using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Writes the few x64 instructions that the kernels are made of. Encodings: Intel's Software Developer's Manual, volume 2. An offset of an
/// address is left out where it is zero; it takes 8 bits in vectors of 256 bits where it fits, and 32 elsewhere.
/// </summary>
sealed class X64Encoder
{
    const byte OpcodeMap0F = 1;
    const byte OpcodeMap0F38 = 2;
    const byte OpcodeMap0F3A = 3;

    readonly List<byte> _code = [];

    internal byte[] ToArray() => [.. _code];

    internal int Position => _code.Count;

    /// <summary>The register of a function's first argument on this system.</summary>
    internal static GeneralRegister FirstArgument => OperatingSystem.IsWindows() ? GeneralRegister.Rcx : GeneralRegister.Rdi;

    internal void Move(GeneralRegister to, GeneralRegister from) => Plain(0x89, (byte)from, (byte)to);

    internal void Move(GeneralRegister to, int value)
    {
        Plain(0xC7, 0, (byte)to);
        Number(value);
    }

    internal void Load(GeneralRegister to, GeneralRegister from, int offset)
    {
        RexW((byte)to, (byte)from);
        _code.Add(0x8B);
        Address((byte)to, from, offset);
    }

    internal void Store(GeneralRegister to, int offset, GeneralRegister value)
    {
        RexW((byte)value, (byte)to);
        _code.Add(0x89);
        Address((byte)value, to, offset);
    }

    internal void Add(GeneralRegister to, int value)
    {
        Plain(0x81, 0, (byte)to);
        Number(value);
    }

    internal void Add(GeneralRegister to, GeneralRegister from) => Plain(0x01, (byte)from, (byte)to);

    internal void Decrement(GeneralRegister register) => Plain(0xFF, 1, (byte)register);

    /// <summary>The line of the cache at <paramref name="from"/> + <paramref name="offset"/> will be written.</summary>
    internal void PrefetchForWriting(GeneralRegister from, int offset)
    {
        if (from >= GeneralRegister.R8)
        {
            _code.Add(0x41);
        }

        _code.AddRange([0x0F, 0x0D]);
        Address(1, from, offset);
    }

    /// <summary>The line of the cache at <paramref name="from"/> + <paramref name="offset"/> will be read.</summary>
    internal void Prefetch(GeneralRegister from, int offset)
    {
        if (from >= GeneralRegister.R8)
        {
            _code.Add(0x41);
        }

        _code.AddRange([0x0F, 0x18]);
        Address(1, from, offset);
    }

    /// <summary>Back to <paramref name="target"/>, a <see cref="Position"/> passed before.</summary>
    internal void JumpIfNotZero(int target)
    {
        _code.AddRange([0x0F, 0x85]);
        Number(target - (_code.Count + sizeof(int)));
    }

    internal void Return() => _code.Add(0xC3);

    /// <summary>EDX:EAX = the extended control register that ECX numbers.</summary>
    internal void GetExtendedControl() => _code.AddRange([0x0F, 0x01, 0xD0]);

    internal void ZeroUpper() => _code.AddRange([0xC5, 0xF8, 0x77]);

    internal void LoadTileConfiguration(GeneralRegister from)
    {
        Vex(OpcodeMap0F38, Prefix.None, 0, 0, (byte)from);
        _code.Add(0x49);
        Address(0, from, 0);
    }

    internal void ReleaseTiles()
    {
        Vex(OpcodeMap0F38, Prefix.None, 0, 0, 0);
        _code.AddRange([0x49, 0xC0]);
    }

    internal void ZeroTile(int tile)
    {
        Vex(OpcodeMap0F38, Prefix.F2, tile, 0, 0);
        _code.AddRange([0x49, (byte)(0xC0 | tile << 3)]);
    }

    /// <summary>Row r of the tile from <paramref name="from"/> + <paramref name="offset"/> + r * <paramref name="stride"/>.</summary>
    internal void LoadTile(int tile, GeneralRegister from, GeneralRegister stride, int offset = 0) => MoveTile(Prefix.F2, tile, from, stride, offset);

    internal void StoreTile(GeneralRegister to, GeneralRegister stride, int tile, int offset = 0) => MoveTile(Prefix.F3, tile, to, stride, offset);

    /// <summary>sums += a * b: rows of pairs of bfloat16 times columns of pairs, in float32.</summary>
    internal void MultiplyTiles(int sums, int a, int b)
    {
        Vex(OpcodeMap0F38, Prefix.F3, sums, b, a);
        _code.AddRange([0x5C, (byte)(0xC0 | sums << 3 | a)]);
    }

    internal void LoadVector(int vector, GeneralRegister from, int offset = 0) => Evex(OpcodeMap0F, Prefix.None, 0x10, vector, 0, from, offset, broadcast: false);

    internal void StoreVector(GeneralRegister to, int offset, int vector) => Evex(OpcodeMap0F, Prefix.None, 0x11, vector, 0, to, offset, broadcast: false);

    /// <summary>Every lane = the float at <paramref name="from"/> + <paramref name="offset"/>.</summary>
    internal void LoadLanes(int vector, GeneralRegister from, int offset) => Evex(OpcodeMap0F38, Prefix.Size, 0x18, vector, 0, from, offset, broadcast: false);

    /// <summary>sums += factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), rounded once.</summary>
    internal void MultiplyAdd(int sums, int factors, GeneralRegister from, int offset) => Evex(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, from, offset, broadcast: false);

    /// <summary>All 512 bits = 0.</summary>
    internal void ZeroVector(int vector)
    {
        // vpxord with itself.
        EvexPrefix(OpcodeMap0F, Prefix.Size, vector, vector, x: vector >> 4, b: vector >> 3, broadcast: false);
        _code.AddRange([0xEF, (byte)(0xC0 | (vector & 7) << 3 | vector & 7)]);
    }

    /// <summary>sums += pairs * (the pair of bfloat16 at <paramref name="from"/>, in every lane), in float32.</summary>
    internal void MultiplyPairs(int sums, int pairs, GeneralRegister from, int offset) => Evex(OpcodeMap0F38, Prefix.F3, 0x52, sums, pairs, from, offset, broadcast: true);

    internal void LoadVector256(int vector, GeneralRegister from, int offset) => Vex256(OpcodeMap0F, Prefix.None, 0x10, vector, 0, from, offset);

    internal void StoreVector256(GeneralRegister to, int offset, int vector) => Vex256(OpcodeMap0F, Prefix.None, 0x11, vector, 0, to, offset);

    /// <summary>The lower half of a vector of 256 bits; the upper half becomes 0.</summary>
    internal void LoadVector128(int vector, GeneralRegister from, int offset) => VexMemory(OpcodeMap0F, Prefix.None, 0x10, vector, 0, from, offset, Wide.No);

    internal void StoreVector128(GeneralRegister to, int offset, int vector) => VexMemory(OpcodeMap0F, Prefix.None, 0x11, vector, 0, to, offset, Wide.No);

    /// <summary>Every lane of 32 bits = those at <paramref name="from"/> + <paramref name="offset"/>.</summary>
    internal void LoadLanes256(int vector, GeneralRegister from, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0x18, vector, 0, from, offset);

    internal void ZeroVector256(int vector) => Vex256(OpcodeMap0F, Prefix.None, 0x57, vector, vector, vector);

    /// <summary>to = a + b, in float32.</summary>
    internal void Add256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.None, 0x58, to, a, b);

    /// <summary>In each half of 128 bits: the sums of the neighbours of a, two, then those of b, in float32.</summary>
    internal void AddNeighbours256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.F2, 0x7C, to, a, b);

    /// <summary>The upper half of <paramref name="from"/> as a vector of 128 bits.</summary>
    internal void UpperHalf(int to, int from)
    {
        Vex256(OpcodeMap0F3A, Prefix.Size, 0x19, from, 0, to);
        _code.Add(1);
    }

    internal void Add128(int to, int a, int b) => VexRegisters(OpcodeMap0F, Prefix.None, 0x58, to, a, b, Wide.No);

    /// <summary>Lane <paramref name="lane"/>, 0 to 3, of 32 bits.</summary>
    internal void StoreLane(GeneralRegister to, int offset, int vector, byte lane)
    {
        VexMemory(OpcodeMap0F3A, Prefix.Size, 0x17, vector, 0, to, offset, Wide.No);
        _code.Add(lane);
    }

    internal void And256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.Size, 0xDB, to, a, b);

    /// <summary>sums += factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), in float32, rounded once.</summary>
    internal void MultiplyAdd256(int sums, int factors, GeneralRegister from, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, from, offset);

    /// <summary>Lanes of 16 bits = the first byte times the first factor plus the second times the second: factors unsigned, bytes signed, sums saturated.</summary>
    internal void MultiplyBytePairs256(int to, int factors, int bytes) => Vex256(OpcodeMap0F38, Prefix.Size, 0x04, to, factors, bytes);

    /// <summary>Lanes of 32 bits, zeros coming in.</summary>
    internal void ShiftLeft32(int to, int from, byte bits) => Shift256(0x72, 6, to, from, bits);

    /// <summary>Lanes of 16 bits, copies of the sign coming in.</summary>
    internal void ShiftRightSigned16(int to, int from, byte bits) => Shift256(0x71, 4, to, from, bits);

    // The destination is where others have a second source.
    void Shift256(byte opcode, byte extension, int to, int from, byte bits)
    {
        Vex256(OpcodeMap0F, Prefix.Size, opcode, extension, to, from);
        _code.Add(bits);
    }

    void Vex256(byte map, Prefix prefix, byte opcode, int register, int second, int operand)
        => VexRegisters(map, prefix, opcode, register, second, operand, Wide.Yes);

    void VexRegisters(byte map, Prefix prefix, byte opcode, int register, int second, int operand, Wide wide)
    {
        Vex(map, prefix, register, second, operand, wide: wide);
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (register & 7) << 3 | operand & 7));
    }

    void Vex256(byte map, Prefix prefix, byte opcode, int register, int second, GeneralRegister at, int offset)
        => VexMemory(map, prefix, opcode, register, second, at, offset, Wide.Yes);

    void VexMemory(byte map, Prefix prefix, byte opcode, int register, int second, GeneralRegister at, int offset, Wide wide)
    {
        Vex(map, prefix, register, second, (byte)at, wide: wide);
        _code.Add(opcode);
        if (offset is not 0 and >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            _code.Add((byte)(0x40 | (register & 7) << 3 | (byte)at & 7));
            _code.Add((byte)offset);
        }
        else
        {
            Address((byte)register, at, offset);
        }
    }

    void Plain(byte opcode, byte register, byte operand)
    {
        RexW(register, operand);
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (register & 7) << 3 | operand & 7));
    }

    void RexW(byte register, byte operand) => _code.Add((byte)(0x48 | (register >> 3) << 2 | operand >> 3));

    void MoveTile(Prefix prefix, int tile, GeneralRegister at, GeneralRegister stride, int offset)
    {
        Vex(OpcodeMap0F38, prefix, tile, 0, (byte)at, (byte)stride);
        _code.Add(0x4B);

        // The base and index form, which tiles want: a fourth in the place of a register says so.
        _code.Add((byte)((offset == 0 ? 0x00 : 0x80) | tile << 3 | 4));
        _code.Add((byte)(((byte)stride & 7) << 3 | (byte)at & 7));
        if (offset != 0)
        {
            Number(offset);
        }
    }

    // R, X, B, the map; W = 0, the second source, 128 or 256 bits, the prefix. Register numbers are inverted.
    void Vex(byte map, Prefix prefix, int register, int second, int operand, int index = 0, Wide wide = Wide.No)
    {
        _code.Add(0xC4);
        _code.Add((byte)((~register >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 | (~operand >> 3 & 1) << 5 | map));
        _code.Add((byte)((~second & 15) << 3 | (byte)wide | (byte)prefix));
    }

    void Evex(byte map, Prefix prefix, byte opcode, int vector, int second, GeneralRegister at, int offset, bool broadcast)
    {
        EvexPrefix(map, prefix, vector, second, x: 0, b: (byte)at >> 3, broadcast);
        _code.Add(opcode);
        Address((byte)vector, at, offset);
    }

    // R, X, B, R', the map; W = 0, the second source, 1, the prefix; no zeroing, 512 bits, broadcast, V', no mask. Numbers are inverted.
    void EvexPrefix(byte map, Prefix prefix, int vector, int second, int x, int b, bool broadcast)
    {
        _code.Add(0x62);
        _code.Add((byte)((~vector >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~vector >> 4 & 1) << 4 | map));
        _code.Add((byte)((~second & 15) << 3 | 4 | (byte)prefix));
        _code.Add((byte)(0x40 | (broadcast ? 0x10 : 0) | (~second >> 4 & 1) << 3));
    }

    void Address(byte register, GeneralRegister at, int offset)
    {
        _code.Add((byte)((offset == 0 ? 0x00 : 0x80) | (register & 7) << 3 | (byte)at & 7));
        if (offset != 0)
        {
            Number(offset);
        }
    }

    void Number(int value)
    {
        CollectionsMarshal.SetCount(_code, _code.Count + sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(CollectionsMarshal.AsSpan(_code)[^sizeof(int)..], value);
    }

    /// <summary>VEX's bit for vectors of 256 bits.</summary>
    enum Wide : byte
    {
        No = 0,
        Yes = 4,
    }

    /// <summary>The prefix byte that is part of an opcode, as VEX and EVEX write it.</summary>
    enum Prefix : byte
    {
        None = 0,
        Size = 1,
        F3 = 2,
        F2 = 3,
    }
}
