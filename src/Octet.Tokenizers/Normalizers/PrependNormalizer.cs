using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Puts a string in front of the text.</summary>
sealed class PrependNormalizer(string prefix) : Normalizer
{
    readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);

    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        into.Put(text, _prefix, 0);
        into.Keep(text, 0, text.Length);
        return true;
    }
}
