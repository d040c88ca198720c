using System.Numerics;

namespace PtxEmulator;

/// <summary>What the lanes of one memory instruction cost.</summary>
static unsafe class Traffic
{
    const int SectorShift = 5;
    const int Banks = 32;

    /// <summary>The different 32-byte sectors that lanes touch.</summary>
    public static int Sectors(uint mask, ulong* addresses, int bytes)
    {
        ulong* seen = stackalloc ulong[Lanes.Count];
        int count = 0;
        while (mask != 0)
        {
            ulong sector = addresses[Lanes.Next(ref mask)] >> SectorShift;
            int i = count - 1;
            while (i >= 0 && seen[i] != sector)
            {
                i--;
            }

            if (i < 0)
            {
                seen[count++] = sector;
            }
        }

        // No access is longer than a sector, and all are aligned to their length.
        return count;
    }

    /// <summary>
    /// Passes over the banks. A pass serves 32 lanes of up to 4 bytes, 16 of 8 or 8 of 16; in it each bank gives one word,
    /// to any number of lanes.
    /// </summary>
    public static (int Passes, int Least) Wavefronts(uint mask, ulong* addresses, int bytes)
    {
        int lanesPerPass = bytes switch
        {
            16 => 8,
            8 => 16,
            _ => 32,
        };
        int passes = 0;
        int least = 0;
        for (int first = 0; first < Lanes.Count; first += lanesPerPass)
        {
            uint part = mask & (uint)(((1UL << lanesPerPass) - 1) << first);
            if (part != 0)
            {
                least++;
                passes += DifferentBanks(part, addresses, bytes) ? 1 : MostWordsOfABank(part, addresses, bytes);
            }
        }

        return (passes, least);
    }

    /// <summary>Whether no two lanes need the same bank, which is the common case.</summary>
    static bool DifferentBanks(uint mask, ulong* addresses, int bytes)
    {
        int shift = BitOperations.Log2((uint)Math.Max(4, bytes));
        ulong groups = (128UL >> shift) - 1;
        uint used = 0;
        while (mask != 0)
        {
            uint bit = 1u << (int)(addresses[Lanes.Next(ref mask)] >> shift & groups);
            if ((used & bit) != 0)
            {
                return false;
            }

            used |= bit;
        }

        return true;
    }

    static int MostWordsOfABank(uint mask, ulong* addresses, int bytes)
    {
        const int None = 255;
        int words = Math.Max(1, bytes / 4);
        ulong* word = stackalloc ulong[Lanes.Count];
        byte* next = stackalloc byte[Lanes.Count];
        byte* head = stackalloc byte[Banks];
        byte* length = stackalloc byte[Banks];
        new Span<byte>(head, Banks).Fill(None);
        new Span<byte>(length, Banks).Clear();
        int count = 0;
        int most = 1;
        while (mask != 0)
        {
            ulong first = addresses[Lanes.Next(ref mask)] >> 2;
            for (int i = 0; i < words; i++)
            {
                ulong at = first + (ulong)i;
                int bank = (int)(at & (Banks - 1));
                int chain = head[bank];
                while (chain != None && word[chain] != at)
                {
                    chain = next[chain];
                }

                if (chain == None)
                {
                    word[count] = at;
                    next[count] = head[bank];
                    head[bank] = (byte)count++;
                    most = Math.Max(most, ++length[bank]);
                }
            }
        }

        return most;
    }
}
