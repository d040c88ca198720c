using System.Text.Json;

namespace Octet.Tokenizers.Reading;

/// <summary>Makes a tokenizer of a <c>tekken.json</c>, the file of Mistral's newer models.</summary>
/// <remarks>
/// The first ids are those of special tokens, the others those of the ranks. As in mistral-common, of the ranks so many count as the size
/// of the vocabulary leaves, and special tokens that have no name are <c>&lt;SPECIAL_n&gt;</c>.
/// </remarks>
static class Tekken
{
    internal const string Name = "tekken.json";

    // The names of files that do not list them (versions before v7).
    static readonly string[] s_names =
    [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>",
        "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ];

    internal static TokenizerParts Read(ReadOnlySpan<byte> json, string file)
    {
        JsonPlace root;
        try
        {
            root = new JsonPlace(JsonElement.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false }), file, "$");
            return Read(root, file);
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{file}: not usable JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException($"{file}: a string is not valid Unicode; expected UTF-8 and paired surrogates", e);
        }
    }

    static TokenizerParts Read(JsonPlace root, string file)
    {
        JsonPlace config = root.Get("config");
        int size = config.Get("default_vocab_size").Number(1, Vocabulary.MaxId);
        int specials = config.Get("default_num_special_tokens").Number(0, size);
        JsonPlace list = root.Get("vocab");
        List<byte[]> ranked = [];
        foreach (JsonPlace token in list.Items())
        {
            if (ranked.Count == size - specials)
            {
                break;
            }

            token.Get("rank").Number(ranked.Count, ranked.Count);
            try
            {
                ranked.Add(Convert.FromBase64String(token.Get("token_bytes").Text()));
            }
            catch (FormatException)
            {
                throw token.Get("token_bytes").Unexpected("bytes in base64");
            }
        }

        string?[] names = new string?[specials];
        if (root.Find("special_tokens") is { } given)
        {
            foreach (JsonPlace token in given.Items())
            {
                int rank = token.Get("rank").Number(0, specials - 1);
                names[rank] = names[rank] is null ? token.Get("token_str").Text() : throw token.Problem($"rank {rank} is there twice");
            }
        }
        else
        {
            Array.Copy(s_names, names, Math.Min(s_names.Length, specials));
        }

        List<AddedToken> added = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int id = 0; id < specials; id++)
        {
            string name = names[id] ?? $"<SPECIAL_{id}>";
            if (name.Length == 0 || !seen.Add(name))
            {
                throw root.Problem($"the special token {QuotedText.Of(name)} is there twice, or is empty");
            }

            added.Add(new AddedToken(id, name, false, false, false, Normalized: false, Special: true));
        }

        return RankedTokenizer.Make(file, ranked, specials, added, config.Get("pattern").Text());
    }
}
