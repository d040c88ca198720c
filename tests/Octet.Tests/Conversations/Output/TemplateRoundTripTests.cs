using System.Text.Json.Nodes;
using Octet.Testing;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tests.Conversations.Output;

/// <summary>What a published template renders for an assistant's message is the same message to the parser of the template's format.</summary>
public class TemplateRoundTripTests
{
    // Each template, its format, and what of a message with reasoning, text and two calls it renders; the rest it leaves out or refuses
    // (Kimi's changes a list, which the sandbox forbids; R1's wants arguments as a text).
    static readonly Dictionary<string, (string Format, Reasons Reasoning, bool Text, int Calls)> s_templates = new(StringComparer.Ordinal)
    {
        ["Apertus-8B-Instruct"] = ("apertus", Reasons.Never, true, 2),
        ["ByteDance-Seed-OSS"] = ("seed", Reasons.Always, true, 2),
        ["CohereForAI-c4ai-command-r7b-12-2024-tool_use"] = ("command", Reasons.Never, false, 2),
        ["GLM-4.6"] = ("glm", Reasons.Always, true, 2),
        ["GLM-5.2"] = ("glm", Reasons.Always, true, 2),
        ["Kimi-K2-Instruct"] = ("kimi", Reasons.Never, true, 0),
        ["Mistral-Small-3.2-24B-Instruct-2506"] = ("mistral", Reasons.Never, false, 2),
        ["NousResearch-Hermes-3-Llama-3.1-8B-tool_use"] = ("hermes", Reasons.Never, false, 2),
        ["NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"] = ("qwen-xml", Reasons.Always, true, 2),
        ["Qwen-QwQ-32B"] = ("hermes", Reasons.Never, true, 2),
        ["Qwen-Qwen2.5-7B-Instruct"] = ("hermes", Reasons.Never, true, 2),
        ["Qwen3-Coder"] = ("qwen-xml", Reasons.Never, true, 2),
        ["Qwen3.5-4B"] = ("qwen-xml", Reasons.Always, true, 2),
        ["deepseek-ai-DeepSeek-R1-Distill-Llama-8B"] = ("deepseek", Reasons.Never, false, 0),
        ["deepseek-ai-DeepSeek-V3.1"] = ("deepseek", Reasons.Never, true, 2),
        ["deepseek-ai-DeepSeek-V3.2"] = ("deepseek-dsml", Reasons.Always, true, 2),
        ["google-gemma-4-31B-it"] = ("gemma", Reasons.WithCalls, false, 2),
        ["meta-llama-Llama-3.1-8B-Instruct"] = ("llama", Reasons.Never, false, 1),
        ["meta-llama-Llama-3.2-3B-Instruct"] = ("llama", Reasons.Never, false, 1),
        ["meta-llama-Llama-3.3-70B-Instruct"] = ("llama", Reasons.Never, false, 1),
        ["mistralai-Ministral-3-14B-Reasoning-2512"] = ("mistral", Reasons.Never, true, 2),
        ["mistralai-Mistral-Nemo-Instruct-2407"] = ("mistral", Reasons.Never, false, 2),
        ["openai-gpt-oss-120b"] = ("harmony", Reasons.Always, false, 1),
        ["unsloth-mistral-Devstral-Small-2507"] = ("mistral", Reasons.Never, true, 2),
    };

    enum Reasons
    {
        Never,
        WithCalls,
        Always,
    }

    static readonly JsonNode s_tools = JsonNode.Parse("""
        [{"type":"function","function":{"name":"get_weather","description":"Weather","parameters":{"type":"object","properties":{
          "city":{"type":"string","description":"The city"},"days":{"type":"integer","description":"Days"},"dry":{"type":"boolean","description":"Dry"}},"required":["city"]}}}]
        """)!;

    public static TheoryData<string> Templates => [.. s_templates.Keys];

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_rendered_message_is_taken_apart_into_the_same_message(string name)
    {
        (string formatName, Reasons reasons, bool hasText, int calls) = s_templates[name];
        ChatTemplate template = Load(name);
        OutputFormat format = OutputFormat.Of(template);
        Assert.Equal(formatName, format.Name);
        ChatToolCall[] both =
        [
            new("get_weather", """{"city": "Zürich \"x\" <b>&'\n{", "days": 3, "dry": true}""") { Id = "abcdef123" },
            new("get_weather", """{"city": "12"}""") { Id = "abcdef124" },
        ];
        foreach ((string? text, string? reasoning, int count) in (ReadOnlySpan<(string?, string?, int)>)
            [("Two\n lines <x> of text.", null, 0), (null, null, calls), ("Calling.", null, calls), ("So.", "Why\n not?", 0), (null, "Why?", calls), ("So.", "Why?", calls)])
        {
            if (text is null && count == 0)
            {
                continue;
            }

            if ((text is not null && count > 0 && !hasText) || (reasoning is not null && (reasons == Reasons.Never || (count == 0 && reasons == Reasons.WithCalls))))
            {
                continue;
            }

            var turn = new ChatTurn("assistant", text ?? "") { ReasoningContent = reasoning, ToolCalls = count == 0 ? null : both[..count] };
            string written = Answer(template, turn, out string prompt, out string? leftOpen);
            Random random = new(20261129);
            foreach (IEnumerable<string> pieces in (IEnumerable<string>[])[[written], OutputRun.Every(written, 1), OutputRun.AtRandom(written, random)])
            {
                ChatTurn found = OutputRun.Parse(format, pieces, s_tools, leftOpen, format.Name == "harmony" ? "assistant" : "").Turn;
                string ids(ChatTurn turn) => OutputRun.Show(turn with { ToolCalls = turn.ToolCalls?.Select(static call => call with { Id = null }).ToList() });
                Assert.True(ids(turn) == ids(found), $"{prompt}\n>>>{written}<<<\nexpected {ids(turn)}\nfound {ids(found)}");
            }
        }
    }

    [Fact]
    public void Every_template_that_marks_calls_has_a_format()
    {
        // These know no calls, or no marks for them.
        string[] none = ["HuggingFaceTB-SmolLM3-3B", "gemma3n", "google-gemma-2-2b-it", "microsoft-Phi-3.5-mini-instruct", "mistralai_Mixtral-8x7B-Instruct-v0.1"];

        // These name calls to the model, and write none themselves.
        Dictionary<string, string> named = new() { ["LFM2.5-Instruct"] = "lfm", ["ibm-granite-granite-3.3-2B-Instruct"] = "granite" };
        foreach (string path in Directory.GetFiles(Fixtures.Path("templates"), "*.jinja"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            string expected = none.Contains(name) ? "plain" : named.GetValueOrDefault(name) ?? s_templates[name].Format;
            Assert.Equal((name, expected), (name, OutputFormat.Of(File.ReadAllText(path)).Name));
        }
    }

    static ChatTemplate Load(string name) => ChatTemplate.Parse(File.ReadAllText(Fixtures.Path("templates", name + ".jinja")), name);

    /// <summary>What of the rendered conversation the model would have written: what stands between the prompt and what ends a message.</summary>
    static string Answer(ChatTemplate template, ChatTurn turn, out string prompt, out string? leftOpen)
    {
        JsonObject user = new() { ["role"] = "user", ["content"] = "Weather?" };
        JsonObject assistant = ChatTurnJson.ForTemplate(turn, knowsParts: false);

        // Names by which some templates know reasoning.
        foreach (string key in turn.ReasoningContent is null ? [] : (string[])["reasoning", "thinking"])
        {
            assistant[key] = turn.ReasoningContent;
        }

        Dictionary<string, JsonNode?> variables = new() { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["thinking"] = turn.ReasoningContent is not null };
        string Render(JsonNode?[] messages, bool prompt) => template.Render(
            new JsonArray([.. messages.Select(static message => message!.DeepClone())]),
            new RenderOptions { Tools = s_tools.DeepClone(), AddGenerationPrompt = prompt, Variables = variables });
        string all = Render([user, assistant], prompt: false);
        prompt = Render([user], prompt: true);
        int length = prompt.AsSpan().CommonPrefixLength(all);
        int open = prompt.LastIndexOf("<think>", StringComparison.Ordinal);

        // Where the prompt writes reasoning that is closed, and the message its own, the message is what counts.
        if (length < prompt.Length && open >= 0 && open <= length)
        {
            length = open;
        }

        // Nor does the prompt end within a mark.
        int mark = all.LastIndexOf('<', Math.Max(0, length - 1));
        length = mark >= 0 && !all.AsSpan(mark..length).Contains('>') ? mark : length;

        prompt = all[..length];
        leftOpen = ReasoningMarks.LeftOpen(prompt[(prompt.LastIndexOf('>', Math.Max(0, prompt.LastIndexOf("<think>", StringComparison.Ordinal) - 1)) + 1)..], isAnswer: true);
        string answer = all[length..];
        string[] ends = ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "</s>", "<｜end▁of▁sentence｜>", "<seed:eos>", "<turn|>", "<|END_OF_TURN_TOKEN|>", "<|assistant_end|>", "<|return|>", "<|tool_response>"];
        return answer[..ends.Select(end => answer.IndexOf(end, StringComparison.Ordinal)).Where(static at => at >= 0).Append(answer.Length).Min()];
    }
}
