namespace Octet.Scheduling;

/// <summary>How a <see cref="Scheduler"/> goes about.</summary>
/// <param name="Sequences">Those that are computed together, at most.</param>
/// <param name="Waiting">Requests that wait beside them, at most.</param>
/// <param name="Step">What a step is to take, at most, as long as somebody waits for its next token.</param>
/// <param name="KeepsPrefixes">Whether pages of finished sequences are kept for others.</param>
/// <param name="IsDeterministic">Whether each sequence is computed as if it were alone.</param>
/// <param name="Speculation">Whether more than one token of a sequence is tried in a step.</param>
sealed record SchedulerLimits(int Sequences, int Waiting, TimeSpan Step, bool KeepsPrefixes, bool IsDeterministic, Speculation Speculation);
