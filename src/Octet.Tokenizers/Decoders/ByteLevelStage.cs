using System.Buffers;
using System.Text;

namespace Octet.Tokenizers.Decoders;

/// <summary>
/// ByteLevel: the characters of its alphabet become the bytes they stand for, tokens with others stay as they are, and the bytes of all
/// together are the text.
/// </summary>
sealed class ByteLevelStage(DecodeStage next) : WholeTokenStage(next)
{
    readonly ArrayBufferWriter<byte> _bytes = new(64);

    internal override void End()
    {
        PassText(_bytes.WrittenCount);
        Next.EndToken();
        Next.End();
    }

    protected override void Take(string token)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(token);
        byte[] bytes = new byte[utf8.Length];
        _bytes.Write(ByteLevelAlphabet.TryToBytes(utf8, bytes, out int written) ? bytes.AsSpan(0, written) : utf8);
        PassText(_bytes.WrittenCount - OpenCharacter.Length(_bytes.WrittenSpan));
    }

    void PassText(int length)
    {
        if (length > 0)
        {
            Next.Append(Encoding.UTF8.GetString(_bytes.WrittenSpan[..length]));
            byte[] open = _bytes.WrittenSpan[length..].ToArray();
            _bytes.ResetWrittenCount();
            _bytes.Write(open);
        }
    }
}
