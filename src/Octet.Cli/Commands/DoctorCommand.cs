using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Cli.Diagnosis;
using Octet.Cli.IO;
using Octet.Cli.Measurement;
using Octet.Cuda.CublasLt;
using Octet.Cuda.Diagnosis;
using Octet.Cuda.Driver;

namespace Octet.Cli.Commands;

/// <summary><c>octet doctor</c>: what this machine can do, and whether the tool works on it. Exit code 1 where it does not.</summary>
sealed class DoctorCommand : Command
{
    readonly Option<bool> _gpu = new("--gpu") { Description = "The NVIDIA cards alone: driver, kernels, bandwidth, whether copies, FP8 codes, products and a short generation are as on the CPU, and advice where something is missing. Exit code 1 where no card can be used" };
    readonly Option<bool> _json = new("--json") { Description = $"One JSON object. Memory bandwidth: {MemoryBandwidth.Method}" };

    internal DoctorCommand()
        : base("doctor", "What this machine can do, and whether the tool works on it")
    {
        Options.Add(_gpu);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => parsed.GetValue(_gpu) ? Task.FromResult(RunGpu(parsed, cancellationToken)) : RunAsync(parsed, cancellationToken));
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        bool json = parsed.GetValue(_json);
        List<string> problems = [];
        string? forced = Environment.GetEnvironmentVariable("OCTET_CPU");
        string? chosen = null;
        try
        {
            chosen = CpuInfo.Chosen;
        }
        catch (ModelException error)
        {
            problems.Add(error.Message);
        }

        bool normalises = "e\u0301".Normalize(NormalizationForm.FormC) == "\u00e9";
        if (!normalises)
        {
            problems.Add("Unicode normalisation does nothing: install ICU (libicu), and do not set DOTNET_SYSTEM_GLOBALIZATION_INVARIANT");
        }

        string? answer = await AnswerAsync(problems, cancellationToken);
        int threads = Environment.ProcessorCount;
        double one = MemoryBandwidth.Measure(1, cancellationToken).Fastest;
        double all = threads == 1 ? one : MemoryBandwidth.Measure(threads, cancellationToken).Fastest;
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var gpu = CudaDiagnosis.Run(DriverProbe.Machine, MachineFacts.Read(), tries: false, model: null, cancellationToken);
        if (json)
        {
            JsonOutput.WriteLine(new JsonObject
            {
                ["version"] = VersionAction.Version,
                ["runtime"] = RuntimeInformation.FrameworkDescription,
                ["os"] = RuntimeInformation.OSDescription,
                ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
                ["instruction_sets"] = new JsonObject(CpuInfo.InstructionSets.Select(set => KeyValuePair.Create(set.Name, (JsonNode?)set.IsSupported))),
                ["instruction_sets_not_used"] = new JsonObject(CpuInfo.InstructionSets.Where(set => !set.IsSupported).Select(set => KeyValuePair.Create(set.Name, (JsonNode?)set.Refusal))),
                ["instruction_set"] = chosen,
                ["generated_decode"] = CpuInfo.GeneratedDecodeRefusal is null,
                ["generated_decode_refusal"] = CpuInfo.GeneratedDecodeRefusal,
                ["generated_vbmi_decode"] = CpuInfo.GeneratedVbmiDecodeRefusal is null,
                ["generated_vbmi_decode_refusal"] = CpuInfo.GeneratedVbmiDecodeRefusal,
                ["octet_cpu"] = forced,
                ["processors"] = threads,
                ["memory_bytes"] = memory,
                ["bandwidth_bytes_per_second"] = new JsonObject { ["one_thread"] = one, ["all_threads"] = all },
                ["unicode_normalisation"] = normalises,
                ["gpu"] = GpuReport.Json(gpu),
                ["built_in_model_answer"] = answer,
                ["ok"] = problems.Count == 0,
                ["problems"] = new JsonArray([.. problems.Select(problem => (JsonNode)problem)]),
            });
        }
        else
        {
            Standard.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                octet             {VersionAction.Version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}
                instruction sets  {string.Join(", ", CpuInfo.InstructionSets.Where(set => set.IsSupported).Select(set => set.Name))}
                not usable        {string.Join("; ", CpuInfo.InstructionSets.Where(set => !set.IsSupported).Select(set => $"{set.Name}: {set.Refusal}"))}
                chosen            {chosen ?? "none"}{(forced is null ? "" : $" (OCTET_CPU={forced})")}
                decode with avx2  {Decode(CpuInfo.GeneratedDecodeRefusal)}
                decode with vbmi  {Decode(CpuInfo.GeneratedVbmiDecodeRefusal)}
                processors        {threads}
                memory            {ByteCount.Text(memory)}
                memory bandwidth  {one / 1e9:0.0} GB/s with 1 thread, {all / 1e9:0.0} GB/s with {threads}
                Unicode           {(normalises ? "normalisation works" : "normalisation does not work")}
                GPU               {GpuReport.Summary(gpu)}
                built-in model    {(answer is null ? "does not answer" : "answers: " + answer)}
                """));
        }

        foreach (string problem in problems)
        {
            ErrorReport.WriteLine(problem);
        }

        return problems.Count == 0 ? 0 : 1;
    }

    int RunGpu(ParseResult parsed, CancellationToken cancellationToken)
    {
        var gpu = CudaDiagnosis.Run(DriverProbe.Machine, MachineFacts.Read(), tries: true, ModelPath.BuiltIn, cancellationToken, CublasLtProbe.Machine);
        if (parsed.GetValue(_json))
        {
            JsonOutput.WriteLine(new JsonObject { ["version"] = VersionAction.Version, ["gpu"] = GpuReport.Json(gpu), ["ok"] = gpu.Problem is null });
        }
        else
        {
            Standard.Output.Write(GpuReport.Text(gpu));
        }

        if (gpu.Problem is { } problem)
        {
            ErrorReport.WriteLine(problem);
            return 1;
        }

        return 0;
    }

    static string Decode(string? refusal) => refusal is null ? "generated code" : $"compiled code: {refusal}";

    static async Task<string?> AnswerAsync(List<string> problems, CancellationToken cancellationToken)
    {
        try
        {
            using LanguageModel model = LanguageModel.Load(ModelPath.Resolve(null));
            var answer = new StringBuilder();
            await foreach (GenerationUpdate update in model.GenerateAsync("Hello!", new GenerationOptions { MaxTokens = 32, Temperature = 0 }, cancellationToken))
            {
                answer.Append(update.Text);
            }

            if (!string.IsNullOrWhiteSpace(answer.ToString()))
            {
                return answer.ToString().ReplaceLineEndings(" ").Trim();
            }

            problems.Add("the built-in model gives an empty answer: the tool's files are damaged, build or install it again");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            problems.Add(ErrorReport.Describe(error));
        }

        return null;
    }
}
