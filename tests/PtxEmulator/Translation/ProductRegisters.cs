namespace PtxEmulator;

/// <summary>
/// Finds the registers of a function that products (<c>wgmma.mma_async</c>) use, and those that copies connect with them, and has the machine watch
/// what is done with them (<see cref="OpenProducts"/>).
/// </summary>
static class ProductRegisters
{
    /// <summary>The registers' names; the operations that touch one know its index there.</summary>
    public static IReadOnlyList<string> Watch(IReadOnlyList<CodeItem> items)
    {
        var indices = new Dictionary<Register, int>();
        foreach (CodeItem item in items.Where(item => item.Operation is WarpgroupMultiply))
        {
            foreach (Register register in item.Writes.Concat(Rows(item)))
            {
                indices.TryAdd(register, indices.Count);
            }
        }

        if (indices.Count == 0)
        {
            return [];
        }

        for (bool found = true; found;)
        {
            found = false;
            foreach (CodeItem copy in items.Where(IsCopy))
            {
                found |= Connect(copy, indices);
            }
        }

        foreach (CodeItem item in items)
        {
            if (item.Operation is WarpgroupMultiply)
            {
                item.Operation.UseProductRegisters(Indices(item.Writes), Indices(Rows(item)), isRename: false);
            }
            else if (Indices(item.Reads.Concat(item.Writes)) is { Length: > 0 } touched)
            {
                item.Operation.UseProductRegisters(touched, [], IsCopy(item) && touched.Length == 2);
            }
        }

        return [.. indices.Keys.Select(register => register.Name)];

        int[] Indices(IEnumerable<Register> registers) => [.. registers.Where(indices.ContainsKey).Select(register => indices[register])];
    }

    /// <summary>Registers of A: beside the sums, all that are no descriptor and no predicate.</summary>
    static IEnumerable<Register> Rows(CodeItem product) => product.Reads.Where(register => !register.IsPredicate && !register.Type.IsWide() && !product.Writes.Contains(register));

    static bool IsCopy(CodeItem item) => item is { Operation: Unary<uint, Copy<uint>>, IsGuarded: false, Reads.Count: 1, Writes.Count: 1 };

    static bool Connect(CodeItem copy, Dictionary<Register, int> indices)
    {
        bool reads = indices.ContainsKey(copy.Reads[0]);
        return reads != indices.ContainsKey(copy.Writes[0]) && indices.TryAdd(reads ? copy.Writes[0] : copy.Reads[0], indices.Count);
    }
}
