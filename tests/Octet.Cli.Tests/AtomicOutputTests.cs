using Octet.Cli.IO;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

public sealed class AtomicOutputTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_disk_that_is_full_is_told_with_the_name_that_was_given()
    {
        string path = Path.Combine(_directory.Path, "x.svg");
        string? temporary = null;

        CommandException error = Assert.Throws<CommandException>(() => AtomicOutput.Write(path, stream =>
        {
            temporary = ((FileStream)stream).Name;
            throw new IOException($"No space left on device : '{temporary}'");
        }));

        Assert.Equal($"cannot write {path}: No space left on device : '{path}'", error.Message);
        Assert.False(File.Exists(temporary));
    }

    [Theory]
    [InlineData("embed no-such-model --out no-such/x.npy a", "no-such/x.npy")]
    [InlineData("embed no-such-model --out no-such/x.safetensors a", "no-such/x.safetensors")]
    [InlineData("compare no-such-model no-such-model --text a --plot no-such/x.svg", "no-such/x.svg")]
    [InlineData("score no-such-model --text a --logits no-such/x.safetensors", "no-such/x.safetensors")]
    public void A_directory_that_is_not_there_is_told_before_a_model_is_opened(string arguments, string path)
        => AssertError(Run(arguments.Split(' ')), 1, $"cannot write {path}: there is no directory ", "no-such");

    [Fact]
    public void A_report_is_printed_though_its_chart_cannot_be_written()
    {
        using var model = new TestModel();
        string plot = Path.Combine(_directory.Path, new string('x', 300) + ".svg");

        ToolResult result = Run("compare", model.Path, model.Path, "--ids", "5,17,300", "--plot", plot);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(3, (int?)result.Json["positions"]);
        Assert.Contains($"cannot write {plot}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_matrix_that_cannot_be_written_is_told_with_the_name_that_was_given()
    {
        string path = Path.Combine(_directory.Path, "gone", "x.npy");

        Assert.Equal(
            $"cannot write {path}: there is no directory {Path.GetDirectoryName(path)}",
            Assert.Throws<CommandException>(() => MatrixFile.Write(path, "embeddings", [[1, 2]], 2, CancellationToken.None)).Message);
    }
}
