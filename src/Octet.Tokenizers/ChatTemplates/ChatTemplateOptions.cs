namespace Octet.Tokenizers.ChatTemplates;

/// <summary>The limits under which a chat template runs, and its clock. A template is data from a stranger: every limit ends in a <see cref="ChatTemplateException"/>.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>The limits that hold where none are given.</summary>
    public static ChatTemplateOptions Default { get; } = new();

    /// <summary>The longest rendered text, and the longest string a template may build, in UTF-16 units. 32 Mi.</summary>
    public int MaxOutputCharacters { get; init; } = 32 << 20;

    /// <summary>
    /// The work of one rendering: one step for each node evaluated, each element produced or visited, and each 16 characters
    /// produced. 20 million, which takes a few seconds at most.
    /// </summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>How deep macros and recursive loops may call, and how deep lists and dictionaries may nest. 200.</summary>
    public int MaxDepth { get; init; } = 200;

    /// <summary>How deep blocks, brackets and operators may nest in the template's text. 200.</summary>
    public int MaxParseDepth { get; init; } = 200;

    /// <summary>The longest template, in UTF-16 units. 4 Mi.</summary>
    public int MaxTemplateCharacters { get; init; } = 4 << 20;

    /// <summary>The clock of <c>strftime_now</c>, which formats its local time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
