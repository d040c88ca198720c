namespace Octet.Output;

/// <summary>How a format writes a call in tags, a pair for each argument. White space may stand between them.</summary>
/// <param name="NameOpen">In front of the name; empty: nothing.</param>
/// <param name="NameClose">Behind the name; empty: the name ends where its line or the next tag does.</param>
/// <param name="KeyOpen">In front of an argument's name.</param>
/// <param name="KeyClose">Behind it.</param>
/// <param name="ValueOpen">In front of its value; empty: nothing.</param>
/// <param name="ValueClose">Behind it.</param>
/// <param name="CallClose">Behind the last argument.</param>
sealed record TagSyntax(string NameOpen, string NameClose, string KeyOpen, string KeyClose, string ValueOpen, string ValueClose, string CallClose)
{
    /// <summary>Whether a line break belongs to the tag before a value, and to the one behind it.</summary>
    internal bool HasOwnLines { get; init; }

    /// <summary>What follows <see cref="KeyClose"/> where the value is a text; then <see cref="OtherValue"/> where it is JSON. Null: nothing tells.</summary>
    internal string? TextValue { get; init; }

    internal string? OtherValue { get; init; }

    /// <summary>Qwen3-Coder, Qwen3.5, Nemotron 3, Step 3.5.</summary>
    internal static TagSyntax Qwen { get; } = new("<function=", ">", "<parameter=", ">", "", "</parameter>", "</function>") { HasOwnLines = true };

    internal static TagSyntax Seed { get; } = Qwen with { HasOwnLines = false };

    /// <summary>GLM from 4.5 on.</summary>
    internal static TagSyntax Glm { get; } = new("", "", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "</tool_call>");

    /// <summary>Hunyuan from Hy3 on.</summary>
    internal static TagSyntax Hunyuan { get; } = Glm with { NameOpen = "<tool_call>", NameClose = "<tool_sep>" };

    /// <summary>MiniMax-M2.</summary>
    internal static TagSyntax MiniMax { get; } = new("<invoke name=\"", "\">", "<parameter name=\"", "\">", "", "</parameter>", "</invoke>");

    /// <summary>DeepSeek V3.2 and V4.</summary>
    internal static TagSyntax DeepSeek { get; } =
        new("<｜DSML｜invoke name=\"", "\">", "<｜DSML｜parameter name=\"", "\" string=\"", "", "</｜DSML｜parameter>", "</｜DSML｜invoke>") { TextValue = "true\">", OtherValue = "false\">" };
}
