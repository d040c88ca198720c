using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed partial class ServeTests
{
    const string Ask = """{"messages":[{"role":"user","content":"What is E4M3?"}],"temperature":0}""";

    [Fact]
    public async Task The_tool_serves_the_built_in_model_until_it_is_asked_to_stop()
    {
        using Process tool = Start(["serve", "--port", "0"]);
        try
        {
            string line = (await tool.StandardOutput.ReadLineAsync())!;
            Match start = StartLine.Match(line);
            Assert.True(start.Success, line);
            using var client = new HttpClient { BaseAddress = new Uri(start.Groups[1].Value) };
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
            using HttpResponseMessage answer = await client.PostAsync("/v1/chat/completions", new StringContent(Ask, null, "application/json"));
            JsonNode json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Contains("448", (string?)json["choices"]![0]!["message"]!["content"], StringComparison.Ordinal);
            Assert.StartsWith("<!doctype html>", await client.GetStringAsync("/"), StringComparison.OrdinalIgnoreCase);

            if (!OperatingSystem.IsWindows())
            {
                Signal(tool, "TERM");
                await tool.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
                Assert.Equal(0, tool.ExitCode);
                string log = await tool.StandardError.ReadToEndAsync();
                Assert.Matches(@"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info POST /v1/chat/completions 200 octet-tiny \d+\+\d+ tokens \d+\.\d ms req_[0-9a-f]{32}$", log);
                Assert.Matches(@"^octet serve: stopped after 3 requests, \d+ tokens read, \d+ written\r?\n$", await tool.StandardOutput.ReadToEndAsync());
            }
        }
        finally
        {
            tool.Kill();
        }
    }

    [Fact]
    public async Task Keys_names_and_limits_are_those_of_the_options()
    {
        using Process tool = Start(["serve", $"mine={ModelPath.BuiltIn}", "--alias", "gpt-4o=mine", "--port", "0", "--max-body", "2000", "--log", "none", "--context", "512", "--max-sequences", "2"], ("OCTET_API_KEY", "secret"));
        try
        {
            string line = (await tool.StandardOutput.ReadLineAsync())!;
            Assert.Matches(@" mine \(context 512 tokens, cache up to [1-9]\d* tokens in [1-9]\d* pages, \d+(\.\d)? [KMG]iB, cpu ", line);
            using var client = new HttpClient { BaseAddress = new Uri(StartLine.Match(line).Groups[1].Value) };
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models")).StatusCode);
            client.DefaultRequestHeaders.Add("Authorization", "Bearer secret");
            JsonNode models = JsonNode.Parse(await client.GetStringAsync("/v1/models"))!;
            Assert.Equal(["mine", "gpt-4o"], models["data"]!.AsArray().Select(model => (string?)model!["id"]));
            using HttpResponseMessage large = await client.PostAsync("/v1/chat/completions", new StringContent(new string(' ', 3000), null, "application/json"));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        }
        finally
        {
            tool.Kill();
        }
    }

    [Fact]
    public void A_port_that_is_taken_is_an_error_of_one_line()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        AssertError(Run("serve", "--port", port.ToString(CultureInfo.InvariantCulture)), 1, $"127.0.0.1:{port}", "address already in use");
    }

    [Theory]
    [InlineData(1, "there is no file no-such.json", "--config", "no-such.json")]
    [InlineData(1, "two models are called 'octet-tiny'", "octet-tiny=BUILTIN", "octet-tiny=BUILTIN", "--port", "0")]
    [InlineData(1, "DefaultModel is 'x'; expected one of octet-tiny", "--default-model", "x", "--port", "0")]
    [InlineData(2, "--alias is 'a=b': expected ALIAS=NAME, the name being one of octet-tiny", "--alias", "a=b")]
    [InlineData(2, "--draft is 'x=y': expected NAME=MODEL, the name being one of octet-tiny", "--draft", "x=y")]
    [InlineData(2, "--draft is 'BUILTIN': expected NAME=MODEL, the name being one of a, b", "a=BUILTIN", "b=BUILTIN", "--draft", "BUILTIN")]
    [InlineData(2, "--deterministic and --draft: expected one of them", "--deterministic", "--draft", "BUILTIN")]
    [InlineData(2, "--deterministic and --prompt-lookup: expected one of them", "--deterministic", "--prompt-lookup")]
    [InlineData(2, "--urls and --host or --port: expected one of them", "--urls", "http://localhost:1", "--port", "1")]
    [InlineData(2, "--port is '70000': expected a whole number from 0 to 65535", "--port", "70000")]
    public void What_is_wrong_is_said_in_one_line(int code, string message, params string[] arguments)
        => AssertError(Run(["serve", .. arguments.Select(BuiltIn)]), code, BuiltIn(message));

    [Fact]
    public void A_model_that_cannot_be_opened_ends_the_tool()
    {
        string directory = Directory.CreateTempSubdirectory("octet-test-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "config.json"), "{}");
            AssertError(Run("serve", directory, "--port", "0"), 1, directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    static string BuiltIn(string text) => text.Replace("BUILTIN", ModelPath.BuiltIn, StringComparison.Ordinal);

    static void Signal(Process process, string name)
    {
        using var kill = Process.Start("kill", ["-s", name, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    [GeneratedRegex(@"^octet serve: (http://127\.0\.0\.1:\d+) \S+ \(context \d+ tokens, cache up to \d+ tokens in \d+ pages, [\d.]+ [KMGT]?i?B, cpu .*\)$")]
    static partial Regex StartLine { get; }
}
