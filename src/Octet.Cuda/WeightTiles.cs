using System.Buffers.Binary;
using Octet.Backends;

namespace Octet.Cuda;

/// <summary>Puts 16 rows of a layer into tiles, as <c>tiled_weights.cuh</c> has them. Several threads may do so at once.</summary>
/// <param name="tensor">The layer.</param>
/// <param name="format">Its tiles.</param>
/// <param name="refused">Codes that are refused, or none.</param>
sealed class WeightTiles(LinearTensor tensor, CudaFormat format, byte[] refused)
{
    const int LaneBytes = 16;
    const int Lanes = 4;
    const int LaneColumns = 8;
    const int Spans = WeightLayout.Group / CudaFormats.Span;
    const int HalfRows = CudaFormats.TileRows / 2;

    // Two codes of a byte, by its place in a word of eight, as the word's bits: of each pair of columns the first goes to the lower half.
    static readonly uint[] s_lowFirst = FourBitTable(highHalfFirst: false);
    static readonly uint[] s_highFirst = FourBitTable(highHalfFirst: true);

    readonly int _storedBytes = format.CodeBytes(tensor.Columns);
    readonly int _groups = WeightLayout.Groups(tensor.Columns);

    /// <summary>Bytes of 16 rows.</summary>
    internal int StripBytes { get; } = checked((int)WeightLayout.RowBytes(format, tensor.Columns));

    /// <summary>Fills the tiles of 16 rows from a multiple of 16 on.</summary>
    /// <exception cref="ModelException">A code is refused.</exception>
    internal void Fill(long firstRow, Span<byte> strip)
    {
        strip.Clear();
        byte[] codes = new byte[format.CodeBytes(_groups * WeightLayout.Group)];
        byte[] scales = new byte[format.TileBytes() == format.TileCodeBytes() || tensor.Scales is not { } grid ? 0 : (tensor.Columns + grid.BlockColumns - 1) / grid.BlockColumns];
        for (int row = 0; row < CudaFormats.TileRows && firstRow + row < tensor.Rows; row++)
        {
            long stored = tensor.FirstRow + ((firstRow + row) * tensor.RowStep);
            tensor.Tensor.Read(stored * _storedBytes, codes.AsSpan(0, _storedBytes));
            Check(codes.AsSpan(0, _storedBytes), firstRow + row);
            if (format.HasFourBits())
            {
                PutFourBits(codes, row, strip);
            }
            else
            {
                PutCodes(codes, row, strip);
            }

            if (scales.Length > 0)
            {
                tensor.Scales!.Codes!.Read(stored / tensor.Scales.BlockRows, scales);
                PutScales(scales, row, strip);
            }
        }
    }

    void Check(ReadOnlySpan<byte> codes, long row)
    {
        if (refused.Length > 0 && codes.IndexOfAny(refused) is >= 0 and int column)
        {
            throw WeightLoader.NotANumber(tensor, row, column);
        }
    }

    // A lane's word of a span has its 8 columns.
    void PutFourBits(ReadOnlySpan<byte> codes, int row, Span<byte> strip)
    {
        uint[] table = tensor.HighHalfFirst ? s_highFirst : s_lowFirst;
        for (int group = 0; group < _groups; group++)
        {
            Span<byte> lanes = strip.Slice((group * format.TileBytes()) + Place(row, loads: 1), Lanes * LaneBytes);
            ReadOnlySpan<byte> source = codes.Slice(group * WeightLayout.Group / 2, WeightLayout.Group / 2);
            for (int span = 0; span < Spans; span++)
            {
                for (int lane = 0; lane < Lanes; lane++)
                {
                    ReadOnlySpan<byte> four = source.Slice(((span * Lanes) + lane) * LaneColumns / 2, LaneColumns / 2);
                    uint word = table[four[0]] | table[256 + four[1]] | table[512 + four[2]] | table[768 + four[3]];
                    BinaryPrimitives.WriteUInt32LittleEndian(lanes[((lane * LaneBytes) + (span * sizeof(uint)))..], word);
                }
            }
        }
    }

    // A lane's load has its 8 columns of two spans, or of one in 16 bits.
    void PutCodes(ReadOnlySpan<byte> codes, int row, Span<byte> strip)
    {
        int piece = format.CodeBytes(LaneColumns);
        int loads = piece * Spans / LaneBytes;
        for (int group = 0; group < _groups; group++)
        {
            Span<byte> lanes = strip[((group * format.TileBytes()) + Place(row, loads))..];
            ReadOnlySpan<byte> source = codes[(group * format.CodeBytes(WeightLayout.Group))..];
            for (int span = 0; span < Spans; span++)
            {
                int load = span * loads / Spans;
                int inLoad = (span * piece) % LaneBytes;
                for (int lane = 0; lane < Lanes; lane++)
                {
                    source.Slice(((span * Lanes) + lane) * piece, piece).CopyTo(lanes[((load * HalfRows * Lanes * LaneBytes) + (lane * LaneBytes) + inLoad)..]);
                }
            }
        }
    }

    void PutScales(ReadOnlySpan<byte> scales, int row, Span<byte> strip)
    {
        int each = WeightLayout.Group / tensor.Scales!.BlockColumns;
        for (int i = 0; i < scales.Length; i++)
        {
            // Those of 16 columns: first all that are of a span's lower half.
            int place = i % each;
            place = each == Spans ? place : (place % 2 * Spans) + (place / 2);
            strip[(i / each * format.TileBytes()) + format.TileCodeBytes() + (row * each) + place] = scales[i];
        }
    }

    static int Place(int row, int loads) => ((row / HalfRows * loads * HalfRows) + (row % HalfRows)) * Lanes * LaneBytes;

    static uint[] FourBitTable(bool highHalfFirst)
    {
        (int Sign, int Magnitude)[] pairs = [(15, 9), (12, 6), (13, 0), (14, 3)];
        uint[] table = new uint[pairs.Length * 256];
        for (int i = 0; i < table.Length; i++)
        {
            (int sign, int magnitude) = pairs[i / 256];
            uint Bits(int code) => ((uint)(code >> 3) << sign) | ((uint)(code & 7) << magnitude);
            uint low = Bits(i & 15);
            uint high = Bits((i >> 4) & 15);
            table[i] = highHalfFirst ? high | (low << 16) : low | (high << 16);
        }

        return table;
    }
}
