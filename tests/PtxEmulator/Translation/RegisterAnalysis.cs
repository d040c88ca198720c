using System.Collections;

namespace PtxEmulator;

/// <summary>
/// Finds the registers that some path reads before it writes them. Only those are watched at run time; of all others it
/// is certain that every thread has written what it reads.
/// </summary>
sealed class RegisterAnalysis(List<CodeItem> items, int registers)
{
    /// <summary>The registers to watch, and for each the items that read it without certainty.</summary>
    public Dictionary<Register, HashSet<CodeItem>> Find(int firstPc)
    {
        var before = new BitArray?[items.Count];
        var work = new Stack<int>();
        before[0] = new BitArray(registers);
        work.Push(0);
        while (work.Count > 0)
        {
            int at = work.Pop();
            while (at >= 0)
            {
                CodeItem item = items[at];
                var after = new BitArray(before[at]!);
                if (!item.IsGuarded)
                {
                    foreach (Register register in item.Writes)
                    {
                        after[register.Index] = true;
                    }
                }

                foreach (CodeLabel target in item.Targets)
                {
                    if (Merge(before, target.Pc - firstPc, after))
                    {
                        work.Push(target.Pc - firstPc);
                    }
                }

                bool next = (item.FallsThrough || item.IsGuarded) && at + 1 < items.Count && Merge(before, at + 1, after);
                at = next ? at + 1 : -1;
            }
        }

        return Collect(before);
    }

    static bool Merge(BitArray?[] before, int at, BitArray incoming)
    {
        if (before[at] is not { } known)
        {
            before[at] = new BitArray(incoming);
            return true;
        }

        var merged = new BitArray(known);
        merged.And(incoming);
        if (!new BitArray(merged).Xor(known).HasAnySet())
        {
            return false;
        }

        before[at] = merged;
        return true;
    }

    Dictionary<Register, HashSet<CodeItem>> Collect(BitArray?[] before)
    {
        var found = new Dictionary<Register, HashSet<CodeItem>>();
        for (int i = 0; i < items.Count; i++)
        {
            foreach (Register register in items[i].Reads)
            {
                if (before[i] is { } written && !written[register.Index])
                {
                    if (!found.TryGetValue(register, out HashSet<CodeItem>? readers))
                    {
                        found.Add(register, readers = []);
                    }

                    readers.Add(items[i]);
                }
            }
        }

        return found;
    }
}
