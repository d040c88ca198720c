using System.Globalization;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>A set of code points, written as in the tables of Unicode: hexadecimal numbers and ranges with spaces between.</summary>
sealed class CodePointSet
{
    readonly (int First, int Last)[] _ranges;
    readonly ulong[] _low = new ulong[0x3000 / 64]; // the scripts that most texts are written in

    internal CodePointSet(string ranges)
    {
        _ranges = [.. ranges.Split(' ').Select(static range => range.Split('-')).Select(static ends => (Number(ends[0]), Number(ends[^1])))];
        foreach ((int first, int last) in _ranges)
        {
            for (int value = first; value <= last && value < 0x3000; value++)
            {
                _low[value >> 6] |= 1UL << value;
            }
        }
    }

    internal bool Contains(Rune value)
    {
        int number = value.Value;
        if (number < 0x3000)
        {
            return ((_low[number >> 6] >> number) & 1) != 0;
        }

        int from = 0;
        int to = _ranges.Length - 1;
        while (from <= to)
        {
            int middle = (from + to) / 2;
            if (number < _ranges[middle].First)
            {
                to = middle - 1;
            }
            else if (number > _ranges[middle].Last)
            {
                from = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    static int Number(string hexadecimal) => int.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
