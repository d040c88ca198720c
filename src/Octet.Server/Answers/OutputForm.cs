using System.Text.Json.Nodes;

namespace Octet.Server.Answers;

/// <summary>The form that an answer's text must have.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Schema">Of <see cref="OutputFormKind.JsonSchema"/>: the schema.</param>
/// <param name="Path">Where the request says it.</param>
readonly record struct OutputForm(OutputFormKind Kind, JsonNode? Schema, string Path);
