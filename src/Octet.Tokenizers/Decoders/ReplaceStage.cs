using System.Text;
using Octet.Tokenizers.Cutting;
using Octet.Tokenizers.Patterns;

namespace Octet.Tokenizers.Decoders;

/// <summary>Replace with any pattern, within each token.</summary>
sealed class ReplaceStage(Cutter cutter, string content, DecodeStage next) : WholeTokenStage(next)
{
    protected override void Take(string token)
    {
        byte[] text = Encoding.UTF8.GetBytes(token);
        Cutter.Search search = cutter.Begin();
        int end = 0;
        try
        {
            while (text.Length > 0 && search.Find(text, end, out int start, out int length))
            {
                Next.Append(Encoding.UTF8.GetString(text, end, start - end));
                Next.Append(content);
                end = start + length;
            }
        }
        catch (PatternException e)
        {
            throw new TokenizerException($"decoder: {e.Message}", e);
        }

        Next.Append(Encoding.UTF8.GetString(text, end, text.Length - end));
        Next.EndToken();
    }
}
