using Octet.Cuda.Kernels;
using Octet.Tests.Reference;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>Random numbers for kernels, and what is expected of their results.</summary>
static class Values
{
    /// <summary>Shared memory of each warp that streams weights.</summary>
    internal const int RingBytes = 8192;

    internal static float[] Normal(int count, int seed, double spread = 1)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)(spread * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

    /// <summary>Rows of so many columns at a stride, zeros between.</summary>
    internal static float[] Rows(float[] values, int columns, int stride)
    {
        float[] rows = new float[values.Length / columns * stride];
        for (int row = 0; row < values.Length / columns; row++)
        {
            values.AsSpan(row * columns, columns).CopyTo(rows.AsSpan(row * stride));
        }

        return rows;
    }

    internal static float BFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    internal static ushort BFloatBits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(BFloat(value)) >> 16);

    /// <summary>Fails where two rows differ by more than so much of the largest expected magnitude.</summary>
    internal static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> found, double tolerance, string what)
    {
        Assert.Equal(expected.Length, found.Length);
        double largest = 1e-30;
        foreach (double value in expected)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * largest, $"{what}: [{i}] is {found[i]}, expected {expected[i]} within {tolerance} of {largest}");
        }
    }

    /// <summary>Where a kernel's operand of a column lies among the 128 of its group (prepare.cuh).</summary>
    internal static int Place(int column, InputOrder order)
    {
        (int half, int lane, int within) = (column / 64, column % 64 / 16, column % 16);
        return order switch
        {
            InputOrder.ForLanes => (((half * 2) + (within / 8)) * 32) + (lane * 8) + (within % 8),
            InputOrder.ForProducts => (((half * 4) + (within / 4)) * 16) + (within % 4 / 2 * 8) + (lane * 2) + (within % 2),
            _ => column,
        };
    }

    /// <summary>A preparation of so many rows, with memory for it that counts as unwritten but for the scales, as the backend keeps them.</summary>
    internal static Preparation Preparation(KernelCard card, InputForm form, int rows, int planes, int columns, bool isPermuted, bool isBFloat = false)
    {
        int groups = (columns + 127) / 128;
        int stride = ((rows * planes) + 127) / 128 * 128;
        return new Preparation
        {
            Planes = card.Allocate<ushort>((long)rows * planes * groups * 128),
            Scales = form == InputForm.BFloats ? 0 : card.Upload(new float[stride * groups]),
            Form = form,
            Count = planes,
            Order = isPermuted ? InputOrder.ForLanes : InputOrder.AsTheyAre,
            IsBFloat = isBFloat ? 1 : 0,
            ScaleStride = stride,
            Groups = groups,
            Bound = float.PositiveInfinity,
        };
    }

    /// <summary>What prepared rows stand for: [row][column], planes added up and scales multiplied in.</summary>
    internal static double[][] Meant(KernelCard card, in Preparation prepared, int rows, int columns)
    {
        bool isCodes = prepared.Order == InputOrder.AsCodes;
        int count = rows * prepared.Count * prepared.Groups * 128;
        byte[] codes = isCodes ? card.Read<byte>(prepared.Planes, count) : [];
        ushort[] planes = isCodes ? [] : card.Read<ushort>(prepared.Planes, count);
        float[]? scales = prepared.Scales == 0 ? null : card.Read<float>(prepared.Scales, prepared.ScaleStride * prepared.Groups);
        bool isBFloat = prepared.Form == InputForm.BFloats || prepared.IsBFloat != 0;
        double[][] meant = new double[rows][];
        for (int row = 0; row < rows; row++)
        {
            meant[row] = new double[columns];
            for (int column = 0; column < columns; column++)
            {
                for (int plane = 0; plane < prepared.Count; plane++)
                {
                    int at = (row * prepared.Count) + plane;
                    int place = (((at * prepared.Groups) + (column / 128)) * 128) + Place(column % 128, prepared.Order);
                    double value = isCodes
                        ? E4M3.Decode(codes[place])
                        : isBFloat ? BitConverter.UInt32BitsToSingle((uint)planes[place] << 16) : (double)BitConverter.UInt16BitsToHalf(planes[place]);
                    meant[row][column] += value * (scales is null ? 1 : scales[(column / 128 * prepared.ScaleStride) + at]);
                }
            }
        }

        return meant;
    }
}
