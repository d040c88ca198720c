using System.Runtime.InteropServices;

namespace Octet.Tokenizers.Patterns;

/// <summary>
/// A pattern that looks no farther than one character, as an automaton whose states are made when a text first leads to them. A state is
/// the instructions that a backtracking machine could be at, in the order in which that would try them; those after one that accepts are
/// left out. What is at the place itself is looked at only together with the next symbol, so that looks at one character are as good as any
/// other instruction, and that the text matches comes to light one character late.
/// </summary>
sealed class Automaton
{
    // Of the table, and of the instructions of all states: 8 MB each. A pattern that needs more is matched another way.
    const int MaxEntries = 1 << 21;

    // What an entry of the table says beside the row that it leads to. 0 is an entry that is not known yet.
    const int Matches = 1;
    const int IsDead = 2;
    const int Shift = 2;

    // A row has an entry for each ASCII character, then one for each symbol.
    const int Ascii = 0x80;

    readonly PatternProgram _program;
    readonly int _stride;
    readonly bool[] _looksBehind;
    readonly int[] _starts;
    readonly Lock _lock = new();
    readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);

    // Of each row the symbol before it, or -1 where that makes no difference, and its instructions.
    readonly List<int[]> _states = [];

    // What making a state takes.
    readonly int[] _seen;
    readonly int[] _added;
    readonly Stack<int> _open = new();
    readonly List<int> _next = [];
    int _mark;
    int _held;
    int[] _table;

    internal Automaton(PatternProgram program)
    {
        _program = program;
        _stride = Ascii + program.Alphabet.Count;
        _seen = new int[program.Code.Length];
        _added = new int[program.Code.Length];
        _looksBehind = FindLooksBehind(program.Code);
        _starts = new int[_looksBehind[program.Start] ? program.Alphabet.Count : 1];
        _table = new int[16 * _stride];

        // The row that nothing leads out of.
        _states.Add([-1]);
    }

    /// <summary>Where the match that begins at a place ends; -1 where none begins, -2 where the automaton has become too large to tell.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="seen">How far the text was looked at.</param>
    internal int Match(ReadOnlySpan<byte> text, int start, out int seen)
    {
        Alphabet alphabet = _program.Alphabet;
        int before = _starts.Length == 1 ? 0 : alphabet.ReadBack(text, start, out _);
        int row = _starts[before];
        if (row == 0)
        {
            row = Begin(before);
            if (row < 0)
            {
                seen = start;
                return -2;
            }
        }

        int last = -1;
        int[] table = Volatile.Read(ref _table);
        for (int at = start; ;)
        {
            int length = 1;
            int column = (uint)at < (uint)text.Length ? text[at] : Ascii;
            if (column >= Ascii)
            {
                column = Ascii + alphabet.Read(text, at, out length);
            }

            int entry = table[row + column];
            if (entry == 0)
            {
                entry = Extend(row, column, ref table);
                if (entry == 0)
                {
                    seen = at;
                    return -2;
                }
            }

            if ((entry & (Matches | IsDead)) != 0)
            {
                last = (entry & Matches) != 0 ? at : last;
                if ((entry & IsDead) != 0)
                {
                    seen = at;
                    return last;
                }
            }

            at += length;
            row = entry >> Shift;
        }
    }

    int Begin(int before)
    {
        lock (_lock)
        {
            int row = Row([_starts.Length == 1 ? -1 : before, _program.Start]);
            Volatile.Write(ref _starts[before], Math.Max(row, 0));
            return row;
        }
    }

    /// <summary>Finds out where a character leads; 0 where there is no more room.</summary>
    int Extend(int row, int column, ref int[] table)
    {
        lock (_lock)
        {
            table = _table;
            if (table[row + column] is not 0 and int known)
            {
                return known;
            }

            bool isMatch = Step(_states[row / _stride], column < Ascii ? _program.Alphabet.Symbol(column) : column - Ascii);
            int entry = IsDead | (isMatch ? Matches : 0);
            if (_next.Count > 1)
            {
                int next = Row(CollectionsMarshal.AsSpan(_next));
                if (next < 0)
                {
                    return 0;
                }

                entry = (next << Shift) | (isMatch ? Matches : 0);
            }
            else
            {
                // Not 0 even without flags: the row that nothing leads out of is the first.
                entry |= _stride << Shift;
            }

            table = _table;
            Volatile.Write(ref table[row + column], entry);
            return entry;
        }
    }

    /// <summary>What a state leads to, in <see cref="_next"/>; whether it accepts in front of the symbol.</summary>
    bool Step(int[] state, int symbol)
    {
        _mark++;
        _next.Clear();
        _next.Add(-1);
        for (int i = 1; i < state.Length; i++)
        {
            _open.Push(state[i]);
            while (_open.TryPop(out int at))
            {
                if (_seen[at] == _mark)
                {
                    continue;
                }

                _seen[at] = _mark;
                (Operation operation, int next, int other, int value) = _program.Code[at];
                switch (operation)
                {
                    case Operation.Accept:
                        _open.Clear();
                        return true;
                    case Operation.Fork:
                        _open.Push(other);
                        _open.Push(next);
                        break;
                    case Operation.Take when _program.Set(value)[symbol] && _added[next] != _mark:
                        _added[next] = _mark;
                        _next.Add(next);
                        _next[0] = _looksBehind[next] ? symbol : _next[0];
                        break;
                    case Operation.EdgeAhead when _program.Set(value)[symbol]:
                    case Operation.EdgeBehind when _program.Set(value)[state[0]]:
                        _open.Push(next);
                        break;
                }
            }
        }

        return false;
    }

    int Row(ReadOnlySpan<int> state)
    {
        string key = new(MemoryMarshal.Cast<int, char>(state));
        if (_rows.TryGetValue(key, out int row))
        {
            return row;
        }

        row = _states.Count * _stride;
        _held += state.Length;
        if (row + _stride > MaxEntries || _held > MaxEntries)
        {
            return -1;
        }

        if (row + _stride > _table.Length)
        {
            int[] larger = new int[Math.Min(MaxEntries, 2 * Math.Max(_table.Length, row + _stride))];
            _table.CopyTo(larger, 0);
            Volatile.Write(ref _table, larger);
        }

        _states.Add([.. state]);
        _rows.Add(key, row);
        return row;
    }

    /// <summary>Whether from an instruction, before a character is taken, one is reached that looks at the character before.</summary>
    static bool[] FindLooksBehind(Instruction[] code)
    {
        bool[] looks = new bool[code.Length];
        for (bool isChanged = true; isChanged;)
        {
            isChanged = false;
            for (int i = 0; i < code.Length; i++)
            {
                bool found = code[i].Operation switch
                {
                    Operation.EdgeBehind => true,
                    Operation.EdgeAhead => looks[code[i].Next],
                    Operation.Fork => looks[code[i].Next] || looks[code[i].Other],
                    _ => false,
                };
                isChanged |= found != looks[i];
                looks[i] = found;
            }
        }

        return looks;
    }
}
