using System.Text;
using Octet.Tokenizers.Cutting;

namespace Octet.Tokenizers.Normalizers;

/// <summary>Replaces every match, from left to right.</summary>
sealed class ReplaceNormalizer(Cutter cutter, string content) : Normalizer
{
    readonly byte[] _content = Encoding.UTF8.GetBytes(content);

    internal override bool Rewrite(AlignedText text, TextBuffer into)
    {
        Cutter.Search search = cutter.Begin();
        ReadOnlySpan<byte> bytes = text.Bytes;
        int end = 0;
        bool any = false;
        while (search.Find(bytes, end, out int start, out int length))
        {
            any = true;
            into.Keep(text, end, start - end);
            end = start + length;
            into.Put(text, _content, end - 1);
        }

        if (any)
        {
            into.Keep(text, end, bytes.Length - end);
        }

        return any;
    }
}
