using Octet.Cli.Plots;

namespace Octet.Measurements.Plots;

/// <summary>
/// Decode on a machine that exists on paper here: two sockets, each of 32 cores and 8 channels of DDR5-4800. A token takes
/// bytes / bandwidth + regions * barrier. docs/performance.md derives it and says which numbers are assumed.
/// </summary>
static class TwoNodeMachine
{
    const int NodeCores = 32;

    // GB/s. A node reads four fifths of 8 x 38.4; three links of 48 carry three quarters of it each way; a core reads less over them.
    const double NodeBandwidth = 0.8 * 8 * 38.4;
    const double Link = 0.75 * 3 * 48;
    const double CoreLocal = 13;
    const double CoreRemote = 8;

    // Seconds: what the release of a region takes, and each arrival at its end, at a counter of the own node and of the other.
    const double Release = 0.5e-6;
    const double ArrivalLocal = 0.04e-6;
    const double ArrivalRemote = 0.12e-6;

    // Six parallel regions a layer and one for the output layer.
    static readonly Shape s_small = new("0.6B", 0.752, 28 * 6 + 1);
    static readonly Shape s_large = new("4B", 4.41, 36 * 6 + 1);
    static readonly double[] s_ticks = [1, 8, 16, 24, 32, 40, 48, 56, 64];
    static readonly int[] s_cores = [.. Enumerable.Range(1, 2 * NodeCores)];

    internal static LineChart Decode()
    {
        Series[] lines =
        [
            Line("weights split by node", cores => 1 / Seconds(s_large, cores, SplitByNode, TwoLevelBarrier)),
            Line("pages interleaved", cores => 1 / Seconds(s_large, cores, Interleaved, TwoLevelBarrier)),
            Line("all pages on one node", cores => 1 / Seconds(s_large, cores, OneNode, TwoLevelBarrier)),
            Line("bandwidth, split by node", cores => SplitByNode(cores) / s_large.Gigabytes) with { Kind = SeriesKind.Bound },
        ];
        return Chart("Where the weights lie: decode of the 4B shape", "on paper: 2 x 32 cores, 2 x 8 channels DDR5-4800; cores of the first node first", lines);
    }

    internal static LineChart Barriers()
    {
        Series[] lines =
        [
            Line("0.6B, counter per node", cores => 1 / Seconds(s_small, cores, SplitByNode, TwoLevelBarrier)),
            Line("0.6B, one counter", cores => 1 / Seconds(s_small, cores, SplitByNode, FlatBarrier)),
            Line("4B, either", cores => 1 / Seconds(s_large, cores, SplitByNode, TwoLevelBarrier)),
            Line("0.6B, bandwidth alone", cores => SplitByNode(cores) / s_small.Gigabytes) with { Kind = SeriesKind.Bound },
        ];
        return Chart("Where barriers bite: decode, weights split by node", "on paper: 169 regions a token (0.6B), 217 (4B)", lines);
    }

    static double Seconds(Shape shape, int cores, Func<int, double> bandwidth, Func<int, double> barrier)
        => shape.Gigabytes / bandwidth(cores) + shape.Regions * barrier(cores);

    /// <summary>Every core reads its equal share from its own node; the node that finishes last counts.</summary>
    static double SplitByNode(int cores)
    {
        (int near, int far) = Nodes(cores);
        double Share(int count) => count == 0 ? 0 : (double)count / cores / Math.Min(count * CoreLocal, NodeBandwidth);
        return 1 / Math.Max(Share(near), Share(far));
    }

    /// <summary>Every core reads half of its share from each node.</summary>
    static double Interleaved(int cores)
    {
        (int near, int far) = Nodes(cores);
        double core = (0.5 / CoreLocal + 0.5 / CoreRemote) / cores;
        double crossing = 0.5 * Math.Max(near, far) / cores / Link;
        return 1 / Math.Max(Math.Max(core, 0.5 / NodeBandwidth), crossing);
    }

    /// <summary>One reader filled the page cache: everything lies on the first node.</summary>
    static double OneNode(int cores)
    {
        (_, int far) = Nodes(cores);
        double core = 1 / (cores * (far == 0 ? CoreLocal : CoreRemote));
        return 1 / Math.Max(Math.Max(core, 1 / NodeBandwidth), (double)far / cores / Link);
    }

    static double FlatBarrier(int cores)
    {
        (int near, int far) = Nodes(cores);
        return cores == 1 ? 0 : Release + near * ArrivalLocal + far * ArrivalRemote;
    }

    static double TwoLevelBarrier(int cores)
    {
        (int near, int far) = Nodes(cores);
        return cores == 1 ? 0 : Release + near * ArrivalLocal + (far == 0 ? 0 : 2 * ArrivalRemote);
    }

    static (int Near, int Far) Nodes(int cores) => (Math.Min(cores, NodeCores), Math.Max(0, cores - NodeCores));

    static Series Line(string name, Func<int, double> rate) => new(name, SeriesKind.Calculated, [.. s_cores.Select(cores => ((double)cores, rate(cores)))]);

    static LineChart Chart(string title, string subtitle, Series[] lines)
        => new(title, subtitle, Axis.Through("cores", s_ticks, false), Axis.FromZero("tokens per second", lines.SelectMany(line => line.Points).Max(point => point.Y)), lines);

    sealed record Shape(string Name, double Gigabytes, int Regions);
}
