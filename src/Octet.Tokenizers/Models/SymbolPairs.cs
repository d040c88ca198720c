namespace Octet.Tokenizers.Models;

/// <summary>A set of pairs of symbols, in one open-addressing table.</summary>
sealed class SymbolPairs
{
    const ulong Free = ulong.MaxValue;

    ulong[] _keys = NewKeys(1 << 12);
    int _shift = 64 - 12;
    int _count;

    internal bool Contains(int left, int right)
    {
        ulong key = Key(left, right);
        ulong[] keys = _keys;
        int mask = keys.Length - 1;
        for (int at = (int)(ByteHash.Compute(key) >> _shift); ; at = (at + 1) & mask)
        {
            if (keys[at] == key)
            {
                return true;
            }

            if (keys[at] == Free)
            {
                return false;
            }
        }
    }

    internal void Add(int left, int right)
    {
        if (Contains(left, right))
        {
            return;
        }

        if (++_count * 2 > _keys.Length)
        {
            ulong[] old = _keys;
            _keys = NewKeys(2 * old.Length);
            _shift--;
            foreach (ulong key in old)
            {
                if (key != Free)
                {
                    Put(key);
                }
            }
        }

        Put(Key(left, right));
    }

    void Put(ulong key)
    {
        int mask = _keys.Length - 1;
        int at = (int)(ByteHash.Compute(key) >> _shift);
        while (_keys[at] != Free)
        {
            at = (at + 1) & mask;
        }

        _keys[at] = key;
    }

    // Ids have 22 bits.
    static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    static ulong[] NewKeys(int length)
    {
        ulong[] keys = new ulong[length];
        Array.Fill(keys, Free);
        return keys;
    }
}
