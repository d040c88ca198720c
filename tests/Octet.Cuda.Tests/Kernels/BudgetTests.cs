using System.Diagnostics;
using System.Globalization;
using Octet.Testing;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// What kernels take of a multiprocessor when NVIDIA's assembler has made machine code of them, where it is here (<c>OCTET_PTXAS</c>, or <c>ptxas</c> in the path): at most
/// what a file says of each, and the machine instructions that it names. <c>OCTET_SLOW=1</c> assembles all of them, <c>OCTET_WRITE_BUDGETS=1</c> writes the file anew.
/// </summary>
public class BudgetTests
{
    // Instructions that a kernel of no budget for them must not have: registers that went to memory.
    static readonly string[] s_local = ["LDL", "STL"];

    static string Folder => Path.Combine(Fixtures.Repository, "src", "Octet.Cuda", "Kernels");

    static string File => Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "budgets.txt");

    [Fact]
    public void Kernels_take_no_more_than_their_budgets()
    {
        bool writes = Environment.GetEnvironmentVariable("OCTET_WRITE_BUDGETS") is "1";
        bool all = writes || Environment.GetEnvironmentVariable("OCTET_SLOW") is "1";
        string[] texts = all
            ? [.. Directory.GetFiles(Path.Combine(Folder, "Ptx"), "*.ptx").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : ["norm.sm_90a.ptx", "merge.sm_90a.ptx", "rotate.sm_80.ptx"];
        string? assembler = Assembler();
        Assert.SkipWhen(assembler is null, "ptxas is not here (OCTET_PTXAS, or in the path): registers and spills are not known");
        string[] found = [.. texts.Chunk((texts.Length + 1) / 2).AsParallel().SelectMany(share => Assemble(assembler!, share)).Order(StringComparer.Ordinal)];
        if (writes)
        {
            System.IO.File.WriteAllLines(File, ["kernel, target: registers; bytes of stack; of spills stored, loaded; of static shared memory; machine instructions that are there", .. found]);
        }

        Dictionary<string, Budget> budgets = System.IO.File.ReadLines(File).Skip(1).Select(Budget.Parse).ToDictionary(budget => budget.Kernel);
        Assert.NotEmpty(found);
        foreach (Budget taken in found.Select(Budget.Parse))
        {
            Assert.True(budgets.TryGetValue(taken.Kernel, out Budget? budget), $"{taken.Kernel} has no budget: OCTET_WRITE_BUDGETS=1 writes them anew");
            Assert.True(taken.Within(budget!), $"{taken.Kernel} takes {taken.Text}, its budget is {budget!.Text}");
        }

        if (all)
        {
            Assert.Empty(budgets.Keys.Except(found.Select(line => Budget.Parse(line).Kernel)));
        }
    }

    [Theory]
    [InlineData("k, sm_90a: 96; 0; 0, 0; 0; HMMA LDG.128", true)]
    [InlineData("k, sm_90a: 80; 0; 0, 0; 0; HMMA LDG.128 QGMMA", true)]
    [InlineData("k, sm_90a: 96; 0; 0, 0; 0; ?", true)]
    [InlineData("k, sm_90a: 97; 0; 0, 0; 0; HMMA LDG.128", false)]
    [InlineData("k, sm_90a: 96; 8; 0, 0; 0; HMMA LDG.128", false)]
    [InlineData("k, sm_90a: 96; 0; 4, 0; 0; HMMA LDG.128", false)]
    [InlineData("k, sm_90a: 96; 0; 0, 4; 0; HMMA LDG.128", false)]
    [InlineData("k, sm_90a: 96; 0; 0, 0; 16; HMMA LDG.128", false)]
    [InlineData("k, sm_90a: 96; 0; 0, 0; 0; HMMA", false)]
    [InlineData("k, sm_90a: 96; 0; 0, 0; 0; HMMA LDG.128 LDL", false)]
    public void More_than_a_budget_is_found(string taken, bool expected)
        => Assert.Equal(expected, Budget.Parse(taken).Within(Budget.Parse("k, sm_90a: 96; 0; 0, 0; 0; HMMA LDG.128")));

    static string? Assembler()
        => Environment.GetEnvironmentVariable("OCTET_PTXAS") ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "ptxas")).FirstOrDefault(System.IO.File.Exists);

    static string[] Assemble(string assembler, string[] texts)
    {
        var start = new ProcessStartInfo("sh", [Path.Combine(Folder, "assemble.sh"), .. texts]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OCTET_PTXAS"] = assembler;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    sealed record Budget(string Kernel, string Text, int[] Numbers, string[] Instructions)
    {
        // Without a disassembler it is not known which there are.
        bool IsDisassembled => Instructions is not ["?"];

        internal static Budget Parse(string line)
        {
            string[] halves = line.Split(": ");
            string[] fields = halves[1].Split(';', StringSplitOptions.TrimEntries);
            return new(halves[0], halves[1], [.. fields[..4].SelectMany(field => field.Split(", ")).Select(text => int.Parse(text, CultureInfo.InvariantCulture))], fields[4].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        internal bool Within(Budget budget)
            => Numbers.Zip(budget.Numbers).All(pair => pair.First <= pair.Second)
                && (!IsDisassembled || (budget.Instructions.Except(s_local).All(Instructions.Contains) && Instructions.Intersect(s_local).All(budget.Instructions.Contains)));
    }
}
