namespace Octet.Cli.Measurement;

/// <summary>
/// How fast memory was read in several passes, in bytes per second: the fastest pass is what the machine can do, the median one what it
/// did, beside whatever else ran on it.
/// </summary>
readonly record struct ReadRate(double Fastest, double Median);
