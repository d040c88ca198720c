using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

public class EmbeddingTests(TinyServer fixture) : IClassFixture<TinyServer>
{
    const string Path = "/v1/embeddings";

    readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("\"one\"", 1)]
    [InlineData("[\"one\",\"two words\"]", 2)]
    [InlineData("[256,111,110,101,257]", 1)]
    [InlineData("[[256,111,110,101,257],\"two words\"]", 2)]
    public async Task Vectors_are_the_library_s_in_the_order_of_the_input(string input, int count)
    {
        using var model = EmbeddingModel.Load(TestModels.Embedder.Path);
        float[][] expected = model.Embed(["one", "two words"]);
        JsonObject answer = await _server.AskAsync(Path, $$"""{"model":"embedder","input":{{input}}}""");
        Assert.Equal(("list", "embedder"), ((string?)answer["object"], (string?)answer["model"]));
        Assert.Equal(count, answer["data"]!.AsArray().Count);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(("embedding", i), ((string?)answer["data"]![i]!["object"], (int)answer["data"]![i]!["index"]!));
            AssertClose(expected[i], [.. answer["data"]![i]!["embedding"]!.AsArray().Select(value => (float)value!)]);
        }

        int tokens = model.Encode("one").Length + (count == 2 ? model.Encode("two words").Length : 0);
        Assert.Equal((tokens, tokens), ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["total_tokens"]!));
    }

    [Fact]
    public async Task Base64_holds_the_same_floats_little_endian()
    {
        using var model = EmbeddingModel.Load(TestModels.Embedder.Path);
        JsonObject answer = await _server.AskAsync(Path, """{"input":"one","encoding_format":"base64","dimensions":7}""");
        float[] vector = MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)answer["data"]![0]!["embedding"]!)).ToArray();
        AssertClose(model.Embed("one", new() { Dimensions = 7 }), vector);
    }

    [Theory]
    [InlineData("dimensions", """{"input":"x","dimensions":97}""")]
    [InlineData("dimensions", """{"input":"x","dimensions":0}""")]
    [InlineData("encoding_format", """{"input":"x","encoding_format":"hex"}""")]
    [InlineData("input", """{"input":{}}""")]
    [InlineData("input", "{}")]
    [InlineData("model", """{"input":"x","model":"octet-tiny"}""")]
    public async Task What_cannot_be_done_is_refused_by_its_place(string param, string body)
        => Assert.Equal(param, (string?)(await _server.RefusedAsync(Path, body, 400))["param"]);

    static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5f);
        }
    }
}
