// LLamaSharp's BatchedExecutor on this machine, as bench/serving.cs measures Octet: tokens a second of 1, 4, 16 and 64 conversations together.
//   dotnet run -c Release bench/peers/batched_executor.cs -- MODEL.gguf [threads]
// Every conversation has a prompt of 16 tokens of its own, not counted; then each step decodes one token of each, the likeliest.
#:package LLamaSharp@0.30.0
#:package LLamaSharp.Backend.Cpu@0.30.0
#:package System.Numerics.Tensors@10.0.15
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using LLama;
using LLama.Batched;
using LLama.Common;
using LLama.Native;

const int PromptTokens = 16, Tokens = 48, Rounds = 3;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length == 0)
{
    Console.Error.WriteLine("bench/peers/batched_executor.cs MODEL.gguf [threads]");
    return 2;
}

NativeLibraryConfig.All.WithLogCallback((_, _) => { });
int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
ModelParams Parameters(int streams) => new(args[0])
{
    ContextSize = (uint)(256 * streams), BatchSize = (uint)Math.Max(512, PromptTokens * streams), SeqMax = (uint)streams, Threads = threads, BatchThreads = threads, GpuLayerCount = 0,
};
using LLamaWeights model = LLamaWeights.LoadFromFile(Parameters(1));
var random = new Random(1);
Console.WriteLine("| streams | tokens/s | each |");
Console.WriteLine("|---:|---:|---:|");
foreach (int streams in (int[])[1, 4, 16, 64])
{
    List<double> rates = [];
    for (int round = 0; round < Rounds; round++)
    {
        using var executor = new BatchedExecutor(model, Parameters(streams));
        Conversation[] conversations = [.. Enumerable.Range(0, streams).Select(_ => executor.Create())];
        foreach (Conversation conversation in conversations)
        {
            conversation.Prompt(Enumerable.Range(0, PromptTokens).Select(_ => (LLamaToken)random.Next(1000, 100000)).ToList(), true);
        }

        await InferAsync(executor, conversations);
        long begun = Stopwatch.GetTimestamp();
        for (int i = 1; i < Tokens; i++)
        {
            await InferAsync(executor, conversations);
        }

        rates.Add(streams * (Tokens - 1) / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        foreach (Conversation conversation in conversations)
        {
            conversation.Dispose();
        }
    }

    double median = rates.Order().ElementAt(Rounds / 2);
    Console.WriteLine($"| {streams} | {median:0.0} | {median / streams:0.0} |");
}

return 0;

// A step of all of them, and the next token of each.
static async Task InferAsync(BatchedExecutor executor, Conversation[] conversations)
{
    while (executor.BatchedTokenCount > 0)
    {
        DecodeResult result = await executor.Infer();
        if (result != DecodeResult.Ok)
        {
            throw new InvalidOperationException($"LLamaSharp could not decode: {result}");
        }
    }

    foreach (Conversation conversation in conversations)
    {
        conversation.Prompt((LLamaToken)TensorPrimitives.IndexOfMax(conversation.Sample(0)));
    }
}
