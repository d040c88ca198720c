namespace Octet.Server.Answers;

/// <summary>Which tools a model may call, or must.</summary>
/// <param name="Mode">How free it is.</param>
/// <param name="Name">The tool that it must call; null: any.</param>
/// <param name="Allowed">Those of the tools that it may call; null: all.</param>
readonly record struct ToolChoice(ToolChoiceMode Mode, string? Name = null, IReadOnlySet<string>? Allowed = null);
