namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The limits under which a chat template runs, and its clock. A template is data from a stranger: every limit ends in a <see cref="ChatTemplateException"/>.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>The limits that hold where none are given.</summary>
    public static ChatTemplateOptions Default { get; } = new();

    /// <summary>
    /// The longest rendered text, and the longest string a template may build, in UTF-16 units. 32 Mi. All texts and lists of a rendering
    /// together take at most 32 bytes for each of these, and 256 for each character it was given.
    /// </summary>
    public int MaxOutputCharacters { get; init; } = 32 << 20;

    /// <summary>
    /// The work of one rendering: one step for each node evaluated, each element produced or visited, each 16 characters looked at,
    /// 64 copied or 256 compared, and for as many digits of long numbers as take as long. 20 million, which takes a few seconds at
    /// most. <see cref="MaxStepsPerCharacter"/> adds to it.
    /// </summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>The steps that each character of the conversation, the tools and the variables adds to <see cref="MaxSteps"/>, so that a conversation of any length renders. 64.</summary>
    public int MaxStepsPerCharacter { get; init; } = 64;

    /// <summary>How deep macros, recursive loops and iterators over iterators may call, and how deep lists and dictionaries may nest. 200.</summary>
    public int MaxDepth { get; init; } = 200;

    /// <summary>How deep blocks, brackets and operators may nest in the template's text. 200. A chain of operators, subscripts or calls without brackets may be ten times as long.</summary>
    public int MaxParseDepth { get; init; } = 200;

    /// <summary>The longest template, in UTF-16 units. 4 Mi.</summary>
    public int MaxTemplateCharacters { get; init; } = 4 << 20;

    /// <summary>The clock of <c>strftime_now</c>, which formats its local time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
