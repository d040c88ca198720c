using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Takes combining marks out; letters that hold theirs stay as they are.</summary>
sealed class StripAccentsNormalizer() : CharacterNormalizer(Map)
{
    static void Map(Rune value, StringBuilder into)
    {
        if (!MarkCharacter.IsCombining(value))
        {
            into.Append(value.ToString());
        }
    }
}
