namespace Octet.Tokenizers.Decoders;

/// <summary>Replace with one character as the pattern, which needs no more than the part at hand.</summary>
sealed class ReplaceCharacterStage(char pattern, string content, DecodeStage next) : PassingStage(next)
{
    internal override void Append(ReadOnlySpan<char> part)
    {
        for (int at = part.IndexOf(pattern); at >= 0; at = part.IndexOf(pattern))
        {
            Next.Append(part[..at]);
            Next.Append(content);
            part = part[(at + 1)..];
        }

        Next.Append(part);
    }
}
