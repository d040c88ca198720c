using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Writes each byte as the character that stands for it in the alphabet of ByteLevel.</summary>
sealed class ByteLevelNormalizer() : CharacterNormalizer(Map)
{
    static void Map(Rune value, StringBuilder into)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte part in bytes[..value.EncodeToUtf8(bytes)])
        {
            into.Append(ByteLevelAlphabet.ToChar(part));
        }
    }
}
