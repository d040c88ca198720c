using System.Buffers;

namespace Octet.Tokenizers.Patterns;

/// <summary>A compiled pattern: instructions, and the symbols that they tell apart.</summary>
sealed class PatternProgram
{
    // Of tables of a truth value for each set or fork and symbol.
    const int MaxTable = 1 << 24;

    // With more there is next to nothing to pass over.
    const int MaxFirstBytes = 200;

    readonly bool[][] _sets;

    internal PatternProgram(Instruction[] code, int start, int forks, IReadOnlyList<(ScalarSet Set, bool AtEnd)> sets)
    {
        Code = code;
        Start = start;
        Forks = forks;
        Alphabet = new Alphabet([.. sets.Select(static pair => pair.Set).Distinct()]);
        if ((long)sets.Count * Alphabet.Count > MaxTable)
        {
            throw new PatternException($"the pattern has {sets.Count} different classes over {Alphabet.Count} kinds of characters, which is not supported: expected fewer");
        }

        _sets = [.. sets.Select(pair => Alphabet.Members(pair.Set, pair.AtEnd))];
        IsRegular = !code.Any(static instruction => instruction.Operation is Operation.LookAhead or Operation.LookBehind or Operation.Atomic);
        if ((long)code.Length * Alphabet.Count <= MaxTable)
        {
            First = FindFirst();
        }

        if (First is not null && !First[start][Alphabet.End])
        {
            byte[] bytes = Alphabet.FirstBytes(First[start]);
            FirstBytes = bytes.Length <= MaxFirstBytes ? SearchValues.Create(bytes) : null;
        }
    }

    internal Alphabet Alphabet { get; }

    internal Instruction[] Code { get; }

    internal int Start { get; }

    internal int Forks { get; }

    /// <summary>Whether nothing looks farther than one character, so that an automaton can match it.</summary>
    internal bool IsRegular { get; }

    /// <summary>Of each instruction the symbols that the text may go on with where it leads to a match, and perhaps more; null where there are too many.</summary>
    internal bool[][]? First { get; }

    /// <summary>The bytes that a match may begin with; null where that is nearly all, or a match may be empty.</summary>
    internal SearchValues<byte>? FirstBytes { get; }

    /// <summary>Which symbols are in a set of an instruction.</summary>
    internal bool[] Set(int set) => _sets[set];

    bool[][] FindFirst()
    {
        bool[] all = new bool[Alphabet.Count];
        Array.Fill(all, true);
        bool[]?[] first = new bool[Code.Length][];
        Stack<int> open = new();
        for (int i = 0; i < Code.Length; i++)
        {
            open.Push(i);
            while (open.TryPeek(out int at))
            {
                (Operation operation, int next, int other, int value) = Code[at];
                switch (operation)
                {
                    case Operation.Accept:
                        first[at] = all;
                        break;
                    case Operation.Take:
                        first[at] = Set(value);
                        break;
                    case Operation.Fork when first[next] is { } a && first[other] is { } b:
                        first[at] = [.. a];
                        for (int symbol = 0; symbol < b.Length; symbol++)
                        {
                            first[at]![symbol] |= b[symbol];
                        }

                        break;
                    case Operation.Atomic when first[other] is { } inside:
                        first[at] = inside;
                        break;
                    case Operation.EdgeAhead or Operation.EdgeBehind or Operation.LookAhead or Operation.LookBehind when first[next] is { } behind:
                        first[at] = behind;
                        break;
                    case Operation.Fork:
                        Open(next);
                        Open(other);
                        continue;
                    case Operation.Atomic:
                        Open(other);
                        continue;
                    default:
                        Open(next);
                        continue;
                }

                open.Pop();
            }
        }

        return first!;

        void Open(int at)
        {
            if (first[at] is null)
            {
                open.Push(at);
            }
        }
    }
}
