using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class RerankTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/rerank";

    readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Documents_come_with_their_scores_the_best_first()
    {
        string[] documents = ["one", "a second one", "third"];
        using var model = Octet.Reranker.Load(TestModels.Reranker.Path);
        RankedDocument[] expected = [.. model.Rank("what?", documents).Take(2)];
        JsonObject answer = await _server.AskAsync(Path, """{"query":"what?","documents":["one",{"text":"a second one"},"third"],"top_n":2}""");
        JsonArray results = answer["results"]!.AsArray();
        Assert.Equal(expected.Select(document => document.Index), results.Select(result => (int)result!["index"]!));
        Assert.Equal(expected.Select(document => documents[document.Index]), results.Select(result => (string?)result!["document"]!["text"]));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Score, (float)results[i]!["relevance_score"]!, 1e-5f);
        }

        Assert.Equal(documents.Sum(document => model.Encode("what?", document).Length), (int)answer["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Documents_are_left_out_on_request()
        => Assert.False((await _server.AskAsync(Path, """{"query":"q","documents":["a"],"return_documents":false}"""))["results"]![0]!.AsObject().ContainsKey("document"));

    [Theory]
    [InlineData("query", """{"documents":["a"]}""")]
    [InlineData("documents", """{"query":"q","documents":[]}""")]
    [InlineData("documents[1]", """{"query":"q","documents":["a",1]}""")]
    [InlineData("documents[0].text", """{"query":"q","documents":[{}]}""")]
    [InlineData("top_n", """{"query":"q","documents":["a"],"top_n":0}""")]
    [InlineData("model", """{"query":"q","documents":["a"],"model":"embedder"}""")]
    public async Task What_cannot_be_done_is_refused_by_its_place(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Path, body, 400))["param"]);
}
