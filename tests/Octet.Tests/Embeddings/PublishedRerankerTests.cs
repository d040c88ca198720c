using System.Text.Json.Nodes;
using Octet.Embeddings;
using Octet.Tests.Models;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

/// <summary>Rerankers as sentence-transformers writes them since 5.4, with <c>modules.json</c>, <c>LogitScore</c> and a chat template, against double precision.</summary>
public sealed class PublishedRerankerTests : IDisposable
{
    const int Start = 256, End = 257, Yes = 258, No = 259;

    // After Qwen3-Reranker's, shorter: the system's message, where there is one, takes the place of the instruction.
    const string Template =
        """
        {%- set judge = messages | selectattr("role", "eq", "system") | map(attribute="content") | first | default("J") -%}
        <|im_start|>{{ judge }}|{{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}|
        {{- messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>
        {{- "AB" if add_generation_prompt else "A" }}
        """;

    readonly TemporaryDirectory _directory = new();

    public PublishedRerankerTests()
    {
        new SyntheticCheckpoint().Write(Path);
        ByteTokenizer.Write(Path, ["<|im_start|>", "<|im_end|>", "yes", "no"], null, null);
        Write("chat_template.jinja", Template);
        WriteModules();
        WriteTransformer("flat");
    }

    string Path => _directory.Path;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("torch.nn.modules.linear.Identity", false)]
    [InlineData("torch.nn.modules.activation.Sigmoid", true)]
    [InlineData(null, true)]
    public void The_score_is_the_difference_of_two_logits_behind_the_conversation(string? activation, bool isLogistic)
    {
        WriteConfig(activation, null);
        int[] expected = [Start, .. Bytes("J|q|d"), End, .. Bytes("A")];
        double[] last = new DoubleReference(Path).Forward(expected)[^1];
        double difference = last[Yes] - last[No];
        using var model = Reranker.Load(Path);
        Assert.Equal(expected, model.Encode("q", "d"));
        Assert.Equal(isLogistic ? Logistic(difference) : difference, model.Score("q", ["d"])[0], 1e-4);
        Assert.Equal(difference, model.Score("q", ["d"], new() { Logistic = false })[0], 1e-4);
        Assert.Equal(Logistic(difference), model.Score("q", ["d"], new() { Logistic = true })[0], 1e-4);
    }

    [Fact]
    public void Where_one_token_is_named_its_logit_is_the_score()
    {
        Write("1_LogitScore/config.json", """{"true_token_id":17,"false_token_id":null,"module_input_name":"causal_logits"}""");
        WriteConfig("torch.nn.modules.linear.Identity", null);
        using var model = Reranker.Load(Path);
        Assert.Equal(new DoubleReference(Path).Forward(model.Encode("q", "d"))[^1][17], model.Score("q", ["d"])[0], 1e-4);
    }

    [Fact]
    public void The_prompt_of_the_files_is_the_system_s_message_and_an_instruction_replaces_it()
    {
        WriteConfig(null, "find");
        using var model = Reranker.Load(Path);
        Assert.Equal([Start, .. Bytes("find|q|d"), End, .. Bytes("A")], model.Encode("q", "d"));
        Assert.Equal([Start, .. Bytes("judge|q|d"), End, .. Bytes("A")], model.Encode("q", "d", new() { Instruction = "judge" }));
    }

    [Fact]
    public void What_is_too_long_is_cut_before_what_the_template_ends_with()
    {
        using var model = Reranker.Load(Path, new() { MaxTokens = 12 });
        Assert.Equal([Start, .. Bytes("J|q|xxxxx"), End, .. Bytes("A")], model.Encode("q", new string('x', 30)));
        Assert.Equal([Start, .. Bytes("J|qqqqqqq"), End, .. Bytes("A")], model.Encode(new string('q', 30), "d"));

        // The end depends on nothing but roles and instruction, and is not taken from another instruction.
        Assert.Equal([Start, .. Bytes("other|qqq"), End, .. Bytes("A")], model.Encode("qqqqqqq", "d", new() { Instruction = "other" }));

        WriteTransformer("flat", """{"restore_suffix":false}""");
        using var cut = Reranker.Load(Path, new() { MaxTokens = 12 });
        Assert.Equal([Start, .. Bytes("J|q|xxxxxxx")], cut.Encode("q", new string('x', 30)));
    }

    [Fact]
    public void A_template_is_chosen_by_its_name_and_rendered_with_what_the_files_say()
    {
        Write("chat_template.jinja", "{{ raise_exception('not this one') }}");
        Write("additional_chat_templates/reranker.jinja", """{%- for m in messages -%}{{ m.role }}={{ m.content[0].type }}:{{ m.content[0].text }};{%- endfor -%}{{ mood }}{{ "B" if add_generation_prompt }}""");
        WriteTransformer("structured", """{"chat_template":"reranker","add_generation_prompt":true,"mood":"!"}""");
        using var model = Reranker.Load(Path);
        Assert.Equal(Bytes("query=text:q;document=text:d;!B"), model.Encode("q", "d"));
    }

    [Theory]
    [InlineData("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", "leaves out messages of the role query")]
    [InlineData("{{ messages[0].content }}", "leaves out messages of the role document")]
    [InlineData("{{ raise_exception('no') }}", "no")]
    [InlineData("{% for %}", "chat_template.jinja, line 1")]
    public void A_template_that_does_not_write_both_is_refused(string template, string expected)
    {
        Write("chat_template.jinja", template);
        ModelException error = Assert.Throws<ModelException>(() => Reranker.Load(Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_messages_the_tokenizer_joins_the_texts_and_the_prompt_stands_before_the_query()
    {
        ByteTokenizer.Write(Path, ["<|im_start|>", "<|im_end|>", "yes", "no"], "<|im_start|>", "<|im_end|>");
        Write("sentence_bert_config.json", """{"transformer_task":"text-generation","modality_config":{"text":{"method":"forward","method_output_name":"logits"}},"module_output_name":"causal_logits"}""");
        WriteConfig(null, "find: ");
        using var model = Reranker.Load(Path);
        Assert.Equal([Start, .. Bytes("find: q"), End, .. Bytes("d"), End], model.Encode("q", "d"));
    }

    [Theory]
    [InlineData("1_LogitScore/config.json", """{"true_token_id":-1}""", "true_token_id is -1")]
    [InlineData("1_LogitScore/config.json", "{}", "true_token_id is missing")]
    [InlineData("1_LogitScore/config.json", """{"true_token_id":2,"false_token_id":301}""", "the tokens 2 and 301 answer for a score, and the model has 301 (vocab_size)")]
    [InlineData("1_LogitScore/config.json", """{"true_token_id":1,"module_input_name":"logits"}""", "module_input_name is \"logits\", which is not implemented")]
    [InlineData("config_sentence_transformers.json", """{"activation_fn":"torch.nn.modules.activation.Tanh"}""", "activation_fn is \"torch.nn.modules.activation.Tanh\", which is not implemented")]
    [InlineData("sentence_bert_config.json", """{"transformer_task":"fill-mask"}""", "transformer_task is \"fill-mask\", which is not implemented")]
    [InlineData("sentence_bert_config.json", """{"processing_kwargs":{"text":{"truncation":"only_first"}}}""", "processing_kwargs.text.truncation")]
    [InlineData("sentence_bert_config.json", """{"processing_kwargs":{"other":{}}}""", "processing_kwargs.other")]
    [InlineData("sentence_bert_config.json", """{"modality_config":{"message":{"format":"flat"}},"processing_kwargs":{"chat_template":{"tools":[]}}}""", "processing_kwargs.chat_template.tools")]
    [InlineData("sentence_bert_config.json", """{"modality_config":{"message":{"format":"flat"}},"processing_kwargs":{"chat_template":{"chat_template":"none"}}}""", "is neither one of its chat templates")]
    public void What_is_wrong_with_a_file_is_said(string name, string content, string expected)
    {
        Write(name, content);
        ModelException error = Assert.Throws<ModelException>(() => Reranker.Load(Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_reranker_and_a_model_of_vectors_are_told_apart()
    {
        Assert.True(SentenceModules.IsReranker(Path));
        Assert.Contains("names no module Pooling, but LogitScore, which makes scores of pairs", Assert.Throws<ModelException>(() => EmbeddingModel.Load(Path)).Message, StringComparison.Ordinal);

        DecoderEmbeddingTests.WriteModules(Path, """{"pooling_mode":"lasttoken"}""");
        Assert.False(SentenceModules.IsReranker(Path));
        Assert.Contains("names a module Pooling, which makes vectors and no scores", Assert.Throws<ModelException>(() => Reranker.Load(Path)).Message, StringComparison.Ordinal);

        Write("modules.json", "[");
        Assert.False(SentenceModules.IsReranker(Path));
    }

    [Fact]
    public void A_cross_encoder_of_one_module_is_what_it_was_without_the_file()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        float before;
        using (var model = Reranker.Load(directory.Path))
        {
            before = model.Score("q", ["d"])[0];
        }

        File.WriteAllText(System.IO.Path.Combine(directory.Path, "modules.json"), """[{"idx":0,"name":"0","path":"","type":"sentence_transformers.base.modules.transformer.Transformer"}]""");
        File.WriteAllText(System.IO.Path.Combine(directory.Path, "sentence_bert_config.json"), """{"transformer_task":"sequence-classification","modality_config":{"text":{"method":"forward","method_output_name":"logits"}},"module_output_name":"scores"}""");
        File.WriteAllText(System.IO.Path.Combine(directory.Path, "config_sentence_transformers.json"), """{"model_type":"CrossEncoder","activation_fn":"torch.nn.modules.linear.Identity","prompts":{},"default_prompt_name":null}""");
        using var after = Reranker.Load(directory.Path);
        Assert.Equal(before, Logistic(after.Score("q", ["d"])[0]), 1e-6);
        Assert.True(SentenceModules.IsReranker(directory.Path));

        File.WriteAllText(System.IO.Path.Combine(directory.Path, "modules.json"), """[{"path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},{"path":"1_LogitScore","type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]""");
        Directory.CreateDirectory(System.IO.Path.Combine(directory.Path, "1_LogitScore"));
        File.WriteAllText(System.IO.Path.Combine(directory.Path, "1_LogitScore", "config.json"), """{"true_token_id":1}""");
        Assert.Contains("names a module LogitScore behind BertForSequenceClassification", Assert.Throws<ModelException>(() => Reranker.Load(directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_vectors_may_be_given_conversations_too()
    {
        DecoderEmbeddingTests.WriteModules(Path, """{"pooling_mode":["mean","lasttoken"]}""", normalizes: false);
        Write("chat_template.jinja", "{% for m in messages %}<|im_start|>{{ m.role[0] }}:{{ m.content }}<|im_end|>{% endfor %}");
        WriteConfig(null, "find");
        using var model = EmbeddingModel.Load(Path);
        int[] expected = [Start, .. Bytes("s:find"), End, Start, .. Bytes("u:text"), End];
        Assert.Equal(expected, model.Encode("text"));
        Assert.Equal([Start, .. Bytes("u:text"), End], model.Encode("text", new() { Prompt = "" }));
        double[][] states = DecoderEmbeddingTests.States(Path, expected);
        double[] mean = EncoderReference.Mean(states);
        float[] vector = model.Embed("text");
        Assert.Equal(2 * mean.Length, vector.Length);
        for (int i = 0; i < mean.Length; i++)
        {
            Assert.Equal(mean[i], vector[i], 1e-4);
            Assert.Equal(states[^1][i], vector[mean.Length + i], 1e-4);
        }
    }

    void WriteModules() => Write(
        "modules.json",
        """[{"idx":0,"name":"0","path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},{"idx":1,"name":"1","path":"1_LogitScore","type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]""",
        ("1_LogitScore/config.json", $$"""{"true_token_id":{{Yes}},"false_token_id":{{No}},"module_input_name":"causal_logits"}"""));

    void WriteTransformer(string format, string template = "{}") => Write(
        "sentence_bert_config.json",
        $$$"""
        {"transformer_task":"text-generation","modality_config":{"text":{"method":"forward","method_output_name":"logits"},
        "message":{"method":"forward","method_output_name":"logits","format":"{{{format}}}"}},"module_output_name":"causal_logits","processing_kwargs":{"chat_template":{{{template}}}}}
        """);

    void WriteConfig(string? activation, string? prompt)
    {
        var json = new JsonObject { ["model_type"] = "CrossEncoder", ["prompts"] = new JsonObject(), ["default_prompt_name"] = null };
        if (activation is not null)
        {
            json["activation_fn"] = activation;
        }

        if (prompt is not null)
        {
            json["prompts"]!["query"] = prompt;
            json["default_prompt_name"] = "query";
        }

        Write("config_sentence_transformers.json", json.ToJsonString());
    }

    void Write(string name, string text, params (string Name, string Text)[] others)
    {
        foreach ((string file, string content) in others.Prepend((name, text)))
        {
            string path = System.IO.Path.Combine(Path, file);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }
    }

    static double Logistic(double value) => 1 / (1 + Math.Exp(-value));

    static IEnumerable<int> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value);
}
