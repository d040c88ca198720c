using System.Text.Json.Nodes;
using Octet.Numerics;
using Octet.Safetensors;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

/// <summary>What lies around an encoder: prompts, pooling, lengths, sizes, order, cancellation, and what is said of files that are not right.</summary>
public sealed class EmbeddingModelTests : IDisposable
{
    const int First = 256;
    const int Last = 257;

    readonly TemporaryDirectory _directory = new();
    readonly EncoderReference _reference;

    public EmbeddingModelTests()
    {
        new EncoderCheckpoint { VocabSize = 300, MaxPositions = 40 }.Write(Path);
        ByteTokenizer.Write(Path, ["<first>", "<last>"], "<first>", "<last>");
        _reference = new EncoderReference(Path);
    }

    string Path => _directory.Path;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_files_of_sentence_transformers_it_is_the_mean()
    {
        using var model = EmbeddingModel.Load(Path);
        Assert.Equal((96, 40, false), (model.Dimensions, model.MaxTokens, model.Normalizes));
        AssertClose(EncoderReference.Mean(States("abc")), model.Embed("abc"));
    }

    public static TheoryData<string, string> Poolings => new()
    {
        { "cls", """{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}""" },
        { "max", """{"pooling_mode_max_tokens":true}""" },
        { "mean", """{"pooling_mode":"mean"}""" },
        { "sqrt", """{"pooling_mode_mean_sqrt_len_tokens":true}""" },
        { "weighted", """{"pooling_mode_weightedmean_tokens":true}""" },
        { "last", """{"pooling_mode":"lasttoken"}""" },
        { "cls and mean", """{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true}""" },
    };

    [Theory]
    [MemberData(nameof(Poolings))]
    public void Pooling_is_what_the_files_say(string what, string config)
    {
        DecoderEmbeddingTests.WriteModules(Path, config, normalizes: false);
        using var model = EmbeddingModel.Load(Path);
        double[][] states = States("some text");
        double[] Each(Func<IEnumerable<double>, double> sum) => [.. Enumerable.Range(0, 96).Select(i => sum(states.Select(row => row[i])))];
        double[] expected = what switch
        {
            "cls" => states[0],
            "max" => Each(values => values.Max()),
            "sqrt" => Each(values => values.Sum() / Math.Sqrt(states.Length)),
            "weighted" => Each(values => values.Select((value, i) => value * (i + 1)).Sum() / (states.Length * (states.Length + 1) / 2)),
            "last" => states[^1],
            "cls and mean" => [.. states[0], .. EncoderReference.Mean(states)],
            _ => EncoderReference.Mean(states),
        };
        Assert.Equal(expected.Length, model.Dimensions);
        AssertClose(expected, model.Embed("some text"));
    }

    [Fact]
    public void Prompts_are_put_before_texts_by_their_names()
    {
        Write("config_sentence_transformers.json", """{"prompts":{"query":"ask: ","document":""},"default_prompt_name":"query"}""");
        using var model = EmbeddingModel.Load(Path);
        Assert.Equal("ask: ", model.Prompts["query"]);
        AssertClose(EncoderReference.Mean(States("ask: me")), model.Embed("me"));
        AssertClose(EncoderReference.Mean(States("me")), model.Embed("me", new() { PromptName = "document" }));
        AssertClose(EncoderReference.Mean(States("say me")), model.Embed("me", new() { Prompt = "say " }));
        Assert.Equal([First, 'a', 's', 'k', ':', ' ', 'm', 'e', Last], model.Encode("me"));
        ModelException error = Assert.Throws<ModelException>(() => model.Embed("me", new() { PromptName = "passage" }));
        Assert.Contains("has no prompt passage: expected one of query, document", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" me", "")]
    [InlineData("me \n", "")]
    [InlineData("me", " \n")]
    public void White_space_around_a_text_stays(string text, string prompt)
    {
        using var model = EmbeddingModel.Load(Path);
        Assert.Equal([First, .. (prompt + text).Select(letter => (int)letter), Last], model.Encode(text, new() { Prompt = prompt }));
    }

    [Fact]
    public void Letters_become_small_before_a_text_is_cut()
    {
        Write("sentence_bert_config.json", """{"max_seq_length":5,"do_lower_case":true}""");
        using var model = EmbeddingModel.Load(Path);
        Assert.Equal([First, ' ', 'a', 'b', Last], model.Encode(" ABCD"));
    }

    [Fact]
    public void A_prompt_may_be_left_out_of_the_mean()
    {
        DecoderEmbeddingTests.WriteModules(Path, """{"pooling_mode_mean_tokens":true,"include_prompt":false}""", normalizes: false);
        using var model = EmbeddingModel.Load(Path);

        // The first token stands before the prompt and is passed over with it.
        AssertClose(EncoderReference.Mean(States("ask: me")[6..]), model.Embed("me", new() { Prompt = "ask: " }));
    }

    [Fact]
    public void A_long_text_is_cut_and_keeps_its_last_token()
    {
        Write("sentence_bert_config.json", """{"max_seq_length":12,"do_lower_case":true}""");
        using var model = EmbeddingModel.Load(Path);
        Assert.Equal(12, model.MaxTokens);
        Assert.Equal([First, .. "abcdefghij".Select(letter => (int)letter), Last], model.Encode("ABCDEFGHIJKLMNOP"));
        using var longer = EmbeddingModel.Load(Path, new() { MaxTokens = 30 });
        Assert.Equal(18, longer.Encode("ABCDEFGHIJKLMNOP").Length);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(Path, new() { MaxTokens = 41 }));
        Assert.Contains("texts of 41 tokens are more than the model was made for: at most 40", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("max")]
    [InlineData("weightedmean")]
    public void A_prompt_that_leaves_no_token_to_count_is_told_apart_from_damaged_weights(string mode)
    {
        // Without a special token behind the text all that is left of it is the prompt.
        ByteTokenizer.Write(Path, ["<first>", "<last>"], "<first>", null);
        DecoderEmbeddingTests.WriteModules(Path, $$"""{"pooling_mode":"{{mode}}","include_prompt":false}""", normalizes: false);
        using var model = EmbeddingModel.Load(Path, new() { MaxTokens = 8 });
        ModelException error = Assert.Throws<ModelException>(() => model.Embed(["x", "me"], new() { Prompt = "a long prompt: " }));
        Assert.Equal(ModelError.InvalidInput, error.Error);
        Assert.Equal(
            "text 0 has 8 tokens, and all of them are the prompt's, which this model's pooling leaves out (include_prompt): expected a text behind a prompt of fewer than 8 tokens",
            error.Message);
        Assert.Contains("text 1 has 6 tokens, and all of them are the prompt's", Assert.Throws<ModelException>(() => model.Embed(["me", ""], new() { Prompt = "ask: " })).Message, StringComparison.Ordinal);
        Assert.All(model.Embed("me", new() { Prompt = "ask: " }), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Fewer_dimensions_are_the_first_ones_of_length_1_again()
    {
        DecoderEmbeddingTests.WriteModules(Path, """{"pooling_mode_mean_tokens":true}""");
        using var model = EmbeddingModel.Load(Path);
        double[] mean = EncoderReference.Mean(States("abc"));
        AssertClose(EncoderReference.Unit(mean), model.Embed("abc"));
        AssertClose(EncoderReference.Unit(mean[..32]), model.Embed("abc", new() { Dimensions = 32 }));
        AssertClose(mean[..32], model.Embed("abc", new() { Dimensions = 32, Normalize = false }));
        ModelException error = Assert.Throws<ModelException>(() => model.Embed("abc", new() { Dimensions = 97 }));
        Assert.Contains("vectors of 97 elements: expected 1 to 96", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(96, true)]
    public void A_dense_layer_behind_the_pooling_is_computed(int outputs, bool addsInput)
    {
        DecoderEmbeddingTests.WriteModules(Path, """{"pooling_mode_mean_tokens":true}""", normalizes: false);
        string modules = System.IO.Path.Combine(Path, "modules.json");
        JsonArray list = JsonNode.Parse(File.ReadAllText(modules))!.AsArray();
        list.Add(new JsonObject { ["idx"] = 2, ["name"] = "2", ["path"] = "2_Dense", ["type"] = "sentence_transformers.models.Dense" });
        File.WriteAllText(modules, list.ToJsonString());
        string dense = Directory.CreateDirectory(System.IO.Path.Combine(Path, "2_Dense")).FullName;
        File.WriteAllText(System.IO.Path.Combine(dense, "config.json"), $$"""{"in_features":96,"out_features":{{outputs}},"bias":true,"activation_function":"torch.nn.modules.activation.Tanh"{{(addsInput ? ",\"use_residual\":true" : "")}}}""");
        float[] weight = Values(outputs * 96, 37), residual = Values(outputs * 96, 41), bias = Values(outputs, 53);
        List<TensorSource> tensors = [TensorSource.Create<float>("linear.weight", [outputs, 96], weight), TensorSource.Create<float>("linear.bias", [outputs], bias)];
        if (addsInput && outputs != 96)
        {
            tensors.Add(TensorSource.Create<float>("residual.weight", [outputs, 96], residual));
        }

        SafetensorsWriter.Write(System.IO.Path.Combine(dense, "model.safetensors"), tensors);
        using var model = EmbeddingModel.Load(Path);
        double[] mean = EncoderReference.Mean(States("abc"));
        Assert.Equal(outputs, model.Dimensions);
        AssertClose([.. Enumerable.Range(0, outputs).Select(o => Math.Tanh(bias[o] + Product(weight, o)) + (!addsInput ? 0 : outputs == 96 ? mean[o] : Product(residual, o)))], model.Embed("abc"));

        static float[] Values(int count, int step) => [.. Enumerable.Range(0, count).Select(i => ((i * step % 100) - 50) / 300f)];

        double Product(float[] rows, int o) => mean.Select((value, i) => value * rows[(o * 96) + i]).Sum();
    }

    [Fact]
    public void Texts_stay_in_their_order_and_progress_is_told()
    {
        using var model = EmbeddingModel.Load(Path, new() { BatchTokens = 20 });
        string[] texts = ["a", "a longer text than others", "", "bcd", "efghij", "k"];
        List<int> told = [];
        float[][] together = model.Embed(texts, null, new Told(told));
        Assert.Equal(told.Order(), told);
        Assert.Equal(texts.Length, told[^1]);
        Assert.True(told.Count > 1);
        for (int i = 0; i < texts.Length; i++)
        {
            AssertClose(EncoderReference.Mean(States(texts[i])), together[i]);
        }

        Assert.Empty(model.Embed([]));
    }

    [Fact]
    public async Task A_cancelled_call_ends_and_the_model_goes_on()
    {
        using var model = EmbeddingModel.Load(Path, new() { BatchTokens = 8 });
        using var source = new CancellationTokenSource();
        string[] texts = [.. Enumerable.Repeat("abcdef", 50)];
        int most = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => model.Embed(texts, null, new Cancelling(source, count => most = count), source.Token), TestContext.Current.CancellationToken));
        Assert.InRange(most, 1, 49);
        AssertClose(EncoderReference.Mean(States("abc")), (await model.EmbedAsync(["abc"], cancellationToken: TestContext.Current.CancellationToken))[0]);
    }

    [Fact]
    public void Several_threads_take_turns()
    {
        using var model = EmbeddingModel.Load(Path, new() { Threads = 2, BatchTokens = 30 });
        string[] texts = ["abc", "defgh", "something else", "x"];
        float[][] expected = model.Embed(texts);
        Parallel.For(0, 8, _ => Assert.Equal(expected, model.Embed(texts)));
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        var model = EmbeddingModel.Load(Path);
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Embed("abc"));
    }

    [Fact]
    public void Tokens_that_cannot_be_are_refused()
    {
        using var model = EmbeddingModel.Load(Path);
        Assert.Contains("text 0 has 0 tokens: expected 1 to 40", Assert.Throws<ModelException>(() => model.EmbedTokens([[]])).Message, StringComparison.Ordinal);
        Assert.Contains("text 1 has 41 tokens: expected 1 to 40", Assert.Throws<ModelException>(() => model.EmbedTokens([[1], new int[41]])).Message, StringComparison.Ordinal);
        Assert.Contains("text 0 has the token id 300, which is outside the model's vocabulary: expected 0 to 299", Assert.Throws<ModelException>(() => model.EmbedTokens([[1, 300]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.Embed([null!]));
    }

    [Fact]
    public void Numbers_that_are_none_are_an_error_and_no_vector()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint
        {
            Edit = tensors =>
            {
                int at = tensors.FindIndex(tensor => tensor.Name == "encoder.layer.1.output.dense.bias");
                tensors[at] = TensorSource.Create<float>(tensors[at].Name, [96], Enumerable.Repeat(float.NaN, 96).ToArray());
            },
        }.Write(directory.Path);
        using var model = EmbeddingModel.Load(directory.Path);
        ModelException error = Assert.Throws<ModelException>(() => model.EmbedTokens([[1, 2]]));
        Assert.Equal(ModelError.Damaged, error.Error);
        Assert.Contains("numbers that are not finite for text 0", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> BrokenFiles => new()
    {
        { "modules.json", "[{\"type\":\"sentence_transformers.models.Transformer\",\"path\":\"\"}]", "modules.json names no module Pooling: a model of classes, or none of vectors" },
        { "modules.json", "[{\"type\":\"sentence_transformers.models.WordWeights\",\"path\":\"\"}]", "type is \"sentence_transformers.models.WordWeights\", which is not implemented" },
        { "modules.json", "[{\"type\":\"sentence_transformers.models.Pooling\",\"path\":\"../x\"}]", "path is \"../x\"; expected the name of a folder beside modules.json" },
        { "modules.json", "{", "modules.json is not valid JSON" },
        { "config_sentence_transformers.json", "{\"prompts\":{\"a\":\"b\"},\"default_prompt_name\":\"c\"}", "default_prompt_name is \"c\"; expected one of the prompts: a" },
        { "sentence_bert_config.json", "{\"max_seq_length\":\"long\"}", "max_seq_length is \"long\"; expected a whole number" },
    };

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void What_is_wrong_with_a_file_is_said(string name, string content, string expected)
    {
        Write(name, content);
        ModelException error = Assert.Throws<ModelException>(() => EmbeddingModel.Load(Path));
        Assert.Contains(expected, error.Message.Replace("modules.modules", "modules", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_needs_a_tokenizer_and_tokens_do_not()
    {
        File.Delete(System.IO.Path.Combine(Path, "tokenizer.json"));
        using var model = EmbeddingModel.Load(Path);
        Assert.Contains("has no tokenizer (tokenizer.json or another): text needs one", Assert.Throws<ModelException>(() => model.Embed("abc")).Message, StringComparison.Ordinal);
        Assert.Single(model.EmbedTokens([[5, 6]]));
    }

    [Fact]
    public void A_tokenizer_of_another_file_than_tokenizer_json_is_read_too()
    {
        File.Delete(System.IO.Path.Combine(Path, "tokenizer.json"));
        File.Delete(System.IO.Path.Combine(Path, "tokenizer_config.json"));
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Select(value => $$"""{"rank":{{value}},"token_bytes":"{{Convert.ToBase64String([(byte)value])}}","token_str":null}""");
        Write("tekken.json", $$"""{"config":{"pattern":"[^\\s]+|\\s+","num_vocab_tokens":256,"default_vocab_size":258,"default_num_special_tokens":2,"version":"v3"},"vocab":[{{string.Join(',', bytes)}}]}""");
        using var model = EmbeddingModel.Load(Path);

        // Two special tokens are in front of the bytes; what is put around a text is no part of such a file.
        AssertClose(EncoderReference.Mean(_reference.Forward(['a' + 2, 'b' + 2, 'c' + 2])), model.Embed("abc"));
    }

    void Write(string name, string content) => File.WriteAllText(System.IO.Path.Combine(Path, name), content);

    double[][] States(string text) => _reference.Forward([First, .. System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value), Last]);

    static void AssertClose(double[] expected, float[] found) => LogitsTests.AssertClose([expected], [found], 1e-5, "embedding");

    sealed class Told(List<int> counts) : IProgress<int>
    {
        public void Report(int value) => counts.Add(value);
    }

    sealed class Cancelling(CancellationTokenSource source, Action<int> told) : IProgress<int>
    {
        public void Report(int value)
        {
            told(value);
            source.Cancel();
        }
    }
}
