using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Octet;

/// <summary>
/// The name of a model on the Hugging Face hub: <c>org/name</c> or <c>name</c>, then <c>@revision</c> where one is meant. The rules are
/// those of huggingface_hub (<c>utils/_validators.py</c>); a revision is a branch, a tag, a commit or <c>refs/pr/1</c>.
/// </summary>
public sealed partial record ModelId
{
    internal const string DefaultRevision = "main";

    const int MaxNameLength = 96;

    ModelId(string repository, string? revision)
    {
        Repository = repository;
        Revision = revision;
    }

    /// <summary><c>org/name</c>, or <c>name</c>.</summary>
    public string Repository { get; }

    /// <summary>A branch, a tag or a commit; null: the branch <c>main</c>.</summary>
    public string? Revision { get; }

    /// <summary>The revision, <c>main</c> where none is named.</summary>
    internal string RevisionOrMain => Revision ?? DefaultRevision;

    /// <summary>Reads an id.</summary>
    /// <returns>Whether the text is one; what names a directory by <c>.</c>, <c>..</c>, a root or a backslash is not.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelId? id)
    {
        id = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        int at = text.IndexOf('@', StringComparison.Ordinal);
        string repository = at < 0 ? text : text[..at];
        string? revision = at < 0 ? null : text[(at + 1)..];
        if (!IsRepository(repository) || (revision is not null && !IsRevision(revision)))
        {
            return false;
        }

        id = new ModelId(repository, revision);
        return true;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The text is not an id.</exception>
    public static ModelId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out ModelId? id)
            ? id
            : throw new FormatException($"'{OneLine.Of(text)}' is not the id of a model: expected org/name or org/name@revision, of letters, digits, '-', '_' and '.'");
    }

    /// <summary>The id as it is written: <c>org/name@revision</c>.</summary>
    public override string ToString() => Revision is null ? Repository : $"{Repository}@{Revision}";

    /// <summary>The same repository at another revision.</summary>
    internal ModelId At(string revision) => new(Repository, revision);

    static bool IsRepository(string text) =>
        RepositoryPattern.IsMatch(text)
        && text.Length - (text.IndexOf('/', StringComparison.Ordinal) + 1) <= MaxNameLength
        && !text.Contains("--", StringComparison.Ordinal)
        && !text.Contains("..", StringComparison.Ordinal)
        && !text.EndsWith(".git", StringComparison.OrdinalIgnoreCase);

    // A revision becomes a path below refs/: what git refuses in names of references is refused here too.
    static bool IsRevision(string text) =>
        RevisionPattern.IsMatch(text)
        && !text.Contains("..", StringComparison.Ordinal)
        && !text.EndsWith('.')
        && !text.EndsWith(".lock", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?/)?[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\z")]
    static partial Regex RepositoryPattern { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*\z")]
    static partial Regex RevisionPattern { get; }
}
