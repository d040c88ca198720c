namespace Octet.Tokenizers.Patterns;

/// <summary>Turns nodes into instructions, from the end to the beginning: each part is compiled with what follows it.</summary>
sealed class Compiler
{
    const int MaxInstructions = 20_000;
    const int MaxSets = 4096;

    // Repetitions of what has no instructions are counted too.
    const int MaxWork = 200_000;

    readonly List<Instruction> _code = [];
    readonly List<(ScalarSet Set, bool AtEnd)> _sets = [];

    // Where each set is in the list: those without the end of the text, and those with it.
    readonly Dictionary<ScalarSet, int>[] _tables = [[], []];
    int _forks;
    int _work;

    Compiler()
    {
    }

    /// <exception cref="PatternException">It takes too many instructions.</exception>
    internal static PatternProgram Compile(Node node)
    {
        Compiler compiler = new();
        int accept = compiler.Emit(new(Operation.Accept));
        int start = compiler.Compile(node, accept, isBack: false);
        return new PatternProgram([.. compiler._code], start, compiler._forks, compiler._sets);
    }

    int Compile(Node node, int next, bool isBack)
    {
        Count();
        switch (node)
        {
            case SetNode one:
                return Emit(new(Operation.Take, next, Value: Table(one.Set, false)));
            case SequenceNode sequence:
                foreach (Node part in LastFirst(sequence, isBack))
                {
                    next = Compile(part, next, isBack);
                }

                return next;
            case ChoiceNode choice:
                return Forks(choice.Parts.Select(part => Compile(part, next, isBack)));
            case RepeatNode repeat:
                return Repeat(repeat, next, isBack);
            default:
                return Still(node, next, next, isBack);
        }
    }

    /// <summary>
    /// A part of a loop's body: where it took no character it goes on with <paramref name="empty"/>, otherwise with <paramref name="next"/>.
    /// A body that takes nothing leaves its loop, as in Perl and Oniguruma; that it must not go round is why this is told apart.
    /// </summary>
    int Tracked(Node node, int empty, int next, bool isBack)
    {
        Count();
        if (!node.IsNullable)
        {
            return Compile(node, next, isBack);
        }

        switch (node)
        {
            case SequenceNode sequence:
                List<Node> parts = LastFirst(sequence, isBack);
                for (int i = 0; i < parts.Count; i++)
                {
                    empty = Tracked(parts[i], empty, next, isBack);
                    next = i + 1 < parts.Count ? Compile(parts[i], next, isBack) : next;
                }

                return empty;
            case ChoiceNode choice:
                return Forks(choice.Parts.Select(part => Tracked(part, empty, next, isBack)));
            case RepeatNode repeat:
                return TrackedRepeat(repeat, empty, next, isBack);
            default:
                return Still(node, empty, next, isBack);
        }
    }

    /// <summary>What looks and does not take, and atomic groups.</summary>
    int Still(Node node, int empty, int next, bool isBack)
    {
        switch (node)
        {
            case EdgeNode edge:
                return Emit(new(edge.IsAhead ? Operation.EdgeAhead : Operation.EdgeBehind, empty, Value: Table(edge.Set, edge.AtEnd)));
            case LookNode look:
                int inside = Compile(look.Part, Emit(new(Operation.Accept)), isBack: !look.IsAhead);
                return Emit(new(look.IsAhead ? Operation.LookAhead : Operation.LookBehind, empty, inside, look.IsNegative ? 1 : 0));
            case AtomicNode when isBack:
                throw new PatternException("the pattern has an atomic group, a possessive quantifier or \\R in a look-behind, which is not supported: expected them elsewhere");
            case AtomicNode atomic:
                int first = Compile(atomic.Part, Emit(new(Operation.Accept)), isBack);
                return Emit(new(Operation.Atomic, next, first, empty));
            default:
                throw new NotSupportedException(node.GetType().Name);
        }
    }

    int Repeat(RepeatNode repeat, int next, bool isBack)
    {
        int entry = next;
        if (repeat.Most is { } most)
        {
            for (int i = repeat.Least; i < most; i++)
            {
                entry = Fork(Compile(repeat.Part, entry, isBack), next, repeat.IsLazy);
            }
        }
        else
        {
            entry = Loop(repeat, next, isBack);
        }

        for (int i = 0; i < repeat.Least; i++)
        {
            entry = Compile(repeat.Part, entry, isBack);
        }

        return entry;
    }

    /// <summary>Any number of times.</summary>
    int Loop(RepeatNode repeat, int next, bool isBack)
    {
        int loop = Fork(0, 0, false);
        Set(loop, Tracked(repeat.Part, empty: next, next: loop, isBack), next, repeat.IsLazy);
        return loop;
    }

    int TrackedRepeat(RepeatNode repeat, int empty, int next, bool isBack)
    {
        (int tracked, int plain) = (empty, next);
        if (repeat.Most is { } most)
        {
            for (int i = repeat.Least; i < most; i++)
            {
                int again = Tracked(repeat.Part, tracked, plain, isBack);
                (tracked, plain) = (Fork(again, empty, repeat.IsLazy), Fork(Compile(repeat.Part, plain, isBack), next, repeat.IsLazy));
            }
        }
        else
        {
            plain = Loop(repeat, next, isBack);
            tracked = Fork(Tracked(repeat.Part, empty, plain, isBack), empty, repeat.IsLazy);
        }

        for (int i = 0; i < repeat.Least; i++)
        {
            (tracked, plain) = (Tracked(repeat.Part, tracked, plain, isBack), Compile(repeat.Part, plain, isBack));
        }

        return tracked;
    }

    int Forks(IEnumerable<int> entries)
    {
        List<int> all = [.. entries];
        int entry = all[^1];
        for (int i = all.Count - 2; i >= 0; i--)
        {
            entry = Fork(all[i], entry, false);
        }

        return entry;
    }

    int Fork(int first, int second, bool isSwapped)
    {
        int at = Emit(new(Operation.Fork, Value: _forks++));
        Set(at, first, second, isSwapped);
        return at;
    }

    void Set(int fork, int first, int second, bool isSwapped)
        => _code[fork] = _code[fork] with { Next = isSwapped ? second : first, Other = isSwapped ? first : second };

    static List<Node> LastFirst(SequenceNode sequence, bool isBack) => isBack ? [.. sequence.Parts] : [.. sequence.Parts.Reverse()];

    int Emit(Instruction instruction)
    {
        if (_code.Count == MaxInstructions)
        {
            throw TooLarge();
        }

        _code.Add(instruction);
        return _code.Count - 1;
    }

    int Table(ScalarSet set, bool atEnd)
    {
        Dictionary<ScalarSet, int> tables = _tables[atEnd ? 1 : 0];
        if (!tables.TryGetValue(set, out int table))
        {
            if (_sets.Count == MaxSets)
            {
                throw new PatternException($"the pattern has more than {MaxSets} different characters and classes, which is not supported");
            }

            table = _sets.Count;
            _sets.Add((set, atEnd));
            tables.Add(set, table);
        }

        return table;
    }

    void Count()
    {
        if (++_work > MaxWork)
        {
            throw TooLarge();
        }
    }

    static PatternException TooLarge() => new($"the pattern takes more than {MaxInstructions} steps with its repetitions written out, which is not supported: expected smaller numbers");
}
