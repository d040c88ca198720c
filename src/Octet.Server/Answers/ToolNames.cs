namespace Octet.Server.Answers;

/// <summary>Names of tools that lie in a namespace, as a model knows them: models know one name for a tool.</summary>
static class ToolNames
{
    // Where clients put what lies in none.
    const string Usual = "functions";
    const string Between = "__";

    internal static string Flat(string? space, string name)
        => string.IsNullOrEmpty(space) || space == Usual ? name : space.EndsWith(Between, StringComparison.Ordinal) ? space + name : space + Between + name;
}
