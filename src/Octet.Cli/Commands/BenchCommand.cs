using System.CommandLine;
using Octet.Cli.IO;
using Octet.Cli.Measurement;
using Octet.Cli.Options;

namespace Octet.Cli.Commands;

/// <summary><c>octet bench</c>: speed of prefill and decode, and how near they come to what the machine can do. Needs no tokenizer.</summary>
sealed class BenchCommand : Command
{
    readonly Argument<string?> _path = ModelPath.Argument();
    readonly Option<int[]?> _prefill = Number.List("--prefill", "Prompt lengths to read at once: pp128, ...; 0 for none [default: 128,512]", 0, "-p");
    readonly Option<int[]?> _decode = Number.List("--decode", "Numbers of tokens to generate one at a time: tg64, ...; 0 for none [default: 64]", 0, "-n");
    readonly Option<int[]?> _depth = Number.List("--depth", "Decode also behind so many tokens: tg64@d4096, ...", 1, "-d");
    readonly Option<int[]?> _batch = Number.List("--batch", "Decode also so many sequences together, tokens of all of them counted: tg64@b16, ...", 1, "-b");
    readonly Option<int[]?> _streams = Number.List("--streams", "So many generations at once besides, as a server runs them, tokens of all of them counted: tg64@s16, ...", 1, "-s");
    readonly Option<string?> _shape = Choice.Create("--shape", $"In place of MODEL: random FP8 weights of a model's shape, made in the temporary directory and deleted afterwards (Qwen3: {string.Join(", ", ModelShape.Names)})", [.. ModelShape.Names]);
    readonly Option<int?> _repeat = Number.Integer("--repeat", "Clean measurements of each, after one that warms up; up to three times as many are tried [default: 3]", 1, 1000, "-r");
    readonly Option<bool> _json = new("--json") { Description = $"One JSON object. Memory bandwidth: {MemoryBandwidth.Method}. Arithmetic peak: {ArithmeticPeak.Method}" };
    readonly ModelOptions _model;
    readonly SpeculationOptions _speculation;

    internal BenchCommand()
        : base("bench", "Speed of prefill (pp) and decode (tg), load time, memory, and the share of the machine's own arithmetic peak and memory bandwidth, measured in the same run")
    {
        Arguments.Add(_path);
        Options.Add(_prefill);
        Options.Add(_decode);
        Options.Add(_depth);
        Options.Add(_batch);
        Options.Add(_streams);
        Options.Add(_shape);
        Options.Add(_repeat);
        _model = new ModelOptions(this);
        _speculation = new SpeculationOptions(this);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        LanguageModelOptions how = await _speculation.ReadAsync(parsed, _model.Read(parsed), static draft => Task.FromResult(ModelPath.Resolve(draft)));
        how = how with { MaxSequences = (Number.Given(parsed, _streams) ?? []).Append(how.MaxSequences).Max() };
        using RandomCheckpoint? made = ModelShape.Of(parsed.GetValue(_shape)) is { } shape ? Make(shape, parsed, cancellationToken) : null;
        using LanguageModel model = ModelOptions.Open(made?.Directory ?? parsed.GetValue(_path), how);
        using var speed = new ModelSpeed(model, cancellationToken);
        List<BenchTest> tests = Plan(parsed, model, speed);
        int repeat = parsed.GetValue(_repeat) ?? 3;
        int threads = _model.Threads(parsed);

        var ceilings = Ceilings.Of(model, threads, cancellationToken);

        // The buffer that the bandwidth is measured with is not the model's memory: where the peak cannot begin anew, it is measured at the end alone.
        long peak = PeakMemory.Bytes();
        bool peakBeginsAnew = PeakMemory.Reset();
        List<BenchResult> results = [];
        foreach (BenchTest test in tests)
        {
            void MeasureCeilings()
            {
                if (test.BytesPerToken is not null && peakBeginsAnew)
                {
                    ceilings.MeasureBandwidth();
                    PeakMemory.Reset();
                }

                if (test.FlopsPerToken is not null)
                {
                    ceilings.MeasureArithmetic();
                }
            }

            var repetitions = Repetitions.Measure(repeat, MeasureCeilings, () =>
            {
                double speed = test.Run();
                peak = Math.Max(peak, PeakMemory.Bytes());
                return speed;
            });
            results.Add(new BenchResult(test, repetitions, repetitions.Spread(repeat)));
        }

        ceilings.MeasureBandwidth();
        ceilings.MeasureArithmetic();

        // What was fetched from storage for this process, 0 where all was in the system's cache; what of the mapped files lies in huge pages now.
        var report = new BenchReport(model, results, peak, ProcessFigures.Bytes("io", "read_bytes:"), ProcessFigures.Bytes("smaps_rollup", "FilePmdMapped:"), ceilings);
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(report.ToJson());
        }
        else
        {
            report.Print();
        }

        return 0;
    }

    RandomCheckpoint Make(ModelShape shape, ParseResult parsed, CancellationToken cancellationToken)
        => parsed.GetValue(_path) is { } path
            ? throw new CommandException($"{path} and --shape {shape.Name} are two models: give one")
            : RandomCheckpoint.Make(shape, cancellationToken);

    List<BenchTest> Plan(ParseResult parsed, LanguageModel model, ModelSpeed speed)
    {
        int[] prefill = Number.Given(parsed, _prefill) ?? [.. ((int[])[128, 512]).Where(length => length <= model.ContextLength)];
        int[] decode = [.. (Number.Given(parsed, _decode) ?? [64]).Where(count => count > 0)];
        int[] depths = Number.Given(parsed, _depth) ?? [];
        int[] batches = Number.Given(parsed, _batch) ?? [];
        int[] streams = Number.Given(parsed, _streams) ?? [];
        foreach (long length in prefill.Select(length => (long)length).Concat(
            from count in decode from depth in depths.Append(ModelSpeed.ShortPrompt) select (long)depth + count))
        {
            if (length > model.ContextLength)
            {
                throw new CommandException($"{length} tokens do not fit into a context of {model.ContextLength}: choose a smaller -p, -n or -d");
            }
        }

        if (batches.DefaultIfEmpty().Max() > model.BatchCapacity)
        {
            throw new CommandException($"{batches.Max()} sequences do not fit into a step of {model.BatchCapacity}: choose a smaller -b or a larger --chunk");
        }

        return
        [
            .. prefill.Where(length => length > 0).Select(length => BenchTest.Prefill(model, speed, length)),
            .. decode.Select(count => BenchTest.Decode(model, speed, count, null)),
            .. from count in decode from depth in depths select BenchTest.Decode(model, speed, count, depth),
            .. from count in decode from sequences in batches select BenchTest.DecodeTogether(model, speed, count, sequences),
            .. from count in decode from together in streams select BenchTest.Streams(model, speed, count, together),
            .. from count in decode where model.Speculation != Speculation.None select BenchTest.Guessed(speed, count),
        ];
    }
}
