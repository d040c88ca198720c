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
            SquareTranspose.Four(x, LaneColumns, lanes, lanes + 2 * apart, lanes + 4 * apart, lanes + 6 * apart);
            lanes += apart;
            SquareTranspose.Four(x + LaneColumns / 2, LaneColumns, lanes, lanes + 2 * apart, lanes + 4 * apart, lanes + 6 * apart);
        }
    }
}
