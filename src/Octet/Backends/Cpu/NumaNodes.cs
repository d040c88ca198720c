using System.Globalization;

namespace Octet.Backends.Cpu;

/// <summary>
/// Which processors lie next to the same memory, as Linux tells it: <c>/sys/devices/system/node/node0/cpulist</c> and so on hold lists
/// such as <c>0-15,32-47</c>. Kernel documentation: ABI/stable/sysfs-devices-node, and "Parsing CPU lists" in core-api.
/// </summary>
static class NumaNodes
{
    internal const string Folder = "/sys/devices/system/node";

    // What the system can be asked about and bound to; a damaged list must not make a large one.
    const int MaxProcessors = 8192;

    /// <summary>The processors of each node that has any, in order of the nodes. Empty where the folder cannot be read or understood.</summary>
    internal static int[][] Read(string folder)
    {
        try
        {
            SortedDictionary<int, int[]> nodes = [];
            foreach (string node in Directory.GetDirectories(folder, "node*"))
            {
                if (int.TryParse(Path.GetFileName(node).AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    nodes[number] = Parse(File.ReadAllText(Path.Combine(node, "cpulist")).Trim());
                }
            }

            // Memory without processors, such as a card's, is a node too.
            return [.. nodes.Values.Where(processors => processors.Length > 0)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            // A container may hide the folder. Threads then run where the system puts them.
            return [];
        }
    }

    static int[] Parse(string list)
    {
        SortedSet<int> processors = [];
        foreach (string range in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            int first = Number(ends[0]);
            int last = Number(ends[^1]);
            if (ends.Length > 2 || last < first)
            {
                throw new FormatException();
            }

            processors.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return [.. processors];
    }

    static int Number(string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < MaxProcessors ? number : throw new FormatException();
}
