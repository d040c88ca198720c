using System.Globalization;
using Octet.Testing;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// What the budgets say of kernels' registers. A block whose registers are more than a multiprocessor has cannot be launched (CUDA C++ Programming Guide, "Compute
/// capabilities": 64 K for a block; they are given out to warps, 8 of each lane at a time).
/// </summary>
static class RegisterBudgets
{
    const int RegistersOfBlock = 65536;

    static readonly Lazy<Dictionary<(string, string), int>> s_budgets = new(() => File
        .ReadLines(Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "budgets.txt"))
        .Skip(1)
        .Select(line => line.Split([", ", ": ", ";"], StringSplitOptions.None))
        .ToDictionary(fields => (fields[0], fields[1]), fields => int.Parse(fields[2], CultureInfo.InvariantCulture)));

    /// <summary>The registers of a thread; null for a kernel that has no budget.</summary>
    internal static int? Of(string kernel, string target) => s_budgets.Value.TryGetValue((kernel, target), out int registers) ? registers : null;

    /// <summary>Whether a block of so many threads can be launched.</summary>
    internal static bool Allow(string kernel, string target, int threads)
        => Of(kernel, target) is not { } registers || (registers + 7) / 8 * 8 * ((threads + 31) / 32 * 32) <= RegistersOfBlock;
}
