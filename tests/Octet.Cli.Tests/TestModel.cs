using System.Text.Json.Nodes;
using Octet.Tests.Reference;

namespace Octet.Cli.Tests;

/// <summary>
/// A small random model with a tokenizer of the 256 bytes and a ChatML template: it says nothing sensible, but in the published layout.
/// </summary>
sealed class TestModel : IDisposable
{
    internal const int VocabularySize = 301;
    readonly TemporaryDirectory _directory = new();

    internal TestModel(SyntheticCheckpoint? checkpoint = null, bool tokenizer = true, bool template = true)
    {
        // Not tied: a head of its own gives logits of about 1, which a bias of 100 outweighs.
        (checkpoint ?? new SyntheticCheckpoint { Tied = false }).Write(Path);
        if (tokenizer)
        {
            Write("tokenizer.json", Tokenizer().ToJsonString());
        }

        if (template)
        {
            Write("chat_template.jinja", "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
        }
    }

    internal string Path => _directory.Path;

    internal void Write(string name, string text) => File.WriteAllText(System.IO.Path.Combine(Path, name), text);

    public void Dispose() => _directory.Dispose();

    /// <summary>Byte-level BPE without a merge: the id of a byte is the byte.</summary>
    static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        int others = 0;
        for (int value = 0; value < 256; value++)
        {
            // GPT-2's alphabet: printable Latin-1 stands for itself, the rest for U+0100 and on, in order.
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            vocabulary[((char)(printable ? value : 256 + others++)).ToString()] = value;
        }

        // Added tokens have the ids behind the vocabulary's, which no text reaches up to there.
        while (vocabulary.Count < VocabularySize - 3)
        {
            vocabulary[$"(token {vocabulary.Count})"] = vocabulary.Count;
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(Special(VocabularySize - 3, "<|endoftext|>"), Special(VocabularySize - 2, "<|im_start|>"), Special(VocabularySize - 1, "<|im_end|>")),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
    }

    static JsonObject Special(int id, string content) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };
}
