using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Octet.Numerics;

namespace Octet.Backends.Cpu;

/// <summary>
/// Codes that no kernel multiplies in place, row by row made into a format that kernels do multiply, without loss: all values of E2M1 are
/// E4M3's, all of E5M2 are float16's, all of the FNUZ formats are bfloat16's.
/// </summary>
abstract unsafe class RowExpansion
{
    internal abstract WeightFormat Format { get; }

    internal abstract int ElementBytes { get; }

    /// <summary>Stored bytes of a row of <paramref name="columns"/> codes.</summary>
    internal virtual long StoredBytes(int columns) => columns;

    /// <summary>One row.</summary>
    internal abstract void Expand(byte* stored, byte* destination, int columns);

    /// <summary>Rows that are columns of what is stored, a byte each, from one to the next of their elements <paramref name="step"/> bytes.</summary>
    /// <param name="stored">The first element of the first row.</param>
    /// <param name="step">Bytes.</param>
    /// <param name="destination">Rows one after the other.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Elements of each.</param>
    internal virtual void Turn(byte* stored, nint step, byte* destination, int rows, int columns) => throw new NotSupportedException();

    /// <summary>The same for codes that lie inputs first, which no kernel reads in place even where it reads their type.</summary>
    internal static RowExpansion? ForTransposed(DataType type) => type switch
    {
        DataType.Float8E4M3FN => s_e4m3,
        DataType.Float8E5M2 => s_wideE5m2,
        _ => For(type) as Table,
    };

    /// <summary>The expansion that codes of <paramref name="type"/> need; null where they need none, or are no codes.</summary>
    /// <param name="type">The type of the codes.</param>
    /// <param name="highHalfFirst">Whether the even column of two 4-bit codes is the upper half of their byte.</param>
    internal static RowExpansion? For(DataType type, bool highHalfFirst = false) => type switch
    {
        DataType.Float4E2M1FN => highHalfFirst ? s_e2m1HighFirst : s_e2m1,
        DataType.Float8E5M2 => s_e5m2,
        DataType.Float8E4M3FNUZ => s_e4m3Fnuz,
        DataType.Float8E5M2FNUZ => s_e5m2Fnuz,
        _ => null,
    };

    static readonly E2M1 s_e2m1 = new(highHalfFirst: false);
    static readonly E2M1 s_e2m1HighFirst = new(highHalfFirst: true);
    static readonly E5M2 s_e5m2 = new();
    static readonly Table s_wideE5m2 = Table.Of<Float8E5M2>();
    static readonly Table s_e4m3 = Table.Of<Float8E4M3FN>();
    static readonly Table s_e4m3Fnuz = Table.Of<Float8E4M3FNUZ>();
    static readonly Table s_e5m2Fnuz = Table.Of<Float8E5M2FNUZ>();

    /// <summary>Two codes in a byte, the even column below or above, to E4M3.</summary>
    sealed class E2M1(bool highHalfFirst) : RowExpansion
    {
        // s ee m to the E4M3 code of the same value: 0, 0.5, 1, 1.5, 2, 3, 4, 6, then their negatives.
        static Vector128<byte> Codes => Vector128.Create(0x00, 0x30, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C, 0x80, 0xB0, 0xB8, 0xBC, 0xC0, 0xC4, 0xC8, 0xCC).AsByte();

        internal override WeightFormat Format => WeightFormat.E4M3;

        internal override int ElementBytes => 1;

        internal override long StoredBytes(int columns) => columns / 2;

        internal override void Expand(byte* stored, byte* destination, int columns)
        {
            int bytes = columns / 2;
            int i = 0;
            for (; i + 16 <= bytes; i += 16)
            {
                Vector128<byte> pairs = Vector128.Load(stored + i);
                (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(highHalfFirst ? (pairs << 4) | (pairs >> 4) : pairs);
                Split(lower).Store(destination + 2 * i);
                Split(upper).Store(destination + 2 * i + 16);
            }

            for (; i < bytes; i++)
            {
                int upper = highHalfFirst ? 1 : 0;
                destination[2 * i + upper] = Codes[stored[i] & 15];
                destination[2 * i + 1 - upper] = Codes[stored[i] >> 4];
            }
        }

        // A byte in each 16-bit lane: its lower half stays, its upper half moves to the byte above.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<byte> Split(Vector128<ushort> pairs)
            => Vector128.Shuffle(Codes, ((pairs & Vector128.Create((ushort)0x000F)) | ((pairs & Vector128.Create((ushort)0x00F0)) << 4)).AsByte());
    }

    /// <summary>A float16 without its lower 8 bits.</summary>
    sealed class E5M2 : RowExpansion
    {
        internal override WeightFormat Format => WeightFormat.Float16;

        internal override int ElementBytes => 2;

        internal override void Expand(byte* stored, byte* destination, int columns)
        {
            ushort* halves = (ushort*)destination;
            int i = 0;
            for (; i + 16 <= columns; i += 16)
            {
                (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(Vector128.Load(stored + i));
                (lower << 8).Store(halves + i);
                (upper << 8).Store(halves + i + 8);
            }

            for (; i < columns; i++)
            {
                halves[i] = (ushort)(stored[i] << 8);
            }
        }
    }

    sealed class Table(ushort[] values) : RowExpansion
    {
        internal override WeightFormat Format => WeightFormat.BFloat16;

        internal override int ElementBytes => 2;

        internal static Table Of<T>()
            where T : unmanaged, ISmallFloat<T>
        {
            ushort[] values = new ushort[256];
            for (int code = 0; code < values.Length; code++)
            {
                byte bits = (byte)code;
                float value = float.CreateChecked(Unsafe.BitCast<byte, T>(bits));
                values[code] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
            }

            return new Table(values);
        }

        internal override void Expand(byte* stored, byte* destination, int columns)
        {
            ushort* output = (ushort*)destination;
            fixed (ushort* table = values)
            {
                for (int i = 0; i < columns; i++)
                {
                    output[i] = table[stored[i]];
                }
            }
        }

        internal override void Turn(byte* stored, nint step, byte* destination, int rows, int columns)
        {
            ushort* output = (ushort*)destination;
            int wholeRows = this == s_e4m3 ? rows - (rows % TransposedE4M3.Tile) : 0;
            int wholeColumns = columns - (columns % TransposedE4M3.Tile);

            // As many lines of the cache as stay in its first level while they are read once for every row.
            for (int left = 0; left < columns; left += TransposedE4M3.Tile)
            {
                bool isWhole = left < wholeColumns;
                for (int row = 0; isWhole && row < wholeRows; row += TransposedE4M3.Tile)
                {
                    TransposedE4M3.Turn(stored + (left * step) + row, step, output + ((nint)row * columns) + left, columns);
                }

                TurnOneByOne(stored, step, output, isWhole ? wholeRows : 0, rows, left, Math.Min(left + TransposedE4M3.Tile, columns), columns);
            }
        }

        void TurnOneByOne(byte* stored, nint step, ushort* output, int row, int rows, int left, int end, int columns)
        {
            fixed (ushort* table = values)
            {
                for (; row < rows; row++)
                {
                    byte* source = stored + (left * step) + row;
                    ushort* to = output + ((nint)row * columns);
                    for (int i = left; i < end; i++, source += step)
                    {
                        to[i] = table[*source];
                    }
                }
            }
        }
    }
}
