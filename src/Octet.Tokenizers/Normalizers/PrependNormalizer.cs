using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Puts a string in front of the text.</summary>
sealed class PrependNormalizer(string prefix) : Normalizer
{
    readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);

    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit)
    {
        TextLimit.Require((long)_prefix.Length + text.Length, limit);
        byte[] prefixed = [.. _prefix, .. text];
        return prefixed;
    }
}
