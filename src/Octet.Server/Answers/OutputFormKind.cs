namespace Octet.Server.Answers;

/// <summary>Kinds of forms that an answer's text may have.</summary>
enum OutputFormKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>The text of some JSON object.</summary>
    JsonObject,

    /// <summary>The text of JSON that a schema describes.</summary>
    JsonSchema,
}
