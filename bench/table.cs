// Prints the README's table: one row a model, from `octet bench --json`.
// From the repository's root, after a Release build: dotnet run bench/table.cs -- DIRECTORY [DIRECTORY ...]
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string tool = Path.Combine("artifacts", "bin", "Octet.Cli", "release", OperatingSystem.IsWindows() ? "octet.exe" : "octet");
if (args.Length == 0 || !File.Exists(tool))
{
    Console.Error.WriteLine($"usage: dotnet run bench/table.cs -- DIRECTORY [DIRECTORY ...], where {tool} is there (dotnet build -c Release)");
    return 2;
}

Console.WriteLine("| model | file | opens in | prefill 128, 512 (tokens/s) | decode (tokens/s) | of read bandwidth | peak memory / file |");
Console.WriteLine("|---|---|---|---|---|---|---|");
foreach (string model in args)
{
    var start = new ProcessStartInfo(tool, ["bench", model, "-p", "128,512", "-n", "64", "-r", "3", "--json"]) { RedirectStandardOutput = true };
    using Process process = Process.Start(start)!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    if (process.ExitCode != 0)
    {
        return process.ExitCode;
    }

    JsonNode json = JsonNode.Parse(output)!;
    double Rate(string name) => json["results"]!.AsArray().Single(result => (string)result!["name"]! == name)!["tokens_per_second"]!["median"]!.GetValue<double>();
    double file = Directory.GetFiles(model, "*.safetensors").Sum(path => new FileInfo(path).Length);
    double decode = Rate("tg64");
    double share = decode * json["bytes_per_token"]!.GetValue<double>() / json["bandwidth_bytes_per_second"]!.GetValue<double>();
    double memory = json["peak_rss_bytes"]!.GetValue<double>() / file;
    Console.WriteLine(
        $"| {Path.GetFileName(Path.TrimEndingDirectorySeparator(model))} | {file / 1e9:0.###} GB | {json["load_seconds"]!.GetValue<double>():0.00} s | {Rate("pp128"):0}, {Rate("pp512"):0} | {decode:0.0} | {share:0 %} | {memory:0.00} |");
}

return 0;
