namespace Octet.Tokenizers.Decoders;

/// <summary>WordPiece: a space before each token but the first and those that continue a word.</summary>
sealed class WordPieceStage(string prefix, bool cleanup, DecodeStage next) : WholeTokenStage(next)
{
    static readonly (string Old, string Now)[] s_replacements =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    bool _first = true;

    /// <summary>Takes spaces out that stand before punctuation and English endings, in the order of the reference.</summary>
    internal static string Clean(string text)
    {
        foreach ((string old, string now) in s_replacements)
        {
            text = text.Replace(old, now, StringComparison.Ordinal);
        }

        return text;
    }

    protected override void Take(string token)
    {
        if (!_first)
        {
            token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        }

        _first = false;
        Pass(cleanup ? Clean(token) : token);
    }
}
