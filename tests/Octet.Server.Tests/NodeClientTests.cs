using System.Diagnostics;
using Octet.Testing;

namespace Octet.Server.Tests;

/// <summary>OpenAI's own client for JavaScript, as it is published: <c>npm install --ignore-scripts --prefix DIR openai@6.49.0</c>, and DIR in OCTET_NODE, as .ci/run does.</summary>
public class NodeClientTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    [Fact]
    public async Task The_client_for_JavaScript_finds_all_as_it_should_be()
    {
        string? packages = Environment.GetEnvironmentVariable("OCTET_NODE");
        if (packages is null || !Directory.Exists(Path.Combine(packages, "node_modules", "openai")))
        {
            Assert.Skip("OCTET_NODE names no folder with the npm package openai");
        }

        var start = new ProcessStartInfo("node", [Path.Combine(Fixtures.Repository, "tests", "Octet.Server.Tests", "openai-client.mjs"), packages, new Uri(fixture.Server.Url, "/v1").ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process node = Process.Start(start)!;
        Task<string> output = node.StandardOutput.ReadToEndAsync();
        string error = await node.StandardError.ReadToEndAsync();
        await node.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(50));
        Assert.True(node.ExitCode == 0, error);
        Assert.Equal("all as it should be", (await output).Trim());
    }
}
