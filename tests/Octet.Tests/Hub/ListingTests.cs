using System.Text;

namespace Octet.Tests.Hub;

public class ListingTests
{
    const string Oid = "d7edf6bd2a681fb0175f7735299831ee1b22b812";
    const string Sha256 = "403450e234d65943a7dcf7e05a771ce3c92faa84dd07db4ac20f592037a1e4bd";

    [Fact]
    public void A_page_gives_small_files_by_git_hash_and_large_ones_by_SHA_256()
    {
        List<ModelFile> files = [];

        RepositoryListing.ReadPage("org/name", Bytes($$"""
            [{"type":"directory","oid":"{{Oid}}","size":0,"path":"onnx"},
             {"type":"file","oid":"{{Oid}}","size":519,"path":"config.json"},
             {"type":"file","oid":"{{Oid}}","size":135,"path":"model.safetensors","lfs":{"oid":"{{Sha256}}","size":548123560,"pointerSize":134},"xetHash":"x"}]
            """), files);

        Assert.Equal([new ModelFile("config.json", 519, Oid, null), new ModelFile("model.safetensors", 548123560, Oid, Sha256)], files);
        Assert.Equal([Oid, Sha256], files.Select(file => file.BlobName));
    }

    [Theory]
    [InlineData("../config.json")]
    [InlineData("a/../../config.json")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a\\\\b")]
    [InlineData("C:a")]
    [InlineData("a\\u0000b")]
    [InlineData("a\\nb")]
    public void A_name_that_leads_outside_is_refused(string path)
    {
        ModelHubException e = Assert.Throws<ModelHubException>(() => RepositoryListing.ReadPage(
            "org/name", Bytes($$"""[{"type":"file","oid":"{{Oid}}","size":1,"path":"{{path}}"}]"""), []));

        Assert.Equal(ModelHubError.UnsafeName, e.Error);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"type":"file","oid":"../../x","size":1,"path":"a"}]""")]
    [InlineData("""[{"type":"file","oid":"d7edf6bd2a681fb0175f7735299831ee1b22b812","size":-1,"path":"a"}]""")]
    [InlineData("""[{"type":"file","oid":"d7edf6bd2a681fb0175f7735299831ee1b22b812","size":1.5,"path":"a"}]""")]
    [InlineData("""[{"type":"file","oid":"d7edf6bd2a681fb0175f7735299831ee1b22b812","size":1,"path":"a","lfs":{"oid":"x","size":1}}]""")]
    [InlineData("""[{"type":"file","size":1,"path":"a"}]""")]
    public void A_page_of_another_form_is_an_error_of_the_server(string json)
        => Assert.Equal(ModelHubError.ServerError, Assert.Throws<ModelHubException>(() => RepositoryListing.ReadPage("org/name", Bytes(json), [])).Error);

    [Theory]
    [InlineData("<https://h/api/models/a/tree/c?cursor=Z%3D&limit=1>; rel=\"next\"", "https://h/api/models/a/tree/c?cursor=Z%3D&limit=1")]
    [InlineData("</b?cursor=2>; rel=next", "https://h/b?cursor=2")]
    [InlineData("<https://h/1>; rel=\"prev\", <https://h/3>; rel=\"next\"", "https://h/3")]
    [InlineData("<https://h/3>; title=\"a, b\"; rel=\"next last\"", "https://h/3")]
    [InlineData("<https://h/1>; rel=\"prev\"", null)]
    [InlineData("<https://h/1>; rel=\"nextish\"", null)]
    [InlineData("nonsense", null)]
    public void The_next_page_is_what_the_link_says(string link, string? expected)
        => Assert.Equal(expected, NextPage.Of(link, new Uri("https://h/api"))?.OriginalString is { } next ? new Uri(new Uri("https://h"), next).AbsoluteUri : null);

    [Fact]
    public void Needed_are_config_tokenizer_template_and_the_shards_of_the_index()
    {
        List<ModelFile> all = Files(
            ".gitattributes", "README.md", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "vocab.json",
            "merges.txt", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "consolidated.safetensors",
            "pytorch_model.bin", "tokenizer.model", "modeling_custom.py", "onnx/config.json", "original/model.safetensors",
            "additional_chat_templates/tool_use.jinja", "additional_chat_templates/deeper/x.jinja", "additional_chat_templates/notes.txt", "additional_chat_templates/a:b.jinja");

        IReadOnlyList<ModelFile> needed = NeededFiles.Select("org/name", all, Bytes(HandmadeCache.ShardedModel["model.safetensors.index.json"]));

        Assert.Equal(
            [
                "additional_chat_templates/tool_use.jinja", "chat_template.jinja", "config.json", "generation_config.json", "merges.txt", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
            ],
            needed.Select(file => file.Path));
    }

    [Fact]
    public void A_single_file_of_weights_comes_before_shards()
    {
        List<ModelFile> all = Files("model.safetensors.index.json", "model-00001-of-00001.safetensors", "model.safetensors", "config.json");

        Assert.Null(NeededFiles.Index(all));
        Assert.Equal(["config.json", "model.safetensors"], NeededFiles.Select("org/name", all, null).Select(file => file.Path));
    }

    [Theory]
    [InlineData("pickle", "config.json", "pytorch_model.bin")]
    [InlineData("pickle", "config.json", "sub/model.ckpt")]
    [InlineData("GGUF", "config.json", "model-q4.gguf")]
    [InlineData("neither model.safetensors nor", "config.json", "README.md")]
    [InlineData("neither model.safetensors nor", "config.json", "onnx/model.safetensors")]
    [InlineData("no config.json", "model.safetensors")]
    public void A_repository_without_a_model_says_why(string expected, params string[] names)
    {
        ModelHubException e = Assert.Throws<ModelHubException>(() => NeededFiles.Select("org/name", Files(names), null));

        Assert.Equal(ModelHubError.NotAModel, e.Error);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("org/name", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../model.safetensors", ModelHubError.UnsafeName)]
    [InlineData("sub/model.safetensors", ModelHubError.UnsafeName)]
    [InlineData("/model.safetensors", ModelHubError.UnsafeName)]
    [InlineData("..", ModelHubError.UnsafeName)]
    [InlineData("pytorch_model.bin", ModelHubError.NotAModel)]
    [InlineData("model-00003-of-00003.safetensors", ModelHubError.NotAModel)]
    public void An_index_that_names_what_is_no_shard_is_refused(string shard, ModelHubError error)
    {
        List<ModelFile> all = Files("config.json", "model.safetensors.index.json", "pytorch_model.bin", "sub/model.safetensors");

        ModelHubException e = Assert.Throws<ModelHubException>(() => NeededFiles.Select("org/name", all, Bytes($$$"""{"weight_map":{"a":"{{{shard}}}"}}""")));

        Assert.Equal(error, e.Error);
        Assert.Contains(shard, e.Message, StringComparison.Ordinal);
    }

    static List<ModelFile> Files(params string[] names) => [.. names.Select(name => new ModelFile(name, 1, Oid, null))];

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
