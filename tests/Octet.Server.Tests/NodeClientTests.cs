using System.Diagnostics;
using Octet.Testing;

namespace Octet.Server.Tests;

/// <summary>OpenAI's own client for JavaScript, as it is published: <c>npm install --prefix artifacts/node openai@6.49.0</c>, which .ci/run does.</summary>
public class NodeClientTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    [Fact]
    public async Task The_client_for_JavaScript_finds_all_as_it_should_be()
    {
        string packages = Path.Combine(Fixtures.Repository, "artifacts", "node");
        if (!Directory.Exists(Path.Combine(packages, "node_modules", "openai")))
        {
            Assert.Skip($"the npm package openai is not in {packages}");
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
