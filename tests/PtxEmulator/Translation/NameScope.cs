using System.Globalization;

namespace PtxEmulator;

/// <summary>The names between two braces: registers, variables, labels; the scopes around it give the rest.</summary>
sealed class NameScope(NameScope? outer)
{
    readonly Dictionary<string, Register> _registers = [];
    readonly Dictionary<string, (int Count, Func<int, Register> Create)> _families = [];
    readonly Dictionary<string, Place> _places = [];
    readonly Dictionary<string, CodeLabel> _labels = [];

    public void Add(Register register) => _registers[register.Name] = register;

    /// <summary>Registers <c>prefix0</c> to <c>prefix(count-1)</c>, made when they are first named.</summary>
    public void AddFamily(string prefix, int count, Func<int, Register> create) => _families[prefix] = (count, create);

    public void Add(string name, Place place) => _places[name] = place;

    public void Add(string name, CodeLabel label) => _labels[name] = label;

    public Register? FindRegister(string name)
    {
        if (_registers.TryGetValue(name, out Register? register))
        {
            return register;
        }

        int digits = name.Length;
        while (digits > 0 && char.IsAsciiDigit(name[digits - 1]))
        {
            digits--;
        }

        // A family's own name may end in digits: every cut is tried.
        for (int cut = digits; cut < name.Length; cut++)
        {
            if (_families.TryGetValue(name[..cut], out (int Count, Func<int, Register> Create) family)
                && int.TryParse(name.AsSpan(cut), CultureInfo.InvariantCulture, out int index) && index < family.Count)
            {
                return _registers[name] = family.Create(index);
            }
        }

        return outer?.FindRegister(name);
    }

    public Place? FindPlace(string name) => _places.TryGetValue(name, out Place place) ? place : outer?.FindPlace(name);

    public CodeLabel? FindLabel(string name) => _labels.TryGetValue(name, out CodeLabel? label) ? label : outer?.FindLabel(name);
}

/// <summary>A place in the code, known when the statement behind the label is translated.</summary>
sealed class CodeLabel
{
    public int Pc { get; set; } = -1;

    /// <summary>The targets that a <c>.branchtargets</c> behind the label names.</summary>
    public CodeLabel[]? Targets { get; set; }
}
