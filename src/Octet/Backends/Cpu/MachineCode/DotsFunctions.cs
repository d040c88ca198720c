namespace Octet.Backends.Cpu.MachineCode;

/// <summary>Generated loops of decode: one token times rows from several places, which are read at the same time.</summary>
abstract unsafe class DotsFunctions
{
    /// <summary>From how many places.</summary>
    internal abstract int Walks { get; }

    /// <summary>Whether a sum is still a vector, whose lanes are to be added.</summary>
    internal abstract bool LeavesLanes { get; }

    /// <summary>E4M3 codes, in steps of 64.</summary>
    internal abstract void MultiplyE4M3(in DotsRun run);

    /// <summary>Bfloat16, in steps of 32 where vectors have 256 bits, of 64 where they have 512.</summary>
    internal abstract void MultiplyBFloat16(in DotsRun run);
}

/// <summary>Rows after one another from each of several places, times the same inputs or, from row to row, those that follow.</summary>
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

    /// <summary>Bytes to the next row's inputs from where the inputs of a row end.</summary>
    internal nint InputMove { get; init; }
}
