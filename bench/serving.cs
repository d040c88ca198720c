// Many generations at once on one model: tokens a second of 1, 4, 16 and 64 streams together, what a long prompt does to those beside it,
// what a prompt that begins as another did costs, and what an answer that is held to a form does.
//   dotnet run -c Release bench/serving.cs -- MODELDIR [streams|prompt|prefix|constraint]...
// bench/peers/llama_parallel.py gives llama.cpp's rates in the same shape.
#:project ../src/Octet/Octet.csproj
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false
#:property TieredPGO=false

using System.Diagnostics;
using System.Globalization;
using Octet;
using Octet.Constraints;

const int PromptTokens = 16, Tokens = 48, Rounds = 3, Bound = 1000;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length == 0)
{
    Console.Error.WriteLine("bench/serving.cs MODEL [streams|prompt|prefix|constraint]...");
    return 2;
}

using LanguageModel model = LanguageModel.Load(args[0], new() { StepLimit = TimeSpan.FromMilliseconds(Bound), Speculation = Environment.GetEnvironmentVariable("OCTET_BENCH_SPECULATION") == "1" ? Speculation.PromptLookup : Speculation.None });
Console.WriteLine($"{model.Device}; {Path.GetFileName(args[0].TrimEnd('/'))}");
var random = new Random(1);
int[] Prompt(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(1000, Math.Min(model.Config.VocabSize, 100000)))];
GenerationOptions Greedy(int tokens) => new() { IgnoreEos = true, MaxTokens = tokens, Temperature = 0, IgnoreGenerationConfig = true };
bool Wants(string part) => args.Length == 1 || args[1..].Contains(part);

// When each token came.
async Task<List<long>> Stream(int[] prompt, int tokens)
{
    List<long> times = [];
    await foreach (GenerationUpdate update in model.GenerateAsync(prompt, null, Greedy(tokens)))
    {
        times.Add(Stopwatch.GetTimestamp());
    }

    return times;
}

// Writes until it is stopped.
async Task WriteAsync(int[] prompt, List<long> times, CancellationToken stop)
{
    try
    {
        await foreach (GenerationUpdate update in model.GenerateAsync(prompt, null, Greedy(4000), stop))
        {
            times.Add(Stopwatch.GetTimestamp());
        }
    }
    catch (OperationCanceledException)
    {
    }
}

if (Wants("streams"))
{
    await Stream(Prompt(PromptTokens), 8);
    Console.WriteLine();
    Console.WriteLine("| streams | tokens/s | each | step without the model |");
    Console.WriteLine("|---:|---:|---:|---:|");
    foreach (int streams in (int[])[1, 4, 16, 64])
    {
        List<double> rates = [];
        EngineStatistics before = model.Statistics;
        for (int round = 0; round < Rounds; round++)
        {
            // From the moment when all write on, until they have written so many tokens each, taken together.
            using var stop = new CancellationTokenSource();
            List<long>[] times = [.. Enumerable.Range(0, streams).Select(_ => new List<long>())];
            Task[] writing = [.. times.Select(list => Task.Run(() => WriteAsync(Prompt(PromptTokens), list, stop.Token)))];
            while (times.Any(list => list.Count == 0))
            {
                await Task.Delay(5);
            }

            int begun = times.Sum(list => list.Count);
            while (times.Sum(list => list.Count) < begun + (Tokens * streams))
            {
                await Task.Delay(5);
            }

            await stop.CancelAsync();
            await Task.WhenAll(writing);
            long from = times.Max(list => list[0]), to = times.Min(list => list[^1]);
            rates.Add(times.Sum(list => list.Count(time => time > from && time <= to)) / Stopwatch.GetElapsedTime(from, to).TotalSeconds);
        }

        EngineStatistics after = model.Statistics;
        double share = 1 - ((after.ForwardTime - before.ForwardTime) / (after.StepTime - before.StepTime));
        Console.WriteLine($"| {streams} | {Median(rates):0.0} | {Median(rates) / streams:0.0} | {share:0.0 %} |");
    }
}

if (Wants("prompt"))
{
    const int Long = 8000, Beside = 8;
    using var stop = new CancellationTokenSource();
    List<long>[] times = [.. Enumerable.Range(0, Beside).Select(_ => new List<long>())];
    Task[] writing = [.. times.Select(list => Task.Run(() => WriteAsync(Prompt(PromptTokens), list, stop.Token)))];
    while (times.Any(list => list.Count < 8))
    {
        await Task.Delay(20);
    }

    long entered = Stopwatch.GetTimestamp();
    Task<List<long>> reading = Stream(Prompt(Long), 1);
    long read = model.Statistics.PromptTokens;
    while (await Task.WhenAny(reading, Task.Delay(10_000)) != reading)
    {
        Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(entered).TotalSeconds:0} s: {model.Statistics.PromptTokens - read} tokens of the prompt read, each stream has written {times[0].Count}");
    }

    List<long> first = await reading;
    await Task.Delay(3000);
    await stop.CancelAsync();
    await Task.WhenAll(writing);
    (long At, double Gap)[] all = [.. times.SelectMany(list => list.Zip(list.Skip(1), (a, b) => (At: b, Gap: Stopwatch.GetElapsedTime(a, b).TotalMilliseconds)))];
    double[] gaps = [.. all.Where(gap => gap.At > entered && gap.At <= first[0]).Select(gap => gap.Gap).Order()];
    double before = Median([.. all.Where(gap => gap.At <= entered).Select(gap => gap.Gap)]), after = Median([.. all.Where(gap => gap.At > first[0]).Select(gap => gap.Gap)]);
    Console.WriteLine();
    Console.WriteLine($"A prompt of {Long} tokens beside {Beside} streams: {Stopwatch.GetElapsedTime(entered, first[0]).TotalSeconds:0.0} s to its first token; between tokens of the others {gaps[gaps.Length / 2]:0} ms (median), {gaps[gaps.Length * 99 / 100]:0} ms (99 %), {gaps[^1]:0} ms (longest of {gaps.Length}); {before:0} ms before it came and {after:0} ms after it; the bound is {Bound} ms");
}

if (Wants("prefix"))
{
    List<double> cold = [], warm = [];
    for (int round = 0; round < Rounds; round++)
    {
        int[] shared = Prompt(1000);
        foreach (List<double> list in (List<double>[])[cold, warm])
        {
            long begun = Stopwatch.GetTimestamp();
            List<long> first = await Stream([.. shared, .. Prompt(8)], 1);
            list.Add(Stopwatch.GetElapsedTime(begun, first[0]).TotalMilliseconds);
        }
    }

    Console.WriteLine();
    Console.WriteLine($"First token behind 1000 tokens and 8 of its own: {Median(cold):0} ms, and {Median(warm):0} ms where the 1000 were read before: {Median(cold) / Median(warm):0.0} x");
}

if (Wants("constraint"))
{
    // An answer that is held to a form, and one of as many tokens that is not, in turns.
    (string Name, OutputConstraint? Constraint)[] forms =
    [
        ("free", null),
        ("expression", OutputConstraint.Regex("[a-z ,.]{2000,4000}")),
        ("schema", OutputConstraint.JsonSchema("""{"type":"array","minItems":200,"items":{"type":"object","properties":{"name":{"type":"string"},"count":{"type":"integer"},"kind":{"enum":["a","b"]}},"required":["name","count","kind"],"additionalProperties":false}}""")),
    ];
    List<double>[] rates = [.. forms.Select(_ => new List<double>())];
    for (int round = 0; round < 2 * Rounds; round++)
    {
        for (int i = 0; i < forms.Length; i++)
        {
            List<long> times = [];
            await foreach (GenerationUpdate update in model.GenerateAsync(Prompt(PromptTokens), null, Greedy(Tokens) with { Constraint = forms[i].Constraint }))
            {
                times.Add(Stopwatch.GetTimestamp());
            }

            rates[i].Add((times.Count - 1) / Stopwatch.GetElapsedTime(times[0], times[^1]).TotalSeconds);
        }
    }

    Console.WriteLine();
    Console.WriteLine("| form | tokens/s | of free |");
    Console.WriteLine("|---|---:|---:|");
    for (int i = 0; i < forms.Length; i++)
    {
        Console.WriteLine($"| {forms[i].Name} | {Median(rates[i]):0.0} | {Median(rates[i]) / Median(rates[0]):0.000} |");
    }
}

return 0;

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
