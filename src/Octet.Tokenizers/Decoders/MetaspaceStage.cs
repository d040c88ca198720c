namespace Octet.Tokenizers.Decoders;

/// <summary>Metaspace: marks become spaces; those of the first token vanish where a mark was put in front of the text.</summary>
sealed class MetaspaceStage(string mark, bool prepended, DecodeStage next) : PassingStage(next)
{
    bool _first = true;

    internal override void Append(ReadOnlySpan<char> part)
    {
        for (int at = part.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = part.IndexOf(mark, StringComparison.Ordinal))
        {
            Next.Append(part[..at]);
            Next.Append(_first && prepended ? "" : " ");
            part = part[(at + mark.Length)..];
        }

        Next.Append(part);
    }

    internal override void EndToken()
    {
        _first = false;
        Next.EndToken();
    }
}
