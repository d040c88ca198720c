namespace Octet.Server.Answers;

/// <summary>How free a model is to call tools.</summary>
enum ToolChoiceMode
{
    /// <summary>As it likes.</summary>
    Auto,

    /// <summary>It does not: it is told of no tools.</summary>
    None,

    /// <summary>It must call one.</summary>
    Required,
}
