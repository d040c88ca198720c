
namespace Octet.Tokenizers.Models;

/// <summary>
/// The token for what a vocabulary does not have. A file may name one that it lacks, and is refused only once a text needs it, as in the
/// reference.
/// </summary>
/// <param name="content">As in the file; null where it names none.</param>
/// <param name="id">Its id, or -1.</param>
/// <param name="file">What messages call the file.</param>
sealed class UnknownToken(string? content, int id, string file)
{
    /// <summary>-1 where there is none.</summary>
    internal int Id => id;

    /// <summary>Whether the file names one.</summary>
    internal bool IsNamed => content is not null;

    /// <exception cref="TokenizerException">There is none.</exception>
    internal int Require() => id >= 0 ? id : throw new TokenizerException(content is null
        ? $"{file}: model: the text holds what the vocabulary does not, and the file names no unknown token for it"
        : $"{file}: model: the text holds what the vocabulary does not, and the unknown token {QuotedText.Of(content)} is not in the vocabulary either");
}
