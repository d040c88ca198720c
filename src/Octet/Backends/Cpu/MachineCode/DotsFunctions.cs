namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Generated loops of decode: one token times rows from four places, which are read at the same time.</summary>
abstract unsafe class DotsFunctions
{
    /// <summary>Places.</summary>
    internal const int Walks = 4;

    /// <summary>Whether a sum is still a vector, whose lanes are to be added.</summary>
    internal abstract bool LeavesLanes { get; }

    /// <summary>Columns of E4M3 codes that one scale may be for (<see cref="DotsRun.Scales"/>); 0: there can be no scales.</summary>
    internal virtual int ScaledColumns => 0;

    /// <summary>Tokens that <see cref="MultiplyTokens"/> takes; 0: there is no such function.</summary>
    internal virtual int MostTokens => 0;

    /// <summary>Places that <see cref="MultiplyTokens"/> reads so many tokens' rows from.</summary>
    internal static int WalksOf(int tokens) => tokens == 1 ? Walks : TokenDotsCode.Walks;

    /// <summary>
    /// E4M3 codes of two tokens and more, in steps of <see cref="ScaledColumns"/> with scales; or with <see cref="DotsRun.Powers"/>, then also of one; or bfloat16, in steps of 64. Inputs are
    /// [step][vector][token][lane]; sums are [walk], <see cref="DotsRun.WalkFloats"/> apart, [row][token], and products are added to what is there.
    /// </summary>
    internal virtual void MultiplyTokens(in DotsRun run) => throw new NotSupportedException();

    /// <summary>E4M3 codes, in steps of 64, or of <see cref="ScaledColumns"/> where there are scales.</summary>
    internal abstract void MultiplyE4M3(in DotsRun run);

    /// <summary>Bfloat16, in steps of 32 where vectors have 256 bits, of 64 where they have 512.</summary>
    internal abstract void MultiplyBFloat16(in DotsRun run);
}

/// <summary>Rows after one another from each of four places, times the same inputs or, from row to row, those that follow.</summary>
readonly unsafe struct DotsRun
{
    /// <summary>Where the rows of the first walk begin, the others' <see cref="Apart"/> bytes from one to the next.</summary>
    internal byte* First { get; init; }

    internal nint Apart { get; init; }

    /// <summary>Arranged inputs.</summary>
    internal float* Inputs { get; init; }

    /// <summary>[walk][most rows], of each a float or a vector.</summary>
    internal float* Sums { get; init; }

    /// <summary>Rows of each walk.</summary>
    internal int Rows { get; init; }

    /// <summary>Steps of a row, 1 or more.</summary>
    internal int Steps { get; init; }

    /// <summary>For <see cref="DotsFunctions.MultiplyTokens"/>: bytes to the next row from where a row's steps end.</summary>
    internal nint RowMove { get; init; }

    /// <summary>Bytes to the next row's inputs from where the inputs of a row end.</summary>
    internal nint InputMove { get; init; }

    /// <summary>[step][walk]: what the sum of a step's columns is multiplied with; null: nothing.</summary>
    internal float* Scales { get; init; }

    /// <summary>Instead of them [step][walk], of each the codes of four powers of two, the scales of 32 columns each; two bytes more are read.</summary>
    internal byte* Powers { get; init; }

    /// <summary>Whether <see cref="DotsFunctions.MultiplyTokens"/> is to multiply bfloat16.</summary>
    internal bool IsBFloat16 { get; init; }

    /// <summary>Tokens of <see cref="DotsFunctions.MultiplyTokens"/>.</summary>
    internal int Tokens { get; init; }

    /// <summary>Floats between the sums of two of its walks.</summary>
    internal static int WalkFloats(int tokens) => VbmiDotsBlock.WalksBytes / sizeof(float) / DotsFunctions.WalksOf(tokens);

    /// <summary>Bytes to the next row's scales from where those of a row end.</summary>
    internal nint ScaleMove { get; init; }
}
