using System.Globalization;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>The list of models as clients of OpenAI's and of Anthropic's read it.</summary>
public sealed class ModelListTests : IAsyncLifetime
{
    TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(options =>
    {
        options.Models[0] = options.Models[0] with { Aliases = ["claude-a", "claude-b", "c"] };
    });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_model_has_what_both_kinds_of_clients_require()
    {
        JsonObject model = JsonNode.Parse(await _server.Client.GetStringAsync("/v1/models/claude-a"))!.AsObject();
        Assert.Equal(("claude-a", "model", "model", "claude-a"), ((string?)model["id"], (string?)model["object"], (string?)model["type"], (string?)model["display_name"]));
        Assert.Equal((long)model["created"]!, DateTimeOffset.Parse((string)model["created_at"]!, CultureInfo.InvariantCulture).ToUnixTimeSeconds());
        Assert.Equal(((int)model["max_model_len"]!, (int)model["max_model_len"]!), ((int)model["max_input_tokens"]!, (int)model["max_tokens"]!));
    }

    [Theory]
    [InlineData("", "octet-tiny claude-a claude-b c", false)]
    [InlineData("?limit=1000", "octet-tiny claude-a claude-b c", false)]
    [InlineData("?limit=2", "octet-tiny claude-a", true)]
    [InlineData("?limit=2&after_id=claude-a", "claude-b c", false)]
    [InlineData("?after_id=c", "", false)]
    [InlineData("?limit=1&before_id=claude-b", "claude-a", true)]
    [InlineData("?limit=2&before_id=claude-b", "octet-tiny claude-a", false)]
    [InlineData("?client_version=0.144.3", "octet-tiny claude-a claude-b c", false)]
    public async Task The_list_has_pages(string query, string names, bool hasMore)
    {
        JsonObject list = JsonNode.Parse(await _server.Client.GetStringAsync("/v1/models" + query))!.AsObject();
        string[] expected = names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected, list["data"]!.AsArray().Select(model => (string?)model!["id"]));
        Assert.Equal(query.Contains("client_version", StringComparison.Ordinal), list["models"] is JsonArray { Count: 0 });
        Assert.Equal((expected.FirstOrDefault(), expected.LastOrDefault(), hasMore), ((string?)list["first_id"], (string?)list["last_id"], (bool)list["has_more"]!));
    }

    [Theory]
    [InlineData("/v1/models?limit=0", 400)]
    [InlineData("/v1/models?limit=1001", 400)]
    [InlineData("/v1/models?after_id=x", 400)]
    [InlineData("/v1/models/x", 404)]
    [InlineData("/v1/files", 404)]
    public async Task A_client_of_Anthropic_s_is_refused_in_its_form(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("anthropic-version", "2023-06-01");
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((status, "error"), ((int)response.StatusCode, (string?)error["type"]));
        Assert.Equal(response.Headers.GetValues("request-id").Single(), (string?)error["request_id"]);
    }
}
