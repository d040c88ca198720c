using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Tests.Scheduling;

/// <summary>Draft models that cannot guess for a model are refused when it is opened, in one line that says why.</summary>
public sealed class DraftRefusalTests : IDisposable
{
    readonly TemporaryDirectory _model = new();
    readonly TemporaryDirectory _draft = new();

    public void Dispose()
    {
        _model.Dispose();
        _draft.Dispose();
    }

    static LanguageModelOptions With(string draft) => new() { Threads = 1, Speculation = Speculation.DraftModel, DraftModel = draft };

    ModelException Refused(SyntheticCheckpoint? model = null, SyntheticCheckpoint? draft = null)
    {
        (model ?? new()).Write(_model.Path);
        (draft ?? new()).Write(_draft.Path);
        return Assert.Throws<ModelException>(() => LanguageModel.Load(_model.Path, With(_draft.Path)));
    }

    [Fact]
    public void A_draft_model_is_given_with_its_kind_of_guesses_and_no_other()
    {
        new SyntheticCheckpoint().Write(_model.Path);
        foreach (LanguageModelOptions options in (LanguageModelOptions[])[
            new() { DraftModel = _draft.Path }, new() { Speculation = Speculation.DraftModel }, new() { Speculation = Speculation.PromptLookup, DraftModel = _draft.Path },
            With(_draft.Path) with { Deterministic = true }, With("")])
        {
            Assert.Contains(nameof(LanguageModelOptions.DraftModel), Assert.ThrowsAny<ArgumentException>(() => LanguageModel.Load(_model.Path, options)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Speculation.PromptLookup)]
    [InlineData(Speculation.DraftModel)]
    public void Guesses_are_refused_where_answers_are_to_be_the_same_bit_for_bit(Speculation speculation)
    {
        new SyntheticCheckpoint().Write(_model.Path);
        new SyntheticCheckpoint().Write(_draft.Path);
        LanguageModelOptions options = new() { Threads = 1, Speculation = speculation, DraftModel = speculation == Speculation.DraftModel ? _draft.Path : null, Deterministic = true };
        ArgumentException error = Assert.Throws<ArgumentException>(() => LanguageModel.Load(_model.Path, options));
        Assert.StartsWith($"Speculation is {speculation} and Deterministic is true, with which nothing is guessed: expected one of them", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_cannot_take_guesses_back_says_that_it_guesses_nothing()
    {
        FamilyCheckpoint.Write("qwen3_next", _model.Path);
        new SyntheticCheckpoint().Write(_draft.Path);
        using LanguageModel recurrent = LanguageModel.Load(_model.Path, new() { Threads = 1, Speculation = Speculation.PromptLookup });
        Assert.Contains($"{_model.Path} has recurrent layers, and cannot take wrong guesses back: nothing is guessed (Speculation.PromptLookup)", recurrent.Notices);
        using LanguageModel silent = LanguageModel.Load(_model.Path, new() { Threads = 1 });
        using LanguageModel guessing = LanguageModel.Load(_draft.Path, new() { Threads = 1, Speculation = Speculation.PromptLookup });
        Assert.DoesNotContain(silent.Notices.Concat(guessing.Notices), notice => notice.Contains("guess", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_no_model_is_said_of_the_draft_model()
    {
        new SyntheticCheckpoint().Write(_model.Path);
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(_model.Path, With(_draft.Path)));
        Assert.StartsWith($"the draft model: {_draft.Path}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_tokenizers_the_number_of_ids_must_be_the_same()
        => Assert.Contains("301 ids (vocab_size) where the draft model has 300", Refused(draft: new() { VocabSize = 300 }).Message, StringComparison.Ordinal);

    [Fact]
    public void Another_token_of_an_id_is_named()
    {
        string tiny = BuiltInModel.Path;
        foreach (string file in Directory.GetFiles(tiny))
        {
            File.Copy(file, System.IO.Path.Combine(_draft.Path, System.IO.Path.GetFileName(file)));
        }

        string path = System.IO.Path.Combine(_draft.Path, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        JsonObject words = tokenizer["model"]!["vocab"]!.AsObject();
        (string one, string two) = (words.First(word => (int)word.Value! == 33).Key, words.First(word => (int)word.Value! == 34).Key);
        (words[one], words[two]) = (34, 33);
        File.WriteAllText(path, tokenizer.ToJsonString());
        var error = Assert.Throws<ModelException>(() => LanguageModel.Load(tiny, With(_draft.Path)));
        Assert.Equal(ModelError.Unsupported, error.Error);
        Assert.Equal(_draft.Path, error.Path);
        Assert.Contains($"token 33 is '{two}', and '{one}' in {tiny}: expected a model with the same tokenizer", error.Message, StringComparison.Ordinal);

        (words[one], words[two]) = (33, 34);
        tokenizer["added_tokens"]!.AsArray().First(token => (int)token!["id"]! == 2002)!["special"] = false;
        File.WriteAllText(path, tokenizer.ToJsonString());
        error = Assert.Throws<ModelException>(() => LanguageModel.Load(tiny, With(_draft.Path)));
        Assert.Contains("token 2002 is '<|im_end|>', and the special token '<|im_end|>' in", error.Message, StringComparison.Ordinal);

        File.Delete(path);
        Assert.Contains("it has no tokenizer to compare", Assert.Throws<ModelException>(() => LanguageModel.Load(tiny, With(_draft.Path))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_draft_model_that_cannot_take_guesses_back_is_refused()
    {
        new SyntheticCheckpoint().Write(_model.Path);
        using var recurrent = new TemporaryDirectory();
        FamilyCheckpoint.Write("qwen3_next", recurrent.Path);
        Assert.Contains("has recurrent layers", Assert.Throws<ModelException>(() => LanguageModel.Load(_model.Path, With(recurrent.Path))).Message, StringComparison.Ordinal);
        Assert.Contains("has recurrent layers", Assert.Throws<ModelException>(() => LanguageModel.Load(recurrent.Path, With(_model.Path))).Message, StringComparison.Ordinal);
        Assert.Contains("has layers with a window", Refused(draft: new()
        {
            EditConfig = static config =>
            {
                config["use_sliding_window"] = true;
                config["sliding_window"] = 64;
                config["max_window_layers"] = 1;
            },
        }).Message, StringComparison.Ordinal);
        SyntheticCheckpoint stretched = new()
        {
            EditConfig = static config => config["rope_scaling"] = new JsonObject
            {
                ["type"] = "longrope",
                ["short_factor"] = new JsonArray([.. Enumerable.Repeat(1.0, 16).Select(factor => JsonValue.Create(factor))]),
                ["long_factor"] = new JsonArray([.. Enumerable.Repeat(2.0, 16).Select(factor => JsonValue.Create(factor))]),
                ["original_max_position_embeddings"] = 128,
            },
        };
        Assert.Contains("has LongRoPE", Refused(draft: stretched).Message, StringComparison.Ordinal);
        Assert.Contains("has LongRoPE", Refused(model: stretched).Message, StringComparison.Ordinal);
    }
}
