using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Tokens as <see cref="E2M1DotsCode"/> wants them.</summary>
static unsafe class E2M1Input
{
    const int StepColumns = E2M1DotsCode.StepColumns;
    const int LaneColumns = 8;
    const int Lanes = StepColumns / LaneColumns;
    const int SquareColumns = 32;

    /// <summary>Whether rows of as many columns have a last step, and one before it.</summary>
    internal static bool Takes(int columns) => columns > StepColumns && columns % SquareColumns == 0;

    /// <summary>Steps of a row, the last one included.</summary>
    internal static int Steps(int columns) => (columns + StepColumns - 1) / StepColumns;

    /// <summary>Floats of a token.</summary>
    internal static int Stride(int columns) => Steps(columns) * StepColumns;

    /// <summary>
    /// Token <paramref name="token"/> of <paramref name="tokens"/>: [step][column of a lane: 0, 4, 1, 5, 2, 6, 3, 7][token][lane]. The last step ends with the last column; what it
    /// has in common with the one before is zeros there.
    /// </summary>
    internal static void Arrange(float* x, int columns, float* destination, int token, int tokens)
    {
        int before = (Steps(columns) - 1) * StepColumns;
        int common = before + StepColumns - columns;
        int apart = tokens * Lanes;
        destination += token * Lanes;
        for (int vector = 0; vector < LaneColumns; vector++)
        {
            new Span<float>(destination + before * tokens + vector * apart, common / LaneColumns).Clear();
        }

        for (int column = 0; column < columns; column += SquareColumns, x += SquareColumns)
        {
            int at = column < before ? column : column + common;
            float* lanes = destination + at / StepColumns * StepColumns * tokens + at % StepColumns / LaneColumns;
            ArrangeSquare(x, lanes, apart);
            ArrangeSquare(x + LaneColumns / 2, lanes + apart, apart);
        }
    }

    // Four columns of four lanes, turned: every second vector.
    static void ArrangeSquare(float* x, float* lanes, int apart)
    {
        Vector128<float> a = Vector128.Load(x), b = Vector128.Load(x + LaneColumns), c = Vector128.Load(x + 2 * LaneColumns), d = Vector128.Load(x + 3 * LaneColumns);
        if (!Sse.IsSupported)
        {
            for (int i = 0; i < Vector128<float>.Count; i++)
            {
                Vector128.Create(a[i], b[i], c[i], d[i]).Store(lanes + 2 * i * apart);
            }

            return;
        }

        Vector128<float> low = Sse.UnpackLow(a, b), other = Sse.UnpackLow(c, d);
        Vector128<float> high = Sse.UnpackHigh(a, b), last = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(low, other).Store(lanes);
        Sse.MoveHighToLow(other, low).Store(lanes + 2 * apart);
        Sse.MoveLowToHigh(high, last).Store(lanes + 4 * apart);
        Sse.MoveHighToLow(last, high).Store(lanes + 6 * apart);
    }
}
