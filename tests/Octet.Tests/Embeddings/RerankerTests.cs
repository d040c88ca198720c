using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Tests.Embeddings;

public class RerankerTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData("torch.nn.modules.linear.Identity", false)]
    [InlineData("torch.nn.modules.activation.Sigmoid", true)]
    public void A_cross_encoder_reads_both_texts_and_scores_as_its_config_says(string? activation, bool logistic)
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint
        {
            Architecture = "BertForSequenceClassification",
            Prefix = "bert.",
            VocabSize = 300,
            EditConfig = config => config["sentence_transformers"] = activation is null ? null : new JsonObject { ["activation_fn"] = activation },
        }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        var reference = new EncoderReference(directory.Path);
        string[] documents = ["one", "a second one", ""];
        using var model = Reranker.Load(directory.Path, new() { Threads = 2 });
        float[] scores = model.Score("what?", documents);
        for (int i = 0; i < documents.Length; i++)
        {
            int[] ids = [256, .. Bytes("what?"), 257, .. Bytes(documents[i]), 257];
            int[] types = [.. ids.Select((_, at) => at < 7 ? 0 : 1)];
            double logit = reference.Classify(ids, types)[0];
            Assert.Equal(ids, model.Encode("what?", documents[i]));
            Assert.Equal(logistic ? 1 / (1 + Math.Exp(-logit)) : logit, scores[i], 2e-5);
        }

        Assert.Equal(scores.Select((score, i) => (score, i)).OrderByDescending(pair => pair.score).Select(pair => pair.i), model.Rank("what?", documents).Select(document => document.Index));
        Assert.Equal(logistic ? Math.Log(scores[0] / (1 - scores[0])) : scores[0], model.Score("what?", documents, new() { Logistic = false })[0], 1e-4);
    }

    [Fact]
    public void RoBERTa_has_two_separators_between_the_texts()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "XLMRobertaForSequenceClassification", Prefix = "roberta.", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["<s>", "</s>"], "<s>", "</s>", doubles: true);
        using var model = Reranker.Load(directory.Path);
        int[] ids = [256, .. Bytes("q"), 257, 257, .. Bytes("document"), 257];
        Assert.Equal(ids, model.Encode("q", "document"));
        double logit = new EncoderReference(directory.Path).Classify(ids)[0];
        Assert.Equal(1 / (1 + Math.Exp(-logit)), model.Score("q", ["document"])[0], 2e-5);
    }

    [Fact]
    public void White_space_around_the_two_texts_stays()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        using var model = Reranker.Load(directory.Path);
        Assert.Equal([256, .. Bytes(" q "), 257, .. Bytes("\td\n"), 257], model.Encode(" q ", "\td\n"));
    }

    [Fact]
    public void The_longer_text_is_cut_first()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        using var model = Reranker.Load(directory.Path, new() { MaxTokens = 12 });
        Assert.Equal([256, .. Bytes("abc"), 257, .. Bytes("ABCDEF"), 257], model.Encode("abc", "ABCDEFGHIJ"));
        Assert.Equal([256, .. Bytes("abcdef"), 257, .. Bytes("ABC"), 257], model.Encode("abcdefghij", "ABC"));
        Assert.Equal(12, model.Encode("abcdefghij", "ABCDEFGHIJ").Length);
    }

    [Fact]
    public void Qwen3_Reranker_is_asked_as_its_model_card_asks_it()
    {
        using var directory = new TemporaryDirectory();
        new SyntheticCheckpoint { MaxPositionEmbeddings = 1024 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["<|im_start|>", "<|im_end|>", "yes", "no"], null, null);
        using var model = Reranker.Load(directory.Path, new() { Threads = 2 });
        int[] Text(string text) => [.. Bytes(text).Select(value => value)];
        int[] expected =
        [
            256, .. Text("system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \""), 258,
            .. Text("\" or \""), 259, .. Text("\"."), 257, .. Text("\n"), 256, .. Text("user\n<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n<Query>: q\n<Document>: d"),
            257, .. Text("\n"), 256, .. Text("assistant\n<think>\n\n</think>\n\n"),
        ];
        Assert.Equal(expected, model.Encode("q", "d"));
        double[] last = new DoubleReference(directory.Path).Forward(expected)[^1];
        Assert.Equal(1 / (1 + Math.Exp(last[259] - last[258])), model.Score("q", ["d"])[0], 1e-4);
        Assert.NotEqual(model.Encode("q", "d"), model.Encode("q", "d", new() { Instruction = "Judge" }));

        // What is too long is cut behind, and the question stays whole.
        using var shorter = Reranker.Load(directory.Path, new() { MaxTokens = 320 });
        int[] cut = shorter.Encode("q", new string('x', 400));
        Assert.Equal(320, cut.Length);
        Assert.Equal(expected[^30..], cut[^30..]);
    }

    [Fact]
    public void What_makes_no_score_is_refused()
    {
        using var encoder = new TemporaryDirectory();
        new EncoderCheckpoint { VocabSize = 300 }.Write(encoder.Path);
        ByteTokenizer.Write(encoder.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        Assert.Contains("is an encoder without a classifier (BertModel)", Assert.Throws<ModelException>(() => Reranker.Load(encoder.Path)).Message, StringComparison.Ordinal);

        using var labels = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300, Labels = 3 }.Write(labels.Path);
        ByteTokenizer.Write(labels.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        Assert.Contains("a classifier of 3 labels", Assert.Throws<ModelException>(() => Reranker.Load(labels.Path)).Message, StringComparison.Ordinal);

        using var decoder = new TemporaryDirectory();
        new SyntheticCheckpoint().Write(decoder.Path);
        ByteTokenizer.Write(decoder.Path, ["<|im_start|>", "<|im_end|>"], null, null);
        Assert.Contains("has no token yes is not Qwen3-Reranker", Assert.Throws<ModelException>(() => Reranker.Load(decoder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_reranker_says_so_by_its_own_name()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        var model = Reranker.Load(directory.Path);
        model.Dispose();
        Assert.Equal("Octet.Reranker", Assert.Throws<ObjectDisposedException>(() => model.Score("q", ["d"])).ObjectName);
    }

    [Fact]
    public void An_encoder_takes_no_instruction()
    {
        using var directory = new TemporaryDirectory();
        new EncoderCheckpoint { Architecture = "BertForSequenceClassification", VocabSize = 300 }.Write(directory.Path);
        ByteTokenizer.Write(directory.Path, ["[CLS]", "[SEP]"], "[CLS]", "[SEP]");
        using var model = Reranker.Load(directory.Path);
        Assert.Contains("an instruction for BertForSequenceClassification", Assert.Throws<ModelException>(() => model.Score("q", ["d"], new() { Instruction = "x" })).Message, StringComparison.Ordinal);
    }

    static IEnumerable<int> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value);
}
