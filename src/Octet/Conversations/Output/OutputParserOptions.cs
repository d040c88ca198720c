using System.Text.Json.Nodes;

namespace Octet.Output;

/// <summary>What an <see cref="OutputParser"/> is to do.</summary>
/// <param name="Tools">The tools that the model was given; null: none are known.</param>
/// <param name="LeftOpen">The closing mark of the reasoning that the prompt has opened; null: none.</param>
/// <param name="Head">What of the answer the prompt holds.</param>
/// <param name="SeparatesReasoning">Whether reasoning comes apart; else it is text, marks included.</param>
/// <param name="SeparatesCalls">Whether calls come apart; else they are text, marks included.</param>
sealed record OutputParserOptions(JsonNode? Tools, string? LeftOpen, string Head, bool SeparatesReasoning, bool SeparatesCalls);
