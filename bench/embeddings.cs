// all-MiniLM-L6-v2 with Octet beside ONNX Runtime, both in float32, in one process: the same token ids, by turns, each busy
// for a moment, medians of pairs.
// "By processor time" is the ratio of what the processor spent on each, with one thread: it holds on a machine that others use too.
// The model's folder holds reference.onnx too.
//   dotnet run -c Release bench/embeddings.cs -- artifacts/models/all-MiniLM-L6-v2 [OTHER-MODEL...]
// Other models, such as quantised ones, are measured by Octet alone. ONNX Runtime pads a batch to its longest text and masks the rest.
#:project ../src/Octet/Octet.csproj
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false
#:property TieredPGO=false

using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Octet;
using InferenceSession = Microsoft.ML.OnnxRuntime.InferenceSession;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length == 0)
{
    Console.Error.WriteLine("bench/embeddings.cs MODEL [OTHER-MODEL...]");
    return 2;
}

int[] threadCounts = [1, 2];
InferenceSession[] sessions = [.. threadCounts.Select(threads => new InferenceSession(Path.Combine(args[0], "reference.onnx"), new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 }))];
EmbeddingModel[][] models = [.. args.Select(path => threadCounts.Select(threads => EmbeddingModel.Load(path, new() { Threads = threads })).ToArray())];
Console.WriteLine($"{OrtEnv.Instance().GetVersionString()}; {models[0][0].Device}; {Environment.ProcessorCount} processors");
var random = new Random(1);
int[] Sequence(int length) => [101, .. Enumerable.Range(0, length - 2).Select(_ => random.Next(1000, 30522)), 102];
(string Name, int[][] Texts)[] cases =
[
    ("1 x 8", [Sequence(8)]), ("1 x 16", [Sequence(16)]), ("1 x 32", [Sequence(32)]), ("1 x 128", [Sequence(128)]), ("1 x 256", [Sequence(256)]),
    ("64 x 16", [.. Enumerable.Range(0, 64).Select(_ => Sequence(16))]),
    ("64 of 8 to 71", [.. Enumerable.Range(0, 64).OrderBy(_ => random.Next()).Select(i => Sequence(8 + i))]),
    ("64 x 128", [.. Enumerable.Range(0, 64).Select(_ => Sequence(128))]),
];

Console.WriteLine($"| texts x tokens | threads | ONNX Runtime ms | {string.Join(" | ", args.Select(path => $"{Path.GetFileName(path.TrimEnd('/'))} ms | times | by processor time"))} |");
Console.WriteLine($"|---|---:|---:|{string.Concat(args.Select(_ => "---:|---:|---:|"))}");
foreach ((string name, int[][] texts) in cases)
{
    for (int t = 0; t < threadCounts.Length; t++)
    {
        List<(double Wall, double Processor)> theirs = [];
        List<(double Wall, double Processor)>[] ours = [.. args.Select(_ => new List<(double, double)>())];
        var clock = Stopwatch.StartNew();
        for (int round = -1; round < 5 || (clock.Elapsed.TotalSeconds < 3 && round < 500); round++)
        {
            (double, double) reference = Time(() => Reference(sessions[t], texts));
            for (int m = 0; m < models.Length; m++)
            {
                (double, double) own = Time(() => models[m][t].EmbedTokens(texts));
                if (round >= 0)
                {
                    ours[m].Add(own);
                }
            }

            if (round >= 0)
            {
                theirs.Add(reference);
            }
        }

        Console.WriteLine($"| {name} | {threadCounts[t]} | {Median(theirs.Select(time => time.Wall)):0.00} | {string.Join(" | ", ours.Select(own => Columns(theirs, own, threadCounts[t])))} |");
    }
}

return 0;

static string Columns(List<(double Wall, double Processor)> theirs, List<(double Wall, double Processor)> own, int threads)
{
    double wall = Median(theirs.Zip(own, (a, b) => a.Wall / b.Wall));
    string processor = threads > 1 ? "" : $"{Median(theirs.Zip(own, (a, b) => a.Processor / b.Processor)):0.00}";
    return $"{Median(own.Select(time => time.Wall)):0.00} | {wall:0.00} | {processor}";
}

static double Median(IEnumerable<double> values)
{
    double[] ordered = [.. values.Order()];
    return ordered[ordered.Length / 2];
}

static (double Wall, double Processor) Time(Action work)
{
    // ONNX Runtime's threads spin for some 50 ms after their last work, on a processor that the other would use.
    TimeSpan before;
    do
    {
        before = Environment.CpuUsage.TotalTime;
        Thread.Sleep(5);
    }
    while (Environment.CpuUsage.TotalTime - before > TimeSpan.FromMilliseconds(1));

    // A thread that has slept may be given the processor of the one that woke it, for milliseconds: what is timed has been running.
    long begun = Stopwatch.GetTimestamp();
    do
    {
        work();
    }
    while (Stopwatch.GetElapsedTime(begun).TotalMilliseconds < 30);

    int calls = 0;
    before = Environment.CpuUsage.TotalTime;
    begun = Stopwatch.GetTimestamp();
    do
    {
        work();
        calls++;
    }
    while (Stopwatch.GetElapsedTime(begun).TotalMilliseconds < 60);

    return (Stopwatch.GetElapsedTime(begun).TotalMilliseconds / calls, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / calls);
}

// Padded with id 0 and masked; the mean over the mask, divided by its length.
static float[][] Reference(InferenceSession session, int[][] batch)
{
    int count = batch.Length, length = batch.Max(ids => ids.Length);
    long[] ids = new long[count * length], mask = new long[count * length], types = new long[count * length];
    for (int i = 0; i < count; i++)
    {
        for (int j = 0; j < batch[i].Length; j++)
        {
            ids[(i * length) + j] = batch[i][j];
            mask[(i * length) + j] = 1;
        }
    }

    long[] shape = [count, length];
    using var idsValue = OrtValue.CreateTensorValueFromMemory(ids, shape);
    using var maskValue = OrtValue.CreateTensorValueFromMemory(mask, shape);
    using var typesValue = OrtValue.CreateTensorValueFromMemory(types, shape);
    using var run = new RunOptions();
    using var results = session.Run(run, ["input_ids", "attention_mask", "token_type_ids"], [idsValue, maskValue, typesValue], ["last_hidden_state"]);
    var hidden = results[0].GetTensorDataAsSpan<float>();
    int width = hidden.Length / (count * length);
    var embeddings = new float[count][];
    for (int i = 0; i < count; i++)
    {
        float[] sum = new float[width];
        for (int t = 0; t < batch[i].Length; t++)
        {
            var row = hidden.Slice(((i * length) + t) * width, width);
            System.Numerics.Tensors.TensorPrimitives.Add(sum, row, sum);
        }

        System.Numerics.Tensors.TensorPrimitives.Divide(sum, System.Numerics.Tensors.TensorPrimitives.Norm<float>(sum), sum);
        embeddings[i] = sum;
    }

    return embeddings;
}
