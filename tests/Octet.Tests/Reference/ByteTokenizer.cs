using System.Text.Json.Nodes;

namespace Octet.Tests.Reference;

/// <summary>A tokenizer.json of the 256 bytes, whose ids they are, with named tokens behind them; those that are given are put around a text.</summary>
static class ByteTokenizer
{
    /// <param name="directory">Where tokenizer.json is written.</param>
    /// <param name="tokens">Special tokens, from id 256 on.</param>
    /// <param name="before">Which of them stands before a text; null: none.</param>
    /// <param name="after">And behind it.</param>
    /// <param name="doubles">Whether it stands twice between the texts of a pair.</param>
    internal static void Write(string directory, string[] tokens, string? before, string? after, bool doubles = false)
    {
        var vocabulary = new JsonObject();
        int others = 0;
        for (int value = 0; value < 256; value++)
        {
            // GPT-2's alphabet: printable Latin-1 stands for itself, the rest for U+0100 and on, in order.
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            vocabulary[((char)(printable ? value : 256 + others++)).ToString()] = value;
        }

        var single = new JsonArray();
        AddSpecial(before);
        single.Add(new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } });
        AddSpecial(after);
        var pair = new JsonArray([.. single.Select(part => part!.DeepClone())]);
        if (doubles)
        {
            pair.Add(pair[^1]!.DeepClone());
        }

        pair.Add(new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "B", ["type_id"] = doubles ? 0 : 1 } });
        if (after is not null)
        {
            pair.Add(new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = after, ["type_id"] = doubles ? 0 : 1 } });
        }

        var file = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. tokens.Select((token, i) => (JsonNode)Added(256 + i, token))]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false },
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = single,
                ["pair"] = pair,
                ["special_tokens"] = new JsonObject(tokens.Select((token, i) => KeyValuePair.Create(token, (JsonNode?)new JsonObject { ["id"] = token, ["ids"] = new JsonArray(256 + i), ["tokens"] = new JsonArray(token) }))),
            },
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
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), file.ToJsonString());

        void AddSpecial(string? token)
        {
            if (token is not null)
            {
                single.Add(new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } });
            }
        }
    }

    static JsonObject Added(int id, string content) => new()
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
