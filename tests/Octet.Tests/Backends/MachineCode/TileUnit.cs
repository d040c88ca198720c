using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Octet.Tests.Backends.MachineCode;

/// <summary>The eight tiles of AMX, palette 1: at most 16 rows of 64 bytes. What the manual makes an invalid instruction is an exception.</summary>
sealed class TileUnit
{
    readonly byte[] _data = new byte[8 * 1024];
    readonly int[] _rows = new int[8];
    readonly int[] _rowBytes = new int[8];

    internal bool IsConfigured { get; private set; }

    internal void Configure(ReadOnlySpan<byte> configuration)
    {
        Release();
        Assert.Equal(1, configuration[0]);
        Assert.Equal(0, configuration[1]);
        Assert.False(configuration[2..16].ContainsAnyExcept((byte)0) || configuration[32..48].ContainsAnyExcept((byte)0) || configuration[56..].ContainsAnyExcept((byte)0), "a reserved byte is set");
        for (int tile = 0; tile < 8; tile++)
        {
            _rowBytes[tile] = BinaryPrimitives.ReadUInt16LittleEndian(configuration[(16 + tile * 2)..]);
            _rows[tile] = configuration[48 + tile];
            Assert.InRange(_rowBytes[tile], 1, 64);
            Assert.InRange(_rows[tile], 1, 16);
        }

        IsConfigured = true;
    }

    internal void Release()
    {
        Array.Clear(_data);
        Array.Clear(_rows);
        Array.Clear(_rowBytes);
        IsConfigured = false;
    }

    internal int Rows(int tile) => _rows[tile];

    internal int RowBytes(int tile)
    {
        Assert.True(IsConfigured, "tiles are used before they are configured");
        return _rowBytes[tile];
    }

    internal Span<byte> Row(int tile, int row) => _data.AsSpan(tile * 1024 + row * 64, _rowBytes[tile]);

    internal void Zero(int tile)
    {
        Assert.True(IsConfigured, "tiles are used before they are configured");
        _data.AsSpan(tile * 1024, 1024).Clear();
    }

    // TDPBF16PS: the even and the odd products of a row are summed apart, then together, then added to what was there.
    internal void Multiply(int sums, int left, int right)
    {
        int columns = RowBytes(sums) / 4;
        int depth = _rowBytes[left] / 4;
        Assert.True(sums != left && sums != right && left != right, "TDPBF16PS takes three different tiles");
        Assert.True(_rows[sums] == _rows[left] && depth == _rows[right] && _rowBytes[sums] == _rowBytes[right], "TDPBF16PS takes tiles whose sizes fit");
        Span<float> even = stackalloc float[16];
        Span<float> odd = stackalloc float[16];
        for (int m = 0; m < _rows[sums]; m++)
        {
            even.Clear();
            odd.Clear();
            Span<uint> a = MemoryMarshal.Cast<byte, uint>(Row(left, m));
            for (int k = 0; k < depth; k++)
            {
                Span<uint> b = MemoryMarshal.Cast<byte, uint>(Row(right, k));
                float evenFactor = PairProduct.Even(a[k]);
                float oddFactor = PairProduct.Odd(a[k]);
                for (int n = 0; n < columns; n++)
                {
                    even[n] = PairProduct.MultiplyAdd(evenFactor, PairProduct.Even(b[n]), even[n]);
                    odd[n] = PairProduct.MultiplyAdd(oddFactor, PairProduct.Odd(b[n]), odd[n]);
                }
            }

            Span<float> to = MemoryMarshal.Cast<byte, float>(Row(sums, m));
            for (int n = 0; n < columns; n++)
            {
                to[n] = PairProduct.Add(to[n], PairProduct.Add(even[n], odd[n]));
            }
        }
    }
}
