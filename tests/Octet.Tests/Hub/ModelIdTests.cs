namespace Octet.Tests.Hub;

public class ModelIdTests
{
    [Theory]
    [InlineData("org/name", "org/name", null)]
    [InlineData("gpt2", "gpt2", null)]
    [InlineData("Qwen/Qwen3-4B-Instruct-2507-FP8", "Qwen/Qwen3-4B-Instruct-2507-FP8", null)]
    [InlineData("org/name@v1.0", "org/name", "v1.0")]
    [InlineData("org/name@refs/pr/1", "org/name", "refs/pr/1")]
    [InlineData("_a/b_c.d-e@2439f60ef33a0d46d85da5001d52aeda5b00ce9f", "_a/b_c.d-e", "2439f60ef33a0d46d85da5001d52aeda5b00ce9f")]
    public void An_id_is_a_repository_and_perhaps_a_revision(string text, string repository, string? revision)
    {
        ModelId id = ModelId.Parse(text);

        Assert.Equal((repository, revision), (id.Repository, id.Revision));
        Assert.Equal(text, id.ToString());
    }

    // What is refused of names follows huggingface_hub's validate_repo_id, of revisions git's check-ref-format.
    [Theory]
    [InlineData("")]
    [InlineData("/name")]
    [InlineData("org/")]
    [InlineData("a/b/c")]
    [InlineData("./org")]
    [InlineData("../org")]
    [InlineData("org/..")]
    [InlineData("org/.name")]
    [InlineData("org/name.")]
    [InlineData("org/-name")]
    [InlineData("org--name")]
    [InlineData("org/na..me")]
    [InlineData("org/name.git")]
    [InlineData("org/na me")]
    [InlineData("org/name\n")]
    [InlineData("C:\\models")]
    [InlineData("org\\name")]
    [InlineData("орг/name")]
    [InlineData("org/name@")]
    [InlineData("org/name@..")]
    [InlineData("org/name@a/../../b")]
    [InlineData("org/name@/etc")]
    [InlineData("org/name@a//b")]
    [InlineData("org/name@a/.b")]
    [InlineData("org/name@main.lock")]
    [InlineData("org/name@a@b")]
    [InlineData("org/name@ma in")]
    public void Other_text_is_none(string text)
    {
        Assert.False(ModelId.TryParse(text, out ModelId? id));
        Assert.Null(id);
        Assert.Contains("expected org/name", Assert.Throws<FormatException>(() => ModelId.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_has_at_most_96_characters()
    {
        Assert.True(ModelId.TryParse("org/" + new string('a', 96), out _));
        Assert.False(ModelId.TryParse("org/" + new string('a', 97), out _));
    }
}
