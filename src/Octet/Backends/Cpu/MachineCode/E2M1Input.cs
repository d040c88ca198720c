namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Tokens as <see cref="E2M1DotsCode"/> and <see cref="Avx2E2M1DotsCode"/> want them.</summary>
static unsafe class E2M1Input
{
    const int StepColumns = E2M1DotsCode.StepColumns;
    const int LaneColumns = 8;
    const int Lanes = StepColumns / LaneColumns;
    const int SquareColumns = 32;

    const int HalfColumns = 64;
    const int HalfVectors = 8;

    /// <summary>Whether rows of as many columns have a last step, and one before it.</summary>
    internal static bool Takes(int columns) => columns > StepColumns && columns % SquareColumns == 0;

    /// <summary>Steps of a row, the last one included.</summary>
    internal static int Steps(int columns) => (columns + StepColumns - 1) / StepColumns;

    /// <summary>Floats of a token.</summary>
    internal static int Stride(int columns) => Steps(columns) * StepColumns;

    /// <summary>
    /// Token <paramref name="token"/> of <paramref name="tokens"/>, in the order in which codes come. The last step ends with the last column; what it has in common with the one before is
    /// zeros there.
    /// </summary>
    /// <param name="x">The token, [columns].</param>
    /// <param name="columns">As <see cref="Takes"/> has them.</param>
    /// <param name="destination">Of all tokens.</param>
    /// <param name="token">From 0.</param>
    /// <param name="tokens">That are multiplied together.</param>
    /// <param name="vectorFloats">As of <see cref="E2M1DotsFunctions"/>.</param>
    internal static void Arrange(float* x, int columns, float* destination, int token, int tokens, int vectorFloats)
    {
        int before = (Steps(columns) - 1) * StepColumns;
        int common = before + StepColumns - columns;
        destination += token * vectorFloats;
        int apart = tokens * vectorFloats;
        for (int vector = 0; vector < StepColumns / vectorFloats; vector++)
        {
            // Of the last step all; what follows writes what is not in common.
            new Span<float>(destination + before * tokens + vector * apart, vectorFloats).Clear();
        }

        for (int column = 0; column < columns; column += SquareColumns, x += SquareColumns)
        {
            int at = column < before ? column : column + common;
            float* step = destination + at / StepColumns * StepColumns * tokens;
            if (vectorFloats == Lanes)
            {
                ArrangeLanes(x, step + at % StepColumns / LaneColumns, apart);
            }
            else
            {
                ArrangeHalf(x, step + at % StepColumns / HalfColumns * HalfVectors * apart + at % HalfColumns / SquareColumns * 4, apart);
            }
        }
    }

    // 512 bits: [column of a lane: 0, 4, 1, 5, 2, 6, 3, 7][token][lane].
    static void ArrangeLanes(float* x, float* lanes, int apart)
    {
        SquareTranspose.Four(x, LaneColumns, lanes, lanes + 2 * apart, lanes + 4 * apart, lanes + 6 * apart);
        lanes += apart;
        SquareTranspose.Four(x + LaneColumns / 2, LaneColumns, lanes, lanes + 2 * apart, lanes + 4 * apart, lanes + 6 * apart);
    }

    // 256 bits: [half of a step][even columns, odd ones][first 16 of 32, others][even pair, odd one][token][32 columns][pair].
    static void ArrangeHalf(float* x, float* lanes, int apart)
    {
        SquareTranspose.Four(x, 4, lanes, lanes + 4 * apart, lanes + apart, lanes + 5 * apart);
        lanes += 2 * apart;
        SquareTranspose.Four(x + SquareColumns / 2, 4, lanes, lanes + 4 * apart, lanes + apart, lanes + 5 * apart);
    }
}
