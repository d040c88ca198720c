using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// Writes the few x64 instructions that the kernels are made of. Encodings: Intel's Software Developer's Manual, volume 2. An offset of an
/// address is left out where it is zero; of a vector it takes 8 bits where it fits, counted in what is read where that is of 512 bits, and 32 elsewhere.
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

    /// <summary>Whether it is the same as what is at <paramref name="from"/> + <paramref name="offset"/>, for <see cref="JumpIfNotZero"/>.</summary>
    internal void Compare(GeneralRegister register, GeneralRegister from, int offset)
    {
        RexW((byte)register, (byte)from);
        _code.Add(0x3B);
        Address((byte)register, from, offset);
    }

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
    internal void Prefetch(GeneralRegister from, int offset) => Prefetch(new Place(from, offset));

    /// <summary>Into the first level of the cache, or only the second.</summary>
    internal void Prefetch(Place from, bool far = false)
    {
        int rex = ((byte)(from.Index ?? 0) >> 3) << 1 | (byte)from.Base >> 3;
        if (rex != 0)
        {
            _code.Add((byte)(0x40 | rex));
        }

        _code.AddRange([0x0F, 0x18]);
        Address((byte)(far ? 2 : 1), from, unit: 1);
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

    internal void LoadVector(int vector, GeneralRegister from, int offset = 0) => LoadVector(vector, new Place(from, offset));

    internal void LoadVector(int vector, Place from) => Evex(OpcodeMap0F, Prefix.None, 0x10, vector, 0, from);

    internal void StoreVector(GeneralRegister to, int offset, int vector) => Evex(OpcodeMap0F, Prefix.None, 0x11, vector, 0, new Place(to, offset));

    /// <summary>Every lane = the float, or whatever 32 bits are, at <paramref name="from"/> + <paramref name="offset"/>.</summary>
    internal void LoadLanes(int vector, GeneralRegister from, int offset) => LoadLanes(vector, new Place(from, offset));

    internal void LoadLanes(int vector, Place from) => Evex(OpcodeMap0F38, Prefix.Size, 0x18, vector, 0, from, unit: sizeof(float));

    /// <summary>Every two lanes = the 64 bits at <paramref name="from"/>.</summary>
    internal void LoadPairsOfLanes(int vector, Place from) => Evex(OpcodeMap0F38, Prefix.Size, 0x19, vector, 0, from, unit: sizeof(double), wide: true);

    /// <summary>sums += factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), rounded once.</summary>
    internal void MultiplyAdd(int sums, int factors, GeneralRegister from, int offset) => Evex(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, new Place(from, offset));

    /// <summary>sums += factors * others, in float32, rounded once.</summary>
    internal void MultiplyAdd(int sums, int factors, int others) => EvexRegisters(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, others);

    /// <summary>values = values * factors + (the vector at <paramref name="from"/> + <paramref name="offset"/>), rounded once.</summary>
    internal void MultiplyThenAdd(int values, int factors, GeneralRegister from, int offset) => Evex(OpcodeMap0F38, Prefix.Size, 0xA8, values, factors, new Place(from, offset));

    /// <summary>to = a + b, in float32.</summary>
    internal void Add(int to, int a, int b) => EvexRegisters(OpcodeMap0F, Prefix.None, 0x58, to, a, b);

    /// <summary>to = a * b, in float32.</summary>
    internal void Multiply(int to, int a, int b) => EvexRegisters(OpcodeMap0F, Prefix.None, 0x59, to, a, b);

    /// <summary>to = factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), in float32.</summary>
    internal void Multiply(int to, int factors, GeneralRegister from, int offset) => Evex(OpcodeMap0F, Prefix.None, 0x59, to, factors, new Place(from, offset));

    /// <summary>All 512 bits = 0.</summary>
    internal void ZeroVector(int vector) => EvexRegisters(OpcodeMap0F, Prefix.Size, 0xEF, vector, vector, vector);

    internal void MoveVector(int to, int from) => EvexRegisters(OpcodeMap0F, Prefix.None, 0x28, to, 0, from);

    internal void And(int to, int a, int b) => EvexRegisters(OpcodeMap0F, Prefix.Size, 0xDB, to, a, b);

    /// <summary>to |= a &amp; b.</summary>
    internal void OrWithAnd(int to, int a, int b)
    {
        EvexRegisters(OpcodeMap0F3A, Prefix.Size, 0x25, to, a, b);

        // The table of a function of three bits: 1 where the first is, and where both others are.
        _code.Add(0xF8);
    }

    /// <summary>Lanes of 32 bits, zeros coming in.</summary>
    internal void ShiftLeft(int to, int from, byte bits)
    {
        EvexRegisters(OpcodeMap0F, Prefix.Size, 0x72, 6, to, from);
        _code.Add(bits);
    }

    /// <summary>Words of 16 bits, zeros coming in.</summary>
    internal void ShiftRightWords(int to, int from, byte bits)
    {
        EvexRegisters(OpcodeMap0F, Prefix.Size, 0x71, 2, to, from);
        _code.Add(bits);
    }

    /// <summary>The larger of each lane, as a number of 32 bits without a sign.</summary>
    internal void Larger(int to, int a, int b) => EvexRegisters(OpcodeMap0F38, Prefix.Size, 0x3F, to, a, b);

    /// <summary>Bytes = those of the same 128 bits of <paramref name="from"/> that the low four bits of <paramref name="order"/> number, and 0 where its highest bit is set.</summary>
    internal void PickInLanes(int to, int from, int order) => EvexRegisters(OpcodeMap0F38, Prefix.Size, 0x00, to, from, order);

    /// <summary>Words = those of the 32 of <paramref name="table"/> that the low five bits of each word of <paramref name="order"/> number. AVX-512 BW.</summary>
    internal void LookUpWords(int to, int order, int table) => EvexRegisters(OpcodeMap0F38, Prefix.Size, 0x8D, to, order, table, wide: true);

    /// <summary>Bytes = those that their low seven bits number in a table of 128, of which <paramref name="first"/> and <paramref name="second"/> are the halves. AVX-512 VBMI.</summary>
    internal void LookUpBytes(int bytes, int first, int second) => EvexRegisters(OpcodeMap0F38, Prefix.Size, 0x75, bytes, first, second);

    /// <summary>Bytes = those of the 64 at <paramref name="from"/> that the low six bits of <paramref name="order"/> number. AVX-512 VBMI.</summary>
    internal void PickBytes(int to, int order, Place from) => Evex(OpcodeMap0F38, Prefix.Size, 0x8D, to, order, from);

    /// <summary>Bytes = those that the low seven bits of <paramref name="order"/> number, of the vector itself and then of the 64 bytes at <paramref name="from"/>. AVX-512 VBMI.</summary>
    internal void PickBytesOfBoth(int vector, int order, Place from) => Evex(OpcodeMap0F38, Prefix.Size, 0x7D, vector, order, from);

    /// <summary>In each 128 bits: the lower (or upper) eight bytes of a and b by turns.</summary>
    internal void InterleaveBytes(int to, int a, int b, bool upper) => EvexRegisters(OpcodeMap0F, Prefix.Size, (byte)(upper ? 0x68 : 0x60), to, a, b);

    /// <summary>sums += pairs of bfloat16 * others, in float32.</summary>
    internal void MultiplyPairs(int sums, int pairs, int others) => EvexRegisters(OpcodeMap0F38, Prefix.F3, 0x52, sums, pairs, others);

    internal void LoadVector256(int vector, GeneralRegister from, int offset = 0) => LoadVector256(vector, new Place(from, offset));

    internal void LoadVector256(int vector, Place from) => Vex256(OpcodeMap0F, Prefix.None, 0x10, vector, 0, from);

    internal void StoreVector256(GeneralRegister to, int offset, int vector) => Vex256(OpcodeMap0F, Prefix.None, 0x11, vector, 0, new Place(to, offset));

    /// <summary>The lower half of a vector of 256 bits; the upper half becomes 0.</summary>
    internal void LoadVector128(int vector, GeneralRegister from, int offset) => VexMemory(OpcodeMap0F, Prefix.None, 0x10, vector, 0, new Place(from, offset), Wide.No);

    internal void StoreVector128(GeneralRegister to, int offset, int vector) => VexMemory(OpcodeMap0F, Prefix.None, 0x11, vector, 0, new Place(to, offset), Wide.No);

    /// <summary>Every lane of 32 bits = those at <paramref name="from"/> + <paramref name="offset"/>.</summary>
    internal void LoadLanes256(int vector, GeneralRegister from, int offset) => LoadLanes256(vector, new Place(from, offset));

    internal void LoadLanes256(int vector, Place from) => Vex256(OpcodeMap0F38, Prefix.Size, 0x18, vector, 0, from);

    internal void ZeroVector256(int vector) => Vex256(OpcodeMap0F, Prefix.None, 0x57, vector, vector, vector);

    /// <summary>to = a + b, in float32.</summary>
    internal void Add256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.None, 0x58, to, a, b);

    /// <summary>to = a * b, in float32.</summary>
    internal void Multiply256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.None, 0x59, to, a, b);

    /// <summary>to = factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), in float32.</summary>
    internal void Multiply256(int to, int factors, GeneralRegister from, int offset) => Vex256(OpcodeMap0F, Prefix.None, 0x59, to, factors, new Place(from, offset));

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
        VexMemory(OpcodeMap0F3A, Prefix.Size, 0x17, vector, 0, new Place(to, offset), Wide.No);
        _code.Add(lane);
    }

    internal void And256(int to, int a, int b) => Vex256(OpcodeMap0F, Prefix.Size, 0xDB, to, a, b);

    /// <summary>sums += factors * (the vector at <paramref name="from"/> + <paramref name="offset"/>), in float32, rounded once.</summary>
    internal void MultiplyAdd256(int sums, int factors, GeneralRegister from, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, new Place(from, offset));

    /// <summary>sums += factors * others, in float32, rounded once.</summary>
    internal void MultiplyAdd256(int sums, int factors, int others) => Vex256(OpcodeMap0F38, Prefix.Size, 0xB8, sums, factors, others);

    /// <summary>values = values * factors + (the vector at <paramref name="from"/> + <paramref name="offset"/>), in float32, rounded once.</summary>
    internal void MultiplyThenAdd256(int values, int factors, GeneralRegister from, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0xA8, values, factors, new Place(from, offset));

    /// <summary>The larger of each lane and the one at <paramref name="from"/> + <paramref name="offset"/>, as a number of 32 bits without a sign.</summary>
    internal void Larger256(int to, int a, GeneralRegister from, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0x3F, to, a, new Place(from, offset));

    /// <summary>Bytes = those of the same 128 bits of <paramref name="from"/> that the low four bits of <paramref name="order"/> number, and 0 where its highest bit is set.</summary>
    internal void PickInLanes256(int to, int from, int order) => Vex256(OpcodeMap0F38, Prefix.Size, 0x00, to, from, order);

    /// <summary>The same, in the order that is at <paramref name="at"/> + <paramref name="offset"/>.</summary>
    internal void PickInLanes256(int to, int from, GeneralRegister at, int offset) => Vex256(OpcodeMap0F38, Prefix.Size, 0x00, to, from, new Place(at, offset));

    /// <summary>In each 128 bits: the lower (or upper) eight bytes of a and b by turns.</summary>
    internal void InterleaveBytes256(int to, int a, int b, bool upper) => Vex256(OpcodeMap0F, Prefix.Size, (byte)(upper ? 0x68 : 0x60), to, a, b);

    /// <summary>Words of 16 bits, zeros coming in.</summary>
    internal void ShiftRightWords256(int to, int from, byte bits) => Shift256(0x71, 2, to, from, bits);

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

    void Vex256(byte map, Prefix prefix, byte opcode, int register, int second, Place at)
        => VexMemory(map, prefix, opcode, register, second, at, Wide.Yes);

    void VexMemory(byte map, Prefix prefix, byte opcode, int register, int second, Place at, Wide wide)
    {
        Vex(map, prefix, register, second, (byte)at.Base, (byte)(at.Index ?? 0), wide);
        _code.Add(opcode);
        Address((byte)register, at, unit: 1);
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

    void Evex(byte map, Prefix prefix, byte opcode, int vector, int second, Place at, int unit = 64, bool wide = false)
    {
        EvexPrefix(map, prefix, vector, second, x: (byte)(at.Index ?? 0) >> 3, b: (byte)at.Base >> 3, wide);
        _code.Add(opcode);
        Address((byte)vector, at, unit);
    }

    void EvexRegisters(byte map, Prefix prefix, byte opcode, int vector, int second, int operand, bool wide = false)
    {
        EvexPrefix(map, prefix, vector, second, x: operand >> 4, b: operand >> 3, wide);
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (vector & 7) << 3 | operand & 7));
    }

    // R, X, B, R', the map; W, the second source, 1, the prefix; no zeroing, 512 bits, no broadcast, V', no mask. Numbers are inverted.
    void EvexPrefix(byte map, Prefix prefix, int vector, int second, int x, int b, bool wide)
    {
        _code.Add(0x62);
        _code.Add((byte)((~vector >> 3 & 1) << 7 | (~x & 1) << 6 | (~b & 1) << 5 | (~vector >> 4 & 1) << 4 | map));
        _code.Add((byte)((wide ? 0x80 : 0) | (~second & 15) << 3 | 4 | (byte)prefix));
        _code.Add((byte)(0x40 | (~second >> 4 & 1) << 3));
    }

    void Address(byte register, GeneralRegister at, int offset)
    {
        _code.Add((byte)((offset == 0 ? 0x00 : 0x80) | (register & 7) << 3 | (byte)at & 7));
        if (offset != 0)
        {
            Number(offset);
        }
    }

    // With an index: a fourth in the place of a register, and a byte of the scale and both. The offset, where it is a multiple of the unit that
    // then takes 8 bits, is counted in units.
    void Address(byte register, Place at, int unit)
    {
        (int units, int rest) = Math.DivRem(at.Offset, unit);
        bool isByte = rest == 0 && units is >= sbyte.MinValue and <= sbyte.MaxValue;
        _code.Add((byte)((at.Offset == 0 ? 0x00 : isByte ? 0x40 : 0x80) | (register & 7) << 3 | (at.Index is null ? (byte)at.Base & 7 : 4)));
        if (at.Index is { } index)
        {
            _code.Add((byte)(int.Log2(at.Scale) << 6 | ((byte)index & 7) << 3 | (byte)at.Base & 7));
        }

        if (at.Offset != 0 && isByte)
        {
            _code.Add((byte)units);
        }
        else if (at.Offset != 0)
        {
            Number(at.Offset);
        }
    }

    void Number(int value)
    {
        CollectionsMarshal.SetCount(_code, _code.Count + sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(CollectionsMarshal.AsSpan(_code)[^sizeof(int)..], value);
    }

    /// <summary>Memory: base + index * scale, which is 1, 2, 4 or 8, + offset.</summary>
    internal readonly record struct Place(GeneralRegister Base, int Offset = 0, GeneralRegister? Index = null, int Scale = 1);

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
