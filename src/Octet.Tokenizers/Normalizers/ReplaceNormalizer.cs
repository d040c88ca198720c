using System.Text;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Replaces every occurrence of a string, from left to right.</summary>
sealed class ReplaceNormalizer(string pattern, string content) : Normalizer
{
    readonly ByteSearch _search = new(Encoding.UTF8.GetBytes(pattern));
    readonly int _patternLength = Encoding.UTF8.GetByteCount(pattern);
    readonly byte[] _content = Encoding.UTF8.GetBytes(content);

    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit)
    {
        List<int> places = [];
        for (int at = _search.Find(text, 0); at >= 0; at = _search.Find(text, at + _patternLength))
        {
            places.Add(at);
        }

        if (places.Count == 0)
        {
            return text;
        }

        long length = text.Length + ((long)places.Count * (_content.Length - _patternLength));
        TextLimit.Require(length, limit);
        byte[] replaced = new byte[length];
        Span<byte> rest = replaced;
        int copied = 0;
        foreach (int at in places)
        {
            text[copied..at].CopyTo(rest);
            rest = rest[(at - copied)..];
            _content.CopyTo(rest);
            rest = rest[_content.Length..];
            copied = at + _patternLength;
        }

        text[copied..].CopyTo(rest);
        return replaced;
    }
}
