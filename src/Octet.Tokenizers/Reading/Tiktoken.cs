using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Octet.Tokenizers.Normalizers;
using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// Makes a tokenizer of a list of ranks, a line each of a token in base64 and its rank. The list does not say how texts are cut nor which
/// tokens are special: that is in the code of the class that <c>tokenizer_config.json</c> names, of which these are known here.
/// </summary>
static class Tiktoken
{
    const string KimiPattern =
        @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?" +
        @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?" +
        @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The list of ranks of a folder; null where there is none.</summary>
    internal static string? Find(string directory)
    {
        string kimi = Path.Combine(directory, "tiktoken.model");
        return File.Exists(kimi) ? kimi : Directory.EnumerateFiles(directory, "*.tiktoken").Order(StringComparer.Ordinal).FirstOrDefault();
    }

    internal static TokenizerParts Read(ReadOnlySpan<byte> lines, string file, TokenizerConfig config)
    {
        List<byte[]> ranked = Ranks(lines, file);
        string? type = config.File?.Get("tokenizer_class") is { } value ? config.File.Text(value, "tokenizer_class") : null;
        return type switch
        {
            "QWenTokenizer" => RankedTokenizer.Make(file, ranked, 0, QwenTokens(ranked.Count), WordPattern.QwenText, new UnicodeNormalizer(NormalizationForm.FormC)),
            "TikTokenTokenizer" => RankedTokenizer.Make(file, ranked, 0, KimiTokens(ranked.Count, config, file), KimiPattern),
            _ => throw new TokenizerException(
                $"{file}: how texts are cut is in the code of tokenizer_class {(type is null ? "(none)" : QuotedText.Of(type))} of {TokenizerConfig.Name}; supported: QWenTokenizer, TikTokenTokenizer (Kimi)"),
        };
    }

    static List<byte[]> Ranks(ReadOnlySpan<byte> lines, string file)
    {
        List<byte[]> ranked = [];
        int number = 0;
        while (!lines.IsEmpty)
        {
            number++;
            int end = lines.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = (end < 0 ? lines : lines[..end]).TrimEnd((byte)'\r');
            lines = end < 0 ? default : lines[(end + 1)..];
            if (line.IsEmpty)
            {
                continue;
            }

            int space = line.IndexOf((byte)' ');
            byte[] token = new byte[Math.Max(0, Base64.GetMaxDecodedFromUtf8Length(Math.Max(0, space)))];
            if (space <= 0 || Base64.DecodeFromUtf8(line[..space], token, out _, out int written) != System.Buffers.OperationStatus.Done
                || !Utf8Parser.TryParse(line[(space + 1)..], out int rank, out int consumed) || consumed != line.Length - space - 1 || rank != ranked.Count)
            {
                throw new TokenizerException($"{file}: line {number}: expected a token in base64, a space and rank {ranked.Count}");
            }

            ranked.Add(token[..written]);
        }

        return ranked;
    }

    // tokenization_qwen.py: the special tokens stand behind the ranks.
    static List<AddedToken> QwenTokens(int first)
    {
        string[] names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", .. Enumerable.Range(0, 205).Select(static i => $"<|extra_{i}|>")];
        return [.. names.Select((name, i) => Special(first + i, name))];
    }

    // tokenization_kimi.py: 256 reserved tokens behind the ranks, some of which the config names.
    static List<AddedToken> KimiTokens(int first, TokenizerConfig config, string file)
    {
        const int Reserved = 256;
        string?[] names = new string?[Reserved];
        if (config.File!.Get("added_tokens_decoder") is { ValueKind: JsonValueKind.Object } named)
        {
            foreach (JsonProperty token in named.EnumerateObject())
            {
                if (int.TryParse(token.Name, out int id) && id >= first && id < first + Reserved && token.Value.ValueKind == JsonValueKind.Object
                    && token.Value.TryGetProperty("content", out JsonElement content))
                {
                    names[id - first] = config.File.Text(content, $"added_tokens_decoder.{id}.content");
                }
            }
        }

        List<AddedToken> tokens = [.. names.Select((name, i) => Special(first + i, name ?? $"<|reserved_token_{first + i}|>"))];
        return tokens.DistinctBy(static token => token.Content).Count() == tokens.Count
            ? tokens
            : throw new TokenizerException($"{file}: added_tokens_decoder of {TokenizerConfig.Name} names a token twice");
    }

    static AddedToken Special(int id, string name) => new(id, name, false, false, false, Normalized: false, Special: true);
}
