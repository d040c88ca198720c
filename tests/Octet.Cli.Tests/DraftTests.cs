using System.Text.Json.Nodes;
using Octet.Tests.Reference;
using static Octet.Cli.Tests.OctetTool;

namespace Octet.Cli.Tests;

/// <summary><c>--draft</c> and <c>--prompt-lookup</c>: the answers of the model alone, and how good the guesses were.</summary>
public sealed class DraftTests : IDisposable
{
    static readonly string[] s_ask = ["hello hello hello", "--max-tokens", "40", "--ignore-eos", "--seed", "1"];

    readonly TestModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void An_answer_is_the_same_with_guesses_and_their_number_is_told()
    {
        JsonObject alone = Run(["run", _model.Path, .. s_ask, "--json"]).Json;
        Assert.Null(alone["guessed_tokens"]);
        foreach (string[] option in (string[][])[["--draft", _model.Path], ["--prompt-lookup"]])
        {
            JsonObject guessed = Run(["run", _model.Path, .. s_ask, "--json", .. option]).Json;
            Assert.Equal((string?)alone["text"], (string?)guessed["text"]);
            Assert.InRange((long)guessed["accepted_tokens"]!, 0, (long)guessed["guessed_tokens"]!);
        }

        Assert.Matches(@"(?m)^guesses      \d+ of \d+ tokens right$", Run(["run", _model.Path, .. s_ask, "--stats", "--draft", _model.Path]).Error);
    }

    [Fact]
    public void A_draft_model_with_other_tokens_is_refused_in_one_line()
        => AssertError(Run(["run", _model.Path, .. s_ask, "--draft", ModelPath.BuiltIn]), 1, $"the draft model {ModelPath.BuiltIn} writes other tokens: token 0 is ");

    [Fact]
    public void A_measurement_with_guesses_has_a_line_of_its_own()
    {
        JsonObject json = Run("bench", _model.Path, "-p", "1", "-n", "8", "-r", "1", "--threads", "1", "--json", "--draft", _model.Path).Json;
        Assert.Equal(["pp1", "tg8", "tg8@guess"], json["results"]!.AsArray().Select(entry => (string)entry!["name"]!));
        Assert.True((double)json["results"]![2]!["tokens_per_second"]!["median"]! > 0);
        Assert.InRange((long)json["accepted_tokens"]!, 0, (long)json["guessed_tokens"]!);
    }
}
