using System.Buffers;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>The unfinished character that bytes may end with.</summary>
static class OpenCharacter
{
    /// <summary>Its length, 0 to 3.</summary>
    internal static int Length(ReadOnlySpan<byte> bytes)
    {
        for (int length = 1; length <= 3 && length <= bytes.Length; length++)
        {
            byte value = bytes[^length];
            if ((value & 0xC0) != 0x80)
            {
                return Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
            }
        }

        return 0;
    }
}
