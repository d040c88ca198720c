using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class ModelPathTests : IDisposable
{
    readonly TestModel _model = new();
    readonly string _home = Directory.CreateTempSubdirectory("octet-test-").FullName;

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Theory]
    [InlineData("HF_HUB_CACHE", "")]
    [InlineData("HF_HOME", "hub")]
    public void An_id_is_found_in_the_Hugging_Face_cache(string variable, string folder)
    {
        string repository = Path.Combine(_home, folder, "models--org--tiny-model");
        string snapshot = Path.Combine(repository, "snapshots", "0123abcd");
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        Directory.CreateDirectory(snapshot);
        File.WriteAllText(Path.Combine(repository, "refs", "main"), "0123abcd");
        foreach (string file in Directory.GetFiles(_model.Path))
        {
            File.Copy(file, Path.Combine(snapshot, Path.GetFileName(file)));
        }

        ToolResult result = Run(["tokenize", "org/tiny-model"], """{"text":"A"}""", ("HF_HUB_CACHE", ""), (variable, _home));

        Assert.Equal("""{"ids":[65]}""" + "\n", result.Output);
    }

    [Fact]
    public void An_id_that_is_nowhere_is_told_with_the_places_looked_at()
        => AssertError(Run(["run", "org/absent", "hello"], null, ("HF_HUB_CACHE", _home)), 1, "org/absent", _home, "HF_HUB_OFFLINE");

    [Fact]
    public void A_path_with_letters_beyond_ASCII_works()
    {
        string path = Path.Combine(_home, "Модель 模型 é");
        Directory.CreateDirectory(path);
        File.Copy(Path.Combine(_model.Path, "tokenizer.json"), Path.Combine(path, "tokenizer.json"));

        ToolResult result = Run(["tokenize", path], """{"text":"A"}""");

        Assert.Equal("""{"ids":[65]}""" + "\n", result.Output);
    }

    [Theory]
    [InlineData("tokenizer.json", "is a file")]
    [InlineData("no/such/directory/here", "there is no directory")]
    public void What_is_no_directory_is_an_error(string name, string fragment)
        => AssertError(Run("run", Path.Combine(_model.Path, name), "hello"), 1, fragment, name);
}
