namespace PtxEmulator;

/// <summary>What one host thread counts of a launch.</summary>
sealed class LaunchCounters(int instructions)
{
    /// <summary>How often each instruction of the module was executed.</summary>
    public readonly long[] Instructions = new long[instructions];
    public long GlobalBytesRead;
    public long GlobalBytesWritten;
    public long GlobalSectors;
    public long SharedWavefronts;
    public long SharedConflicts;
    public long Barriers;
    public long LaunchWaits;
}
