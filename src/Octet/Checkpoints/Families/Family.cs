namespace Octet.Checkpoints.Families;

/// <summary>A model family: the classes in <c>architectures</c> that it is read for, and how.</summary>
/// <param name="Architecture">The class of the text model; null: it is known inside multimodal ones alone.</param>
/// <param name="ModelType">Its <c>model_type</c>, by which a multimodal checkpoint names it.</param>
/// <param name="Read">What the keys say, as parts.</param>
/// <param name="Defaults">What its class takes for absent keys.</param>
sealed record Family(string? Architecture, string ModelType, Func<FamilyConfig, DecoderSpec> Read, FamilyDefaults? Defaults = null)
{
    static readonly string[] s_tower = ["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."];

    /// <summary>Every family that can be run: the one place where architectures are told apart.</summary>
    internal static IReadOnlyList<Family> All { get; } =
    [
        new("Qwen3ForCausalLM", "qwen3", Qwen3.Read),
        new("Qwen2ForCausalLM", "qwen2", Qwen2.Read),
        new("LlamaForCausalLM", "llama", Llama.Read),
        new("SeedOssForCausalLM", "seed_oss", Llama.ReadSeed, Llama.SeedDefaults),
        new("MistralForCausalLM", "mistral", Mistral.Read),
        new("Ministral3ForCausalLM", "ministral3", Mistral.ReadMinistral),
        new("Phi3ForCausalLM", "phi3", Phi3.Read),
        new("PhimoeForCausalLM", "phimoe", Phimoe.Read, Phimoe.Defaults),
        new("PhiMoEForCausalLM", "phimoe", Phimoe.Read, Phimoe.Defaults),
        new("DeepseekV3ForCausalLM", "deepseek_v3", DeepSeekV3.Read, DeepSeekV3.Defaults),
        new("Glm4MoeLiteForCausalLM", "glm4_moe_lite", DeepSeekV3.ReadGlmLite, DeepSeekV3.Defaults),
        new("Gemma3ForCausalLM", "gemma3_text", Gemma3.Read, Gemma3.Defaults),
        new("Gemma4ForCausalLM", "gemma4_text", Gemma4.Read, Gemma4.Defaults),
        new("Gemma4UnifiedForCausalLM", "gemma4_unified_text", Gemma4.ReadUnified, Gemma4.UnifiedDefaults),
        new("Qwen3MoeForCausalLM", "qwen3_moe", Qwen3Moe.Read),
        new("Glm4MoeForCausalLM", "glm4_moe", Glm4Moe.Read),
        new("GptOssForCausalLM", "gpt_oss", GptOss.Read),
        new("NemotronHForCausalLM", "nemotron_h", NemotronH.Read, NemotronH.Defaults),
        new("GraniteMoeHybridForCausalLM", "granitemoehybrid", GraniteHybrid.Read, Granite.Defaults),
        new("FalconH1ForCausalLM", "falcon_h1", FalconH1.Read, FalconH1.Defaults),
        new("Lfm2ForCausalLM", "lfm2", Lfm2.Read, Lfm2.Defaults),
        new("Lfm2MoeForCausalLM", "lfm2_moe", Lfm2.ReadMixture, Lfm2.Defaults),
        new("Qwen3NextForCausalLM", "qwen3_next", Qwen3Next.Read),
        new("KimiLinearForCausalLM", "kimi_linear", KimiLinear.Read, KimiLinear.Defaults),
        new("Qwen3_5ForCausalLM", "qwen3_5_text", Qwen3Next.Read),
        new("Qwen3_5MoeForCausalLM", "qwen3_5_moe_text", Qwen3Next.Read),
        new("Gemma2ForCausalLM", "gemma2", Gemma2.Read, Gemma2.Defaults),
        new("ArceeForCausalLM", "arcee", Arcee.Read, Arcee.Defaults),
        new("NemotronForCausalLM", "nemotron", Arcee.ReadNemotron, Arcee.NemotronDefaults),
        new("Llama4ForCausalLM", "llama4_text", Llama4.Read, Llama4.Defaults),
        new("ApertusForCausalLM", "apertus", Apertus.Read, Apertus.Defaults),
        new("MixtralForCausalLM", "mixtral", Mixtral.Read, Mixtral.Defaults),
        new("MiniMaxM2ForCausalLM", "minimax_m2", Mixtral.ReadMiniMax, Mixtral.MiniMaxDefaults),
        new("HunYuanMoEV1ForCausalLM", "hunyuan_v1_moe", Hunyuan.ReadMixture, Hunyuan.Defaults),
        new("ExaoneMoEForCausalLM", "exaone_moe", ExaoneMoe.Read, Exaone4.Defaults),
        new("ExaoneMoeForCausalLM", "exaone_moe", ExaoneMoe.Read, Exaone4.Defaults),
        new("Ernie4_5_MoeForCausalLM", "ernie4_5_moe", Ernie45.ReadMixture, Ernie45.MixtureDefaults),
        new("Mistral4ForCausalLM", "mistral4", DeepSeekV3.ReadMistral, DeepSeekV3.Defaults),
        new("FlexOlmoForCausalLM", "flex_olmo", Qwen2Moe.ReadFlexOlmo, Qwen2Moe.FlexOlmoDefaults),
        new("GraniteMoeForCausalLM", "granitemoe", Granite.ReadMixture, Granite.Defaults),
        new("GraniteMoeSharedForCausalLM", "granitemoeshared", Granite.ReadMixture, Granite.Defaults),
        new("Qwen2MoeForCausalLM", "qwen2_moe", Qwen2Moe.Read),
        new("OlmoeForCausalLM", "olmoe", Qwen2Moe.ReadOlmo, Qwen2Moe.OlmoDefaults),
        new(null, "qwen2_vl_text", Qwen2.Read),
        new(null, "qwen2_vl", Qwen2.Read),
        new(null, "qwen2_5_vl_text", Qwen2.Read),
        new(null, "qwen2_5_vl", Qwen2.Read),
        new(null, "qwen3_vl_text", Qwen3.Read, Qwen3.VisionDefaults),
        new(null, "qwen3_vl_moe_text", Qwen3Moe.ReadVision, Qwen3.VisionDefaults),
        new(null, "glm4v_moe_text", Glm4Moe.ReadVision),
        new("SmolLM3ForCausalLM", "smollm3", SmolLm3.Read, SmolLm3.Defaults),
        new("Olmo2ForCausalLM", "olmo2", Olmo.Read, Olmo.Defaults),
        new("Olmo3ForCausalLM", "olmo3", Olmo.ReadWithWindows, Olmo.Defaults),
        new("Exaone4ForCausalLM", "exaone4", Exaone4.Read, Exaone4.Defaults),
        new("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", Hunyuan.Read, Hunyuan.Defaults),
        new("GraniteForCausalLM", "granite", Granite.Read, Granite.Defaults),
        new("GlmForCausalLM", "glm", Glm4.Read, Glm4.Defaults),
        new("Glm4ForCausalLM", "glm4", Glm4.ReadNormed, Glm4.Defaults),
        new("CohereForCausalLM", "cohere", Cohere.Read, Cohere.Defaults),
        new("Cohere2ForCausalLM", "cohere2", Cohere.ReadWithWindows, Cohere.Defaults),
        new("Ernie4_5ForCausalLM", "ernie4_5", Ernie45.Read, Ernie45.Defaults),
    ];

    /// <summary>Classes of the same models without an output layer, as embedding models are stored, with those that read them.</summary>
    internal static IReadOnlyDictionary<string, string> Headless { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Qwen3Model"] = "Qwen3ForCausalLM",
        ["Qwen2Model"] = "Qwen2ForCausalLM",
        ["LlamaModel"] = "LlamaForCausalLM",
        ["MistralModel"] = "MistralForCausalLM",
    };

    /// <summary>Multimodal classes whose text model is one of <see cref="All"/>, with the beginnings of the tensors that are left.</summary>
    internal static IReadOnlyDictionary<string, string[]> Wrappers { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Mistral3ForConditionalGeneration"] = s_tower,
        ["Llama4ForConditionalGeneration"] = ["vision_model.", "multi_modal_projector.", "model.vision_model.", "model.multi_modal_projector."],
        ["LlavaForConditionalGeneration"] = s_tower,
        ["LlavaNextForConditionalGeneration"] = [.. s_tower, "image_newline", "model.image_newline"],
        ["InternVLForConditionalGeneration"] = s_tower,
        ["AyaVisionForConditionalGeneration"] = s_tower,
        ["Cohere2VisionForConditionalGeneration"] = s_tower,
        ["Lfm2VlForConditionalGeneration"] = s_tower,
        ["Qwen2VLForConditionalGeneration"] = ["visual.", "model.visual."],
        ["Qwen2_5_VLForConditionalGeneration"] = ["visual.", "model.visual."],
        ["Qwen3VLForConditionalGeneration"] = ["model.visual."],
        ["Qwen3VLMoeForConditionalGeneration"] = ["model.visual."],
        ["Glm4vMoeForConditionalGeneration"] = ["model.visual."],
        ["Qwen3_5ForConditionalGeneration"] = ["model.visual."],
        ["Qwen3_5MoeForConditionalGeneration"] = ["model.visual."],
        ["Gemma4UnifiedForConditionalGeneration"] = ["model.vision_embedder.", "model.embed_vision.", "model.embed_audio."],
        ["Gemma4ForConditionalGeneration"] = ["model.vision_tower.", "model.audio_tower.", "model.embed_vision.", "model.embed_audio."],
        ["Gemma3ForConditionalGeneration"] = s_tower,
    };
}
