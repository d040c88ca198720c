using System.Numerics;

namespace PtxEmulator;

/// <summary>A set of a function's registers, by index.</summary>
sealed class RegisterSet(int registers)
{
    readonly ulong[] _bits = new ulong[(registers + 63) / 64];

    public bool this[int index]
    {
        get => (_bits[index >> 6] >> index & 1) != 0;
        set
        {
            ulong bit = 1UL << index;
            _bits[index >> 6] = value ? _bits[index >> 6] | bit : _bits[index >> 6] & ~bit;
        }
    }

    public void CopyFrom(RegisterSet other) => other._bits.CopyTo(_bits, 0);

    /// <summary>Adds the members of another set.</summary>
    /// <returns>Whether there was one to add.</returns>
    public bool Add(RegisterSet other)
    {
        ulong added = 0;
        for (int i = 0; i < _bits.Length; i++)
        {
            added |= other._bits[i] & ~_bits[i];
            _bits[i] |= other._bits[i];
        }

        return added != 0;
    }

    /// <summary>Keeps what is in another set too.</summary>
    /// <returns>Whether something was lost.</returns>
    public bool Keep(RegisterSet other)
    {
        ulong lost = 0;
        for (int i = 0; i < _bits.Length; i++)
        {
            lost |= _bits[i] & ~other._bits[i];
            _bits[i] &= other._bits[i];
        }

        return lost != 0;
    }

    public IEnumerable<int> Members()
    {
        for (int i = 0; i < _bits.Length; i++)
        {
            for (ulong rest = _bits[i]; rest != 0; rest &= rest - 1)
            {
                yield return (i << 6) + BitOperations.TrailingZeroCount(rest);
            }
        }
    }
}
