namespace Octet.Tokenizers.Decoders;

/// <summary>CTC: of equal tokens in a row one counts, padding vanishes, and with <paramref name="cleanup"/> the delimiter of words becomes a space.</summary>
sealed class ConnectionistStage(string pad, string delimiter, bool cleanup, DecodeStage next) : WholeTokenStage(next)
{
    string? _before;

    protected override void Take(string token)
    {
        if (token == _before)
        {
            return;
        }

        _before = token;
        string text = pad.Length == 0 ? token : token.Replace(pad, "", StringComparison.Ordinal);
        if (cleanup)
        {
            text = WordPieceStage.Clean(text).Replace(delimiter, " ", StringComparison.Ordinal);
        }

        if (text.Length > 0)
        {
            Pass(text);
        }
    }
}
