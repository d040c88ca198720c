using Octet.Tokenizers.PostProcessors;

namespace Octet.Tokenizers.Reading;

/// <summary>
/// The template that some of transformers' classes make of <c>add_bos_token</c> and <c>add_eos_token</c>, whatever <c>tokenizer.json</c> holds.
/// </summary>
/// <remarks>
/// Those with an <c>update_post_processor</c> of their own in transformers 4 (models/*/tokenization_*_fast.py); to all others, such as
/// Qwen2Tokenizer and PreTrainedTokenizerFast, the flags mean nothing. Transformers 5 drops the flags where there is a tokenizer.json,
/// and writes none. So a folder that has neither flag is left to its tokenizer.json.
/// </remarks>
static class ClassTemplate
{
    /// <summary>Null where tokenizer.json's own template stands.</summary>
    /// <param name="config">The folder's config.</param>
    /// <param name="idOf">The id of a token, or null.</param>
    internal static PostProcessor? Of(TokenizerConfig config, Func<string, int?> idOf)
    {
        if (config.File is not { } file || (!file.Has("add_bos_token") && !file.Has("add_eos_token")))
        {
            return null;
        }

        string? type = file.Get("tokenizer_class") is { } value ? file.Text(value, "tokenizer_class") : null;
        return DefaultBos(type) is { } bos
            ? PostProcessor.Around(Ids("add_bos_token", "bos_token", absent: bos), Ids("add_eos_token", "eos_token", absent: false))
            : null;

        // A flag without its token adds nothing, as in transformers since 5.2.
        int[] Ids(string flag, string name, bool absent) =>
            (file.Has(flag) ? file.Flag(flag) ?? false : absent) && config.Token(name) is { } token
                ? [idOf(token) ?? throw file.Problem($"{flag} adds the {name} {QuotedText.Of(token)}, which tokenizer.json does not have")]
                : [];
    }

    /// <summary>What stands around a text of a <c>tokenizer.model</c>, which does not say so itself.</summary>
    /// <exception cref="TokenizerException">The class is none of those that are known, so that its ids would be a guess.</exception>
    internal static PostProcessor OfModel(TokenizerConfig config, Func<string, int?> idOf, string path)
    {
        if (config.File is not { } file)
        {
            return PostProcessor.None;
        }

        string? type = file.Get("tokenizer_class") is { } value ? file.Text(value, "tokenizer_class") : null;
        bool endsText = type is "T5Tokenizer" or "T5TokenizerFast";
        if (!endsText && DefaultBos(type) is null)
        {
            throw new TokenizerException(
                $"{path}: what stands around a text is in the code of tokenizer_class {(type is null ? "(none)" : QuotedText.Of(type))} of {TokenizerConfig.Name}; supported: LlamaTokenizer, CodeLlamaTokenizer, GemmaTokenizer, CohereTokenizer, T5Tokenizer");
        }

        return PostProcessor.Around(
            Ids(file.Flag("add_bos_token") ?? !endsText, "bos_token"), Ids(file.Flag("add_eos_token") ?? endsText, "eos_token"));

        int[] Ids(bool added, string name) => added && config.Token(name) is { } token
            ? [idOf(token) ?? throw file.Problem($"the {name} {QuotedText.Of(token)} is not in {path}")]
            : [];
    }

    /// <summary>The class's default of <c>add_bos_token</c>; null for a class that heeds no flag.</summary>
    static bool? DefaultBos(string? type) => type switch
    {
        "LlamaTokenizer" or "LlamaTokenizerFast" or "CodeLlamaTokenizer" or "CodeLlamaTokenizerFast"
            or "GemmaTokenizer" or "GemmaTokenizerFast" or "CohereTokenizer" or "CohereTokenizerFast" => true,
        "GPTNeoXTokenizer" or "GPTNeoXTokenizerFast" => false,
        _ => null,
    };
}
