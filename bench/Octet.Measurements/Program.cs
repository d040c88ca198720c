using System.Globalization;
using Octet.Measurements;
using Octet.Measurements.Embeddings;
using Octet.Measurements.Hub;
using Octet.Measurements.Mixtures;
using Octet.Measurements.Peers;
using Octet.Measurements.Plots;
using Octet.Measurements.Quantization;
using Octet.Measurements.Tokenizers;

const string Usage = """
    octet-measurements peers [SHAPE...] [OPTION...]   Octet beside llama.cpp; shapes 0.6b (default) and 4b of Qwen3, and 4 layers of
                                                      the mixtures qwen3-30b-a3b and gpt-oss-20b
      --rounds N         every contender once a round [default: 3]
      --reps N           clean repetitions of each test in a round [default: 3]
      --threads N,N      [default: 1,2]
      --depth N          context behind which decode is measured again [default: 4096]
      --bf16             llama.cpp with BF16 weights too
      --cpu SET,SET      both sides also with less: vbmi or avx512 (llama.cpp without its matrix unit), avx2 (its AVX2 library)
      --tables-only      write the tables from the results that are there
    octet-measurements plots [--measure MODELDIR]     docs/plots from bench/results; --measure makes the results first
    octet-measurements quantization                   the tables of docs/quantization.md: what each scheme costs octet-tiny
    octet-measurements embeddings MODELDIR FIXTURES   the table and the chart of docs/embeddings.md: what each scheme costs all-MiniLM-L6-v2
    octet-measurements hub [OPTION...]                the table of docs/hub.md: downloads from a hub on the loopback
      --bytes N          of the model [default: 1000000000]
      --shards N         [default: 4]
      --kills N          pulls that are killed [default: 50]
      --seed N           of the moments [default: 1]
      --connections N    [default: 8]
    octet-measurements tokenizers FIXTURES PEER [ROUNDS] [NAME,NAME]
                                                      the table of docs/text.md: Octet's tokenizers beside the Rust library; FIXTURES holds the
                                                      files, PEER is where npm install --ignore-scripts @anush008/tokenizers@0.6.0 was run;
                                                      with names only those, and nothing is written
    octet-measurements mixture --out DIR [OPTION...]  a large checkpoint of random weights, to measure with octet bench
      --shape NAME       qwen3-30b-a3b (default), gpt-oss-20b, or deepseek-v3 (its attention and dense layers)
      --layers N         [default: 4]
      --vocabulary N     [default: 32768]
    """;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    switch (args)
    {
        case ["peers", .. var rest] when !rest.Contains("--help"):
            Comparison.Run(ComparisonOptions.Parse(rest), stop.Token);
            return 0;
        case ["plots"]:
            ScalingPlots.Write();
            return 0;
        case ["plots", "--measure", var model]:
            Scaling.Measure(model, stop.Token);
            ScalingPlots.Write();
            return 0;
        case ["quantization"]:
            SchemeTable.Write(stop.Token);
            return 0;
        case ["embeddings", var model, var fixtures]:
            EmbeddingTable.Write(model, fixtures, stop.Token);
            return 0;
        case ["tokenizers", .. var rest] when !rest.Contains("--help"):
            TokenizerComparison.Run(rest, stop.Token);
            return 0;
        case ["hub", .. var rest] when !rest.Contains("--help"):
            await HubDownloads.RunAsync(HubOptions.Parse(rest), stop.Token);
            return 0;
        case ["mixture", .. var rest] when !rest.Contains("--help"):
            SyntheticCheckpoint.Of(MixtureOptions.Parse(rest)).Write(stop.Token);
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return args is [_, .., "--help"] or ["--help"] ? 0 : 2;
    }
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception error) when (error is MeasurementException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return 1;
}
