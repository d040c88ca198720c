using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tokenizers.Tests;

/// <summary>
/// Folders without a tokenizer.json: the same tokenizers as SentencePiece, tekken and tiktoken keep them, made here of a published
/// tokenizer.json, give the ids that the reference gives with that.
/// </summary>
public sealed class OtherFilesTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("octet-tokenizers-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_sentencepiece_bpe_model_encodes_as_the_library_does_with_its_conversion()
    {
        JsonNode json = JsonNode.Parse(Family.Json("llama-2"))!;

        // Scores in the order in which pieces were learnt, which is that of the merges that make them.
        Dictionary<string, float> scores = new(StringComparer.Ordinal);
        foreach (JsonNode? merge in json["model"]!["merges"]!.AsArray())
        {
            scores.TryAdd(((string)merge!).Replace(" ", "", StringComparison.Ordinal), -1 - scores.Count);
        }

        List<(string, float, int)> pieces = [.. json["model"]!["vocab"]!.AsObject().OrderBy(static token => (int)token.Value!).Select(token => (int)token.Value! switch
        {
            0 => (token.Key, 0f, 2),
            1 or 2 => (token.Key, 0f, 3),
            < 259 => (token.Key, 0f, 6),
            _ => (token.Key, scores.GetValueOrDefault(token.Key, -1e6f), 1),
        })];
        Write("tokenizer.model", SentencePiece(pieces, modelType: 2, byteFallback: true, charsmap: "", removeExtra: false));
        File.Copy(Fixtures.Path("tokenizers", "llama-2", "tokenizer_config.json"), Path.Combine(_folder, "tokenizer_config.json"));
        AssertRows("llama-2", Tokenizer.Load(_folder), static _ => true, withSpecial: true, least: 300);
    }

    [Fact]
    public void A_sentencepiece_unigram_model_encodes_as_the_library_does_with_its_conversion()
    {
        JsonNode json = JsonNode.Parse(Family.Json("t5"))!;
        HashSet<string> special = [.. json["added_tokens"]!.AsArray().Select(static token => (string)token!["content"]!)];
        List<(string, float, int)> pieces = [.. json["model"]!["vocab"]!.AsArray().Select(piece =>
            ((string)piece![0]!, (float)piece[1]!, (string)piece[0]! == "<unk>" ? 2 : special.Contains((string)piece[0]!) ? 3 : 1))];
        string charsmap = (string)json["normalizer"]!["normalizers"]![0]!["precompiled_charsmap"]!;
        Write("tokenizer.model", SentencePiece(pieces, modelType: 1, byteFallback: false, charsmap, removeExtra: true));
        File.Copy(Fixtures.Path("tokenizers", "t5", "tokenizer_config.json"), Path.Combine(_folder, "tokenizer_config.json"));

        // SentencePiece takes spaces off the ends of a text, which the library's conversion of T5 does not.
        AssertRows("t5", Tokenizer.Load(_folder), static text => Ends(text) && !text.Contains('<', StringComparison.Ordinal), withSpecial: true, least: 80);

        static bool Ends(string text) => text.Length > 0 && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1])
            && text.IsNormalized(NormalizationForm.FormKC) && text.EnumerateRunes().All(static rune => Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or (>= '!' and <= '~'));
    }

    [Fact]
    public void A_tekken_file_encodes_as_the_same_tokens_do_in_a_tokenizer_json()
    {
        // Llama 3's tokens behind ten special ones, cut by its pattern.
        Tokenizer published = Family.Load("llama-3.1");
        StringBuilder json = new($$$"""{"config":{"pattern":{{{JsonValue.Create(TinyTokenizer.LlamaPattern).ToJsonString()}}},"default_vocab_size":128010,"default_num_special_tokens":10,"version":"v3"},"vocab":[""");
        for (int id = 0; id < 128_000; id++)
        {
            json.Append(id == 0 ? "" : ",").Append($$"""{"rank":{{id}},"token_bytes":"{{Convert.ToBase64String(published.GetBytes(id))}}","token_str":null}""");
        }

        Write("tekken.json", Encoding.UTF8.GetBytes(json.Append("]}").ToString()));
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        foreach (JsonElement row in Family.Rows("llama-3.1", "encode.jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            if (!text.Contains("<|", StringComparison.Ordinal) && !text.Contains("<s>", StringComparison.Ordinal) && !text.Contains("INST]", StringComparison.Ordinal) && !text.Contains("</s>", StringComparison.Ordinal) && !text.Contains("<unk>", StringComparison.Ordinal))
            {
                Assert.Equal(Family.Ids(row.GetProperty("ids_no_special")).Select(static id => id + 10), tokenizer.Encode(text));
            }
        }

        Assert.Equal([3, 4], tokenizer.Encode("[INST][/INST]"));
        Assert.Equal("[INST]", tokenizer.Decode([3]));
        Assert.Equal("", tokenizer.Decode([3], skipSpecialTokens: true));
    }

    [Fact]
    public void A_list_of_ranks_encodes_as_the_same_tokens_do_in_a_tokenizer_json()
    {
        Tokenizer published = Qwen3.Tokenizer;
        Write("qwen.tiktoken", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 151_643).Select(id => $"{Convert.ToBase64String(published.GetBytes(id))} {id}\n"))));
        Write("tokenizer_config.json", """{"tokenizer_class":"QWenTokenizer"}"""u8.ToArray());
        Tokenizer tokenizer = Tokenizer.Load(_folder);
        foreach (JsonElement vector in Qwen3.Vectors("encode.jsonl"))
        {
            string text = Qwen3.Text(vector, "text");
            if (!text.Contains('<', StringComparison.Ordinal))
            {
                Assert.Equal(Qwen3.Ids(vector), tokenizer.Encode(text));
            }
        }

        Assert.Equal([151_644, 151_645, 151_646], tokenizer.Encode("<|im_start|><|im_end|><|extra_0|>"));
    }

    [Fact]
    public void Tokens_of_Kimi_s_config_stand_behind_the_ranks()
    {
        Write("tiktoken.model", Bytes());
        Write("tokenizer_config.json", """{"tokenizer_class":"TikTokenTokenizer","bos_token":"[BOS]","added_tokens_decoder":{"256":{"content":"[BOS]","special":true}}}"""u8.ToArray());
        Tokenizer tokenizer = Tokenizer.Load(_folder);

        Assert.Equal(256, tokenizer.BosTokenId);
        Assert.Equal([256, 'a', 257], tokenizer.Encode("[BOS]a<|reserved_token_257|>"));
Assert.Equal(["中文", "Abc", " d"], Pieces.Of(tokenizer, "中文Abc d"));
    }

    [Theory]
    [InlineData("qwen.tiktoken", """{"tokenizer_class":"OtherTokenizer"}""", "OtherTokenizer")]
    [InlineData("qwen.tiktoken", "{}", "(none)")]
    [InlineData("tokenizer.model", """{"tokenizer_class":"XLMRobertaTokenizer"}""", "XLMRobertaTokenizer")]
    public void What_only_code_can_tell_is_refused_by_name(string file, string config, string named)
    {
        Write(file, file.EndsWith(".model", StringComparison.Ordinal) ? SentencePiece([("<unk>", 0, 2), ("a", -1, 1)], 1, false, "", true) : Bytes());
        Write("tokenizer_config.json", Encoding.UTF8.GetBytes(config));
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(_folder)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_folder_without_any_of_them_says_what_is_expected()
    {
        Assert.False(Tokenizer.Exists(_folder));
        Assert.Contains("tokenizer.json, tekken.json, tokenizer.model", Assert.Throws<TokenizerException>(() => Tokenizer.Load(_folder)).Message, StringComparison.Ordinal);
        Write("tokenizer.model", []);
        Assert.True(Tokenizer.Exists(_folder));
    }

    [Fact]
    public void Damaged_files_are_refused_in_one_line_or_serve()
    {
        byte[] model = SentencePiece([("<unk>", 0, 2), ("<s>", 0, 3), ("a", -1, 1), ("b", -2, 1), ("ab", -3, 1), ("\u2581", -4, 1)], 2, false, "", false);
        byte[] tekken = """{"config":{"pattern":"a|b","default_vocab_size":3,"default_num_special_tokens":1},"vocab":[{"rank":0,"token_bytes":"YQ=="},{"rank":1,"token_bytes":"Yg=="}]}"""u8.ToArray();
        Random random = new(3);
        foreach ((string name, byte[] intact) in ((string, byte[])[])[("tokenizer.model", model), ("tekken.json", tekken), ("x.tiktoken", Bytes())])
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, name + ".d")).FullName;
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class":"QWenTokenizer"}""");
            for (int round = 0; round < 100; round++)
            {
                List<byte> damaged = [.. intact];
                for (int edits = random.Next(1, 4); edits > 0; edits--)
                {
                    int at = random.Next(damaged.Count);
                    switch (random.Next(3))
                    {
                        case 0:
                            damaged[at] = (byte)random.Next(256);
                            break;
                        case 1:
                            damaged.RemoveRange(at, Math.Min(random.Next(1, 20), damaged.Count - at));
                            break;
                        default:
                            damaged.InsertRange(at, damaged.GetRange(at, Math.Min(random.Next(1, 40), damaged.Count - at)));
                            break;
                    }

                    if (damaged.Count == 0)
                    {
                        break;
                    }
                }

                File.WriteAllBytes(Path.Combine(folder, name), [.. damaged]);
                try
                {
                    Tokenizer tokenizer = name == "tokenizer.model" ? Tokenizer.Load(Path.Combine(folder, name)) : Tokenizer.Load(folder);
                    _ = tokenizer.Decode(tokenizer.Encode("ab <s> é\n"));
                }
                catch (TokenizerException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                }
            }
        }
    }

    void Write(string name, byte[] content) => File.WriteAllBytes(Path.Combine(_folder, name), content);

    static byte[] Bytes() => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 256).Select(static value => $"{Convert.ToBase64String([(byte)value])} {value}\n")));

    static void AssertRows(string family, Tokenizer tokenizer, Func<string, bool> takes, bool withSpecial, int least)
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (JsonElement row in Family.Rows(family, "encode.jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            int[] expected = Family.Ids(row.GetProperty(withSpecial ? "ids" : "ids_no_special"));
            if (takes(text))
            {
                rows++;
                int[] found = tokenizer.Encode(text);
                if (!found.SequenceEqual(expected))
                {
                    wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(',', found)} for {string.Join(',', expected)}");
                }
            }
        }

        Assert.True(rows >= least, $"{rows} rows");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {rows}: {string.Join('\n', wrong.Take(20))}");
    }

    /// <summary>A ModelProto, field by field as sentencepiece_model.proto has it.</summary>
    static byte[] SentencePiece(List<(string Content, float Score, int Type)> pieces, int modelType, bool byteFallback, string charsmap, bool removeExtra)
    {
        using MemoryStream model = new();
        foreach ((string content, float score, int type) in pieces)
        {
            using MemoryStream piece = new();
            Delimited(piece, 1, Encoding.UTF8.GetBytes(content));
            byte[] bits = new byte[sizeof(float)];
            BinaryPrimitives.WriteSingleLittleEndian(bits, score);
            piece.WriteByte((2 << 3) | 5);
            piece.Write(bits);
            Number(piece, 3, type);
            Delimited(model, 1, piece.ToArray());
        }

        using MemoryStream trainer = new();
        Number(trainer, 3, modelType);
        Number(trainer, 35, byteFallback ? 1 : 0);
        Delimited(model, 2, trainer.ToArray());
        using MemoryStream normalizer = new();
        Delimited(normalizer, 2, Convert.FromBase64String(charsmap));
        Number(normalizer, 3, 1);
        Number(normalizer, 4, removeExtra ? 1 : 0);
        Number(normalizer, 5, 1);
        Delimited(model, 3, normalizer.ToArray());
        return model.ToArray();
    }

    static void Delimited(Stream stream, int field, byte[] content)
    {
        Varint(stream, (ulong)((field << 3) | 2));
        Varint(stream, (ulong)content.Length);
        stream.Write(content);
    }

    static void Number(Stream stream, int field, int value)
    {
        Varint(stream, (ulong)(field << 3));
        Varint(stream, (ulong)value);
    }

    static void Varint(Stream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
