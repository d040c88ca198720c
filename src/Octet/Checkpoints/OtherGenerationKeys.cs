using System.Text.Json;

namespace Octet.Checkpoints;

/// <summary>
/// The keys of Transformers' <c>GenerationConfig</c> that Octet does not follow: those that would change the output, which are refused unless they
/// say «off», and those that cannot, with the reason. As of Transformers 5 (<c>generation/configuration_utils.py</c>), and 4 for what 5 has dropped.
/// </summary>
static class OtherGenerationKeys
{
    // Off is null, false, 0, -1, "", [] or {}, and what the last column says.
    static readonly (string Key, bool SamplingOnly, Func<double, bool> IsOff)[] s_refused =
    [
        // Other ways to search for a text.
        ("num_beams", false, x => x <= 1),
        ("penalty_alpha", false, x => x <= 0),
        ("dola_layers", false, _ => false),
        ("constraints", false, _ => false),
        ("force_words_ids", false, _ => false),
        ("guidance_scale", false, x => x == 1),
        ("token_healing", false, _ => false),

        // Other changes of the logits.
        ("encoder_repetition_penalty", false, x => x == 1),
        ("encoder_no_repeat_ngram_size", false, _ => false),
        ("forced_bos_token_id", false, _ => false),
        ("forced_eos_token_id", false, _ => false),
        ("forced_decoder_ids", false, _ => false),
        ("watermarking_config", false, _ => false),

        // Other filters of what is drawn from. The cutoffs are in effect between 0 and 1 only.
        ("top_h", true, _ => false),
        ("epsilon_cutoff", true, x => x is <= 0 or >= 1),
        ("eta_cutoff", true, x => x is <= 0 or >= 1),

        // Another end.
        ("max_time", false, x => x <= 0),

        // Arguments of the model itself: anything at all.
        ("generation_kwargs", false, _ => false),
    ];

    static readonly string[] s_harmless =
    [
        // In effect with several beams only, and those are refused.
        "num_beam_groups", "diversity_penalty", "length_penalty", "early_stopping", "low_memory",

        // Log-probabilities instead of logits: the same order, and after the softmax the same distribution.
        "renormalize_logits",

        // Logits that are not finite are an error here, whatever the file wants made of them.
        "remove_invalid_values",

        // How many texts, and what beside them, a call returns: here one text.
        "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate",

        // Where keys and values are kept, in what steps the prompt is read, what is compiled.
        "use_cache", "cache_implementation", "cache_config", "max_cache_len", "return_legacy_cache", "prefill_chunk_size", "continuous_batching_config",
        "compile_config", "disable_compile",

        // Guessing ahead, which makes generation faster and leaves the distribution as it is; a second model, which there is none of.
        "use_mtp", "speculation_type", "prompt_lookup_num_tokens", "max_matching_ngram_size", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule",
        "assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind", "assistant_ensemble_weight",

        // Of models with an encoder.
        "decoder_start_token_id",

        // About the file itself.
        "transformers_version", "_from_model_config", "_commit_hash", "_original_object_hash",
    ];

    internal static bool IsKnown(string key) => s_harmless.Contains(key) || Array.Exists(s_refused, entry => entry.Key == key);

    /// <summary>Whether a key has an effect only where tokens are drawn by chance.</summary>
    internal static bool IsSamplingOnly(string key) => Array.Exists(s_refused, entry => entry.Key == key && entry.SamplingOnly);

    /// <summary>Those that the file sets to something else than «off».</summary>
    /// <param name="json">The file.</param>
    /// <param name="samples">Whether the file asks for sampling.</param>
    internal static IEnumerable<RefusedSetting> Refused(ConfigObject json, bool samples)
    {
        foreach ((string key, _, Func<double, bool> isOff) in s_refused)
        {
            if (json.Find(key) is { } value && !IsOff(value, isOff) && (key != "penalty_alpha" || IsContrastive(json, samples)))
            {
                yield return new RefusedSetting(key, json.Unsupported(key, isOff(1) && !isOff(2) ? "absent or 1" : "absent or null"));
            }
        }
    }

    /// <summary>Contrastive search is a way of greedy generation that weighs at least two candidates.</summary>
    static bool IsContrastive(ConfigObject json, bool samples)
        => !samples && !(json.Find("top_k") is { ValueKind: JsonValueKind.Number } k && k.TryGetDouble(out double candidates) && candidates <= 1);

    static bool IsOff(JsonElement value, Func<double, bool> isOff) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && (number is 0 or -1 || isOff(number)),
        JsonValueKind.String => value.ValueEquals(""),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
