using System.Text;
using Octet.Tokenizers.PreTokenizers;

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

/// <summary>Replace with any pattern, within each token.</summary>
sealed class ReplaceStage(Cutter cutter, string content, DecodeStage next) : WholeTokenStage(next)
{
    protected override void Take(string token)
    {
        byte[] text = Encoding.UTF8.GetBytes(token);
        Cutter.Search search = cutter.Begin();
        int end = 0;
        while (text.Length > 0 && search.Find(text, end, out int start, out int length))
        {
            Next.Append(Encoding.UTF8.GetString(text, end, start - end));
            Next.Append(content);
            end = start + length;
        }

        Next.Append(Encoding.UTF8.GetString(text, end, text.Length - end));
        Next.EndToken();
    }
}
