namespace Octet.Constraints;

/// <summary>
/// A range of characters as sequences of byte ranges, each of which stands for a product: where the lead bytes differ, the bytes behind them
/// are free. The way is that of Ken Thompson's grep, as Russ Cox describes it (https://swtch.com/~rsc/regexp/regexp3.html).
/// </summary>
static class Utf8Ranges
{
    /// <summary>Hands every sequence of a set to <paramref name="take"/>, in the order of characters.</summary>
    internal static void Split(CharacterSet set, Action<ReadOnlySpan<(byte Low, byte High)>> take)
    {
        foreach ((int first, int last) in set.Ranges)
        {
            Split(first, last, take);
        }
    }

    static void Split(int first, int last, Action<ReadOnlySpan<(byte Low, byte High)>> take)
    {
        foreach (int end in (ReadOnlySpan<int>)[0x7F, 0x7FF, 0xFFFF])
        {
            if (first <= end && last > end)
            {
                Split(first, end, take);
                Split(end + 1, last, take);
                return;
            }
        }

        int length = Length(first);
        for (int i = 1; i < length; i++)
        {
            // The last i bytes are either fixed or free; a range that begins or ends in the middle of them is cut.
            int low = (1 << 6 * i) - 1;
            if ((first & ~low) == (last & ~low))
            {
                continue;
            }

            if ((first & low) != 0)
            {
                Split(first, first | low, take);
                Split((first | low) + 1, last, take);
                return;
            }

            if ((last & low) != low)
            {
                Split(first, (last & ~low) - 1, take);
                Split(last & ~low, last, take);
                return;
            }
        }

        Span<byte> from = stackalloc byte[4];
        Span<byte> to = stackalloc byte[4];
        Encode(first, length, from);
        Encode(last, length, to);
        Span<(byte, byte)> sequence = stackalloc (byte, byte)[4];
        for (int i = 0; i < length; i++)
        {
            sequence[i] = (from[i], to[i]);
        }

        take(sequence[..length]);
    }

    static int Length(int character) => character switch
    {
        < 0x80 => 1,
        < 0x800 => 2,
        < 0x10000 => 3,
        _ => 4,
    };

    static void Encode(int character, int length, Span<byte> bytes)
    {
        if (length == 1)
        {
            bytes[0] = (byte)character;
            return;
        }

        for (int i = length - 1; i > 0; i--)
        {
            bytes[i] = (byte)(0x80 | (character & 0x3F));
            character >>= 6;
        }

        bytes[0] = (byte)((0xF00 >> length) & 0xFF | character);
    }
}
