using System.Globalization;
using System.Text.RegularExpressions;

namespace Octet.Cuda.Kernels;

/// <summary>What the text of a kernel says of how it is to be launched.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Waits">Whether it waits by itself for the launches before it, so that it may begin while those end.</param>
/// <param name="Registers">
/// Registers of a thread that it must begin with: where one warpgroup gives some to the others, these wait until there are so many, which would be for ever
/// with fewer. 0: any number will do.
/// </param>
sealed partial record KernelText(string Name, bool Waits, int Registers)
{
    const string Entry = ".entry ";
    const int WarpgroupThreads = 128;

    /// <summary>The kernels of a text of PTX.</summary>
    internal static IEnumerable<KernelText> All(string text)
        => text.Split(Entry).Skip(1).Select(kernel => new KernelText(
            kernel[..kernel.IndexOf('(')], kernel.Contains("griddepcontrol.wait;", StringComparison.Ordinal), EntryRegisters(kernel)));

    static int EntryRegisters(string kernel)
    {
        if (Number(Taken().Match(kernel)) is not { } taken || Number(Given().Match(kernel)) is not { } left || Number(Threads().Match(kernel)) is not { } threads)
        {
            return 0;
        }

        int sum = (left * WarpgroupThreads) + (taken * (threads - WarpgroupThreads));
        return (sum + threads - 1) / threads;
    }

    static int? Number(Match match) => match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"setmaxnreg\.inc\.sync\.aligned\.u32\s+(\d+)")]
    private static partial Regex Taken();

    [GeneratedRegex(@"setmaxnreg\.dec\.sync\.aligned\.u32\s+(\d+)")]
    private static partial Regex Given();

    [GeneratedRegex(@"\.maxntid\s+(\d+)")]
    private static partial Regex Threads();
}
