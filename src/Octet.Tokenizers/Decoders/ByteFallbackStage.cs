using System.Text;
using System.Text.Unicode;
using Octet.Tokenizers.Models;

namespace Octet.Tokenizers.Decoders;

/// <summary>ByteFallback: tokens like <c>&lt;0x61&gt;</c> become the text that their bytes make, or U+FFFD for each where they make none.</summary>
sealed class ByteFallbackStage(DecodeStage next) : WholeTokenStage(next)
{
    readonly List<byte> _bytes = [];

    internal override void End()
    {
        PassBytes();
        Next.End();
    }

    protected override void Take(string token)
    {
        int value = ByteTokens.Parse(token);
        if (value >= 0)
        {
            _bytes.Add((byte)value);
            return;
        }

        PassBytes();
        Pass(token);
    }

    void PassBytes()
    {
        if (_bytes.Count == 0)
        {
            return;
        }

        byte[] bytes = [.. _bytes];
        _bytes.Clear();
        if (Utf8.IsValid(bytes))
        {
            Pass(Encoding.UTF8.GetString(bytes));
            return;
        }

        foreach (byte _ in bytes)
        {
            Pass("\uFFFD");
        }
    }
}
