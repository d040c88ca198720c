using System.Text;

namespace Octet.Tokenizers.Tests;

/// <summary>A file that cannot be used is refused with one line that names the place.</summary>
public class MalformedFileTests
{
    static void Names(string message, params string[] parts)
    {
        Assert.DoesNotContain('\n', message);
        foreach (string part in parts)
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }
    }

    static string Refusal(string json) =>
        Assert.Throws<TokenizerException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json), "tiny.json")).Message;

    [Fact]
    public void A_missing_file_is_named() =>
        Names(Assert.Throws<TokenizerException>(() => Tokenizer.Load("no-such-folder/tokenizer.json")).Message, "no-such-folder/tokenizer.json");

    [Fact]
    public void Text_that_is_not_json_says_where()
    {
        Names(Refusal(""), "tiny.json", "it is empty");
        Names(Refusal("{\n\"model\": nul}"), "tiny.json", "line 2");
        Names(Refusal("[]"), "tiny.json", "$", "an object");
        Names(Refusal("{} x"), "tiny.json", "JSON");
        Names(Refusal("{}"), "\"model\"");
    }

    [Fact]
    public void A_cut_file_is_refused_wherever_it_is_cut()
    {
        byte[] json = new TinyTokenizer("a b").WithToken(300, "<x>").Json();
        for (int length = 0; length < json.Length; length += 13)
        {
            Names(Assert.Throws<TokenizerException>(() => Tokenizer.Parse(json.AsMemory(0, length), "tiny.json")).Message, "tiny.json");
        }
    }

    [Fact]
    public void A_key_that_is_there_twice_is_refused() => Names(Refusal("""{"version":"1.0","version":"1.0"}"""), "\"version\"", "twice");

    [Theory]
    [InlineData("\"2.0\"", "2.0")]
    [InlineData("1.0", "Number")]
    [InlineData("null", "Null")]
    public void Another_version_is_refused(string version, string shown) =>
        Names(new TinyTokenizer().With("version", version).Refusal(), "version", shown, "supported: \"1.0\"");

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    public void A_pipe_under_the_name_of_a_file_is_not_waited_at(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes have names as on Unix");
        string directory = Directory.CreateTempSubdirectory("octet-").FullName;
        try
        {
            string pipe = Path.Combine(directory, name);
            System.Diagnostics.Process.Start("mkfifo", [pipe]).WaitForExit();
            Task<Exception?> loading = Task.Run(() => Record.Exception(() => name == "chat_template.jinja" ? (object?)Octet.Tokenizers.ChatTemplates.ChatTemplate.Load(directory) : Tokenizer.Load(directory)));
            if (!loading.Wait(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))
            {
                // The reader waits for a writer: here is one.
                new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite).Dispose();
                Assert.Fail("it waits at the pipe");
            }

            Names(loading.Result!.Message, pipe, "it is a pipe, expected a file");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Other_models_are_refused() =>
        Names(new TinyTokenizer().WithModel("type", "\"Trigram\"").Refusal(), "model.type", "\"Trigram\"", "supported: BPE");

    [Theory]
    [InlineData("Unigram", "a list of tokens and scores")]
    [InlineData("WordPiece", "unk_token")]
    [InlineData("WordLevel", "unk_token")]
    public void A_model_needs_what_its_type_asks_for(string type, string expected) =>
        Names(new TinyTokenizer().WithModel("type", $"\"{type}\"").Refusal(), "model", expected);

    [Fact]
    public void A_byte_without_a_token_is_left_out_as_in_the_reference()
    {
        TinyTokenizer tiny = new();
        tiny.Model["vocab"]!.AsObject().Remove("Ġ");

        Assert.Equal(['a', 'b'], tiny.Build().Encode("a b"));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("\"7\"")]
    [InlineData("2000000000")]
    [InlineData("[]")]
    public void A_vocabulary_id_must_be_a_small_number(string id)
    {
        TinyTokenizer tiny = new("a b");
        tiny.Model["vocab"]!["ab"] = System.Text.Json.Nodes.JsonNode.Parse(id);

        Names(tiny.Refusal(), "model.vocab[\"ab\"]", "expected an id");
    }

    [Fact]
    public void Two_tokens_cannot_share_an_id()
    {
        TinyTokenizer tiny = new("a b");
        tiny.Model["vocab"]!["ab"] = 97;

        Names(tiny.Refusal(), "model.vocab[\"ab\"]", "97", "twice");
    }

    [Theory]
    [InlineData("""["ab"]""", "model.merges[0]")]
    [InlineData("""["a b","a b c"]""", "model.merges[1]")]
    [InlineData("""[["a"]]""", "model.merges[0]")]
    [InlineData("""[["a","b","c"]]""", "model.merges[0]")]
    [InlineData("""[7]""", "model.merges[0]")]
    [InlineData("""["a c"]""", "model.merges[0]")]
    [InlineData("""{}""", "model.merges")]
    public void A_merge_must_be_two_tokens_that_make_a_third(string merges, string place) =>
        Names(new TinyTokenizer("a b").WithModel("merges", merges).Refusal(), "tiny.json", place, "expected");

    [Theory]
    [InlineData("dropout", "0.1")]
    [InlineData("byte_fallback", "1")]
    [InlineData("fuse_unk", "\"\"")]
    [InlineData("ignore_merges", "1")]
    public void Model_options_that_would_change_ids_are_refused(string option, string value) =>
        Names(new TinyTokenizer().WithModel(option, value).Refusal(), $"model.{option}", "expected");

    [Theory]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prefold"}]}""", "normalizer.normalizers[1]", "NFKC")]
    [InlineData("normalizer", """{"type":"Precompiled"}""", "normalizer", "precompiled_charsmap")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"?"}""", "normalizer.precompiled_charsmap", "base64")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAAA"}""", "normalizer.precompiled_charsmap", "a trie")]
    [InlineData("normalizer", """{"type":"Strip","strip_left":true}""", "normalizer", "strip_right")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Glob":"a"},"content":""}""", "normalizer.pattern", "String")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"("},"content":""}""", "normalizer.pattern.Regex", "\"(\"")]
    [InlineData("normalizer", """{}""", "normalizer", "\"type\"")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace"}""", "pre_tokenizer", "replacement")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"__"}""", "pre_tokenizer.replacement", "one character")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}""", "pre_tokenizer.prepend_scheme", "first")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"_","add_prefix_space":false}""", "pre_tokenizer", "never")]
    [InlineData("pre_tokenizer", """{"type":"FixedLength","length":0}""", "pre_tokenizer.length", "from 1 on")]
    [InlineData("pre_tokenizer", """{"type":"Punctuation","behavior":"Apart"}""", "pre_tokenizer.behavior", "Isolated")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Words"},{"type":"ByteLevel"}]}""", "pre_tokenizer.pretokenizers[0]", "Split")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(a"}},{"type":"ByteLevel"}]}""", "pretokenizers[0].pattern.Regex", "\"(a\"")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Kept","invert":false,"pattern":{"Regex":"\\s+"}},{"type":"ByteLevel"}]}""", "pretokenizers[0]", "Isolated")]
    [InlineData("post_processor", """{"type":"BartProcessing"}""", "post_processor", "TemplateProcessing")]
    [InlineData("post_processor", """{"type":"BertProcessing","cls":["[CLS]"]}""", "post_processor.cls", "a token and its id")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[],"special_tokens":{}}""", "post_processor.single", "\"A\"")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{}}""", "special_tokens", "<s>")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B"}}],"special_tokens":{}}""", "single[0]", "\"A\"")]
    [InlineData("decoder", """{"type":"WordSpiece"}""", "decoder", "ByteLevel")]
    [InlineData("decoder", """{"type":"BPEDecoder","suffix":""}""", "decoder.suffix", "not empty")]
    [InlineData("decoder", """{"type":"Strip","content":" ","start":-1,"stop":0}""", "decoder.start", "from 0 on")]
    [InlineData("truncation", """{"max_length":-1}""", "truncation.max_length", "from 0 on")]
    [InlineData("padding", """{"strategy":"Longest","pad_id":0}""", "padding.strategy", "BatchLongest")]
    [InlineData("added_tokens", """[{"id":300}]""", "added_tokens[0]", "\"content\"")]
    [InlineData("added_tokens", """[{"id":300,"content":""}]""", "added_tokens[0]", "content")]
    [InlineData("added_tokens", """[{"id":300,"content":"x","special":1}]""", "added_tokens[0].special", "true or false")]
    [InlineData("added_tokens", """[{"id":-1,"content":"<x>"}]""", "added_tokens[0].id", "an id")]
    [InlineData("added_tokens", """[{"id":300,"content":"<x>"},{"id":300,"content":"<y>"}]""", "added_tokens[1]", "twice")]
    [InlineData("added_tokens", """[{"id":300,"content":"<x>"},{"id":301,"content":"<x>"}]""", "added_tokens[1]", "twice")]
    public void A_part_that_is_not_supported_says_what_is(string part, string json, string place, string supported) =>
        Names(new TinyTokenizer().With(part, json).Refusal(), "tiny.json: ", place, supported);

    [Fact]
    public void Damaged_files_load_or_are_refused_and_nothing_else()
    {
        byte[] intact = new TinyTokenizer("a b", "ab c").WithToken(300, "<x>", special: true).WithSplit(TinyTokenizer.QwenPattern)
            .With("normalizer", """{"type":"NFC"}""")
            .With("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{}}""").Json();
        byte[] replacements = [.. "{}[],:\"\\ 0-9eE.ntuD"u8, 0x00, 0x80, 0xC3, 0xED, 0xF0, 0xFF];
        Random random = new(11);
        int refused = 0;
        for (int round = 0; round < 4000; round++)
        {
            List<byte> damaged = [.. intact];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(damaged.Count);
                switch (random.Next(4))
                {
                    case 0:
                        damaged[at] = replacements[random.Next(replacements.Length)];
                        break;
                    case 1:
                        damaged.Insert(at, replacements[random.Next(replacements.Length)]);
                        break;
                    case 2:
                        damaged.RemoveRange(at, Math.Min(random.Next(1, 20), damaged.Count - at));
                        break;
                    default:
                        damaged.InsertRange(at, damaged.GetRange(at, Math.Min(random.Next(1, 40), damaged.Count - at)));
                        break;
                }
            }

            try
            {
                Tokenizer tokenizer = Tokenizer.Parse(damaged.ToArray(), "tiny.json");
                _ = tokenizer.Decode(tokenizer.Encode("abc <x> é 12\n"));
            }
            catch (TokenizerException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 4000);
    }
}
