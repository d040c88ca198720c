using System.ClientModel;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Octet.Server.Catalog;
using Octet.Testing;
using OpenAI;
using OpenAI.Chat;

namespace Octet.Server.Tests;

/// <summary>The examples of docs/serving.md, run as they are printed.</summary>
public partial class DocumentationTests
{
    static readonly string s_page = File.ReadAllText(Path.Combine(Fixtures.Repository, "docs", "serving.md")).ReplaceLineEndings("\n");

    [Fact]
    public async Task The_command_with_curl_is_answered()
    {
        await using TestServer server = await TestServer.StartAsync();
        Match command = Curl.Match(s_page);
        Assert.Equal("/v1/chat/completions", command.Groups[1].Value);
        JsonObject answer = await server.AskAsync(command.Groups[1].Value, command.Groups[2].Value);
        Assert.Contains("448", (string?)answer["choices"]![0]!["message"]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_s_example_prints_the_answer()
    {
        await using TestServer server = await TestServer.StartAsync();
        string url = new Uri(server.Url, "/v1").ToString();
        var Console = new StringWriter();

        // <client>
        var client = new OpenAIClient(new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(url) });
        ChatCompletion answer = await client.GetChatClient("octet-tiny").CompleteChatAsync("What is E4M3?");
        Console.WriteLine(answer.Content[0].Text);

        // </client>
        Assert.Contains("448", Console.ToString(), StringComparison.Ordinal);
        Assert.Contains(Example("client").Replace("Uri(url)", "Uri(\"http://127.0.0.1:8000/v1\")", StringComparison.Ordinal), s_page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_serves()
    {
        Directory.SetCurrentDirectory(Fixtures.Repository);
        string[] args = ["--urls", "http://127.0.0.1:0"];

        // <program>
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        builder.Services.AddOctet(options => options.Models.Add(new ServedModel("octet-tiny", "models/octet-tiny")));
        WebApplication app = builder.Build();
        app.MapOctetOperations();
        app.MapOctetPage();
        app.MapOctet("/v1");
        await app.StartAsync();

        // </program>
        await app.Services.GetRequiredService<ModelCatalog>().Ready;
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Contains("octet-tiny", await client.GetStringAsync("/v1/models"), StringComparison.Ordinal);
        await app.DisposeAsync();
        Assert.Contains(Example("program").Replace("await app.StartAsync()", "app.Run()", StringComparison.Ordinal), s_page, StringComparison.Ordinal);
    }

    /// <summary>A path that is not in the table is not documented, and one that is must be there.</summary>
    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (Match row in Row.Matches(s_page))
        {
            using var request = new HttpRequestMessage(new HttpMethod(row.Groups[1].Value), row.Groups[2].Value);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            Assert.True((int)response.StatusCode is 200 or 415, $"{row.Value}: {(int)response.StatusCode}");
        }

        Assert.Equal(12, Row.Count(s_page));
    }

    static string Example(string region, [CallerFilePath] string path = "")
    {
        // A deterministic build does not know where it was built: the file is found from the repository instead.
        string[] lines = File.ReadAllText(Path.Combine(Fixtures.Repository, "tests", "Octet.Server.Tests", Path.GetFileName(path))).ReplaceLineEndings("\n").Split('\n');
        int start = Array.FindIndex(lines, line => line.Trim() == $"// <{region}>") + 1;
        int end = Array.FindIndex(lines, line => line.Trim() == $"// </{region}>") - 1;
        return string.Concat(lines[start..end].Select(line => line.Trim() + "\n"));
    }

    [GeneratedRegex(@"curl http://127\.0\.0\.1:8000(\S+) -H ""Content-Type: application/json"" \\\n  -d '(.*)'\n")]
    static partial Regex Curl { get; }

    [GeneratedRegex(@"(?m)^\| `(GET|POST) (/[^`{]*)`")]
    static partial Regex Row { get; }
}
