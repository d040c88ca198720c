using System.Reflection;
using System.Text.RegularExpressions;
using Octet.Cuda.Kernels;
using Octet.Testing;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// <c>OCTET_SLOW=1</c>, or <c>OCTET_MUTANTS</c> with some texts ("attend_wide.sm_90a merge.sm_80"): takes each instruction that orders something out of the kernels, one at a time, and runs the tests that have these kernels until one fails.
/// Those that nothing fails without stand in a file, each with its reason. Kernels of a source in which the same ones follow one another lack theirs together.
/// </summary>
public partial class MutantTests
{
    // Tests of kernels by themselves, and for kernels that have none those of whole models.
    static readonly Type[] s_single =
    [
        typeof(AttentionTests), typeof(ExpertTests), typeof(LatentTests), typeof(LinearTests), typeof(ManyTests), typeof(PlainTests), typeof(PrepareTests), typeof(RecurrentTests), typeof(RotateTests), typeof(RowTests), typeof(StreamTests), typeof(TiledExpertTests),
        typeof(TiledTests), typeof(WideTests), typeof(WideExpertTests), typeof(Sampling.ChoiceTests), typeof(Sampling.SamplerTests),
    ];

    static readonly Type[] s_whole = [typeof(Models.ModelTests), typeof(Models.LatentModelTests), typeof(Models.BatchTests), typeof(Models.DrawTests)];

    static readonly Lazy<TestUse[]> s_singleUses = new(() => Uses(s_single));
    static readonly Lazy<TestUse[]> s_wholeUses = new(() => Uses(s_whole));

    static string File => Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "mutants.txt");

    // What is for Ada alone, and of the others the oldest and the newest cards'.
    public static TheoryData<string, string> Texts => [.. KernelLibrary.Files.SelectMany(file => new[] { (file, "sm_80"), (file, "sm_90a"), (file, "sm_89") }).Where(text => SourceTests.HasText(text.file, text.Item2) && (text.Item2 != "sm_89" || !SourceTests.HasText(text.file, "sm_80")))];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Without_what_orders_it_a_kernel_fails(string file, string target)
    {
        string? only = Environment.GetEnvironmentVariable("OCTET_MUTANTS");
        Assert.SkipUnless(only is not null || Environment.GetEnvironmentVariable("OCTET_SLOW") is "1", "OCTET_SLOW=1 takes what orders kernels out of them, which takes half an hour; OCTET_MUTANTS names those of one text");
        Assert.SkipUnless(only is null || only.Split(' ').Contains($"{file}.{target}"), "others were asked for");
        string[] lines = KernelLibrary.Text(file, target).Split('\n');
        List<Site> sites = [.. Sites(lines)];
        TestCase[] tests = Tests(s_singleUses.Value, file, target);
        tests = tests.Length > 0 ? tests : Tests(s_wholeUses.Value, file, target);
        var alive = new List<string>();
        foreach (IGrouping<string, Site> site in sites.GroupBy(site => site.Name))
        {
            string[] without = [.. lines];
            foreach (Site each in site)
            {
                without[each.Line] = each.Instruction.StartsWith("mbarrier.try_wait", StringComparison.Ordinal) ? "setp.eq.u32 ended, 0, 0;" : "";
            }

            var mutant = new Mutant((file, target), string.Join('\n', without));
            if (!tests.Any(test => Fails(mutant, test)))
            {
                alive.Add($"{file}, {target}: {site.Key} ({site.Count()})");
            }
        }

        string[] known = [.. System.IO.File.ReadLines(File).Where(line => line.StartsWith($"{file}, {target}:", StringComparison.Ordinal)).Select(line => line[..(line.IndexOf(')') + 1)])];
        Assert.True(known.SequenceEqual(alive), $"these live, {sites.Count} sites in all:\n{string.Join('\n', alive)}\nand these were to live:\n{string.Join('\n', known)}");
    }

    /// <summary>The instructions that order something, each by its kernel's kind and its place among its like there.</summary>
    static IEnumerable<Site> Sites(string[] lines)
    {
        int[] starts = [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].Contains(".entry ", StringComparison.Ordinal)), lines.Length];
        var kinds = new Dictionary<string, string>();
        for (int i = 0; i + 1 < starts.Length; i++)
        {
            string kernel = EntryName().Match(lines[starts[i]]).Groups[1].Value;
            (int Line, string Name)[] found = [.. Enumerable.Range(starts[i], starts[i + 1] - starts[i]).Select(line => (line, Ordering().Match(lines[line]).Groups[1].Value)).Where(match => match.Value.Length > 0)];
            string shape = string.Join(' ', found.Select(match => match.Name));
            if (!kinds.TryGetValue(shape, out string? kind))
            {
                kinds.Add(shape, kind = kernel);
            }

            foreach (IGrouping<string, (int Line, string Name)> alike in found.GroupBy(match => match.Name))
            {
                foreach (((int line, string name), int place) in alike.Select((match, place) => (match, place)))
                {
                    yield return new Site(line, name, $"{kind} {name} {place}");
                }
            }
        }
    }

    /// <summary>The tests of some classes that have these kernels.</summary>
    static TestCase[] Tests(TestUse[] tests, string file, string target) => [.. tests.Where(each => each.Uses.Contains((file, target))).Select(each => each.Test)];

    /// <summary>What kernels tests have, quickest first.</summary>
    static TestUse[] Uses(Type[] classes)
    {
        var found = new List<(TestUse Use, TimeSpan Time)>();
        foreach (TestCase test in classes.SelectMany(Cases))
        {
            var nothing = new Mutant(null, "");
            var watch = System.Diagnostics.Stopwatch.StartNew();
            if (!Fails(nothing, test))
            {
                found.Add((new TestUse(test, [.. nothing.Used.Keys]), watch.Elapsed));
            }
        }

        return [.. found.OrderBy(each => each.Time).Select(each => each.Use)];
    }

    static IEnumerable<TestCase> Cases(Type type)
    {
        // Those that change a text themselves expect what goes wrong.
        foreach (MethodInfo method in type.GetMethods().Where(method => method.IsDefined(typeof(FactAttribute)) && !method.Name.EndsWith("found_out", StringComparison.Ordinal)))
        {
            if (!method.IsDefined(typeof(TheoryAttribute)))
            {
                yield return new TestCase(method, []);
            }

            foreach (InlineDataAttribute row in method.GetCustomAttributes<InlineDataAttribute>())
            {
                yield return new TestCase(method, row.Data);
            }

            foreach (MemberDataAttribute data in method.GetCustomAttributes<MemberDataAttribute>())
            {
                PropertyInfo property = (data.MemberType ?? type).GetProperty(data.MemberName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
                foreach (ITheoryDataRow row in (System.Collections.IEnumerable)property.GetValue(null)!)
                {
                    yield return new TestCase(method, row.GetData());
                }
            }
        }
    }

    static bool Fails(Mutant mutant, TestCase test)
    {
        bool failed = false;
        mutant.Run(() =>
        {
            object? instance = Activator.CreateInstance(test.Method.DeclaringType!);
            try
            {
                (test.Method.Invoke(instance, test.Arguments) as Task)?.GetAwaiter().GetResult();
            }
            catch (Exception error) when (error is TargetInvocationException or PtxEmulator.PtxException or Xunit.Sdk.XunitException)
            {
                failed = true;
            }
            finally
            {
                (instance as IDisposable)?.Dispose();
            }
        });
        return failed;
    }

    [GeneratedRegex(@"\.entry (\w+)\(")]
    private static partial Regex EntryName();

    [GeneratedRegex(@"^\s*(?:@!?%p\d+\s+)?((?:bar\.sync|bar\.warp\.sync|fence\.[\w.:]+|griddepcontrol\.wait|wgmma\.(?:fence|commit_group|wait_group)|cp\.async\.(?:commit_group|wait_group)|mbarrier\.(?:arrive\.shared|try_wait))[\w.:]*)")]
    private static partial Regex Ordering();

    readonly record struct Site(int Line, string Instruction, string Name);

    sealed record TestCase(MethodInfo Method, object?[] Arguments);

    sealed record TestUse(TestCase Test, HashSet<(string File, string Target)> Uses);
}
