using System.Text;

namespace Octet.Tokenizers.Cutting;

/// <summary>Matches of a string that is not empty.</summary>
sealed class StringCutter(string text) : Cutter
{
    readonly StringSearch _search = new(text);

    internal override Search Begin() => _search;

    sealed class StringSearch(string text) : Search
    {
        readonly ByteSearch _search = new(Encoding.UTF8.GetBytes(text));
        readonly int _length = Encoding.UTF8.GetByteCount(text);

        internal override bool Find(ReadOnlySpan<byte> text, int from, out int start, out int length)
        {
            start = _search.Find(text, from);
            length = _length;
            return start >= 0;
        }
    }
}
