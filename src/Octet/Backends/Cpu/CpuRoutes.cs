namespace Octet.Backends.Cpu;

/// <summary>
/// The chosen experts of each token, and the same pairs of token and expert in the order of experts, so that each expert's weights are
/// widened once for all of its tokens: group g is the tokens of one expert, pairs [<see cref="First"/>(g), First(g) + Count(g)).
/// </summary>
sealed class CpuRoutes : Routes
{
    readonly int _experts;
    readonly int[] _chosen;
    readonly float[] _weights;
    readonly int[] _counts;
    readonly int[] _pairs;
    readonly int[] _tokens;
    readonly int[] _groups;
    readonly int[] _expertOfGroup;
    readonly int[] _firsts;

    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal CpuRoutes(int rows, RoutingRule rule, int hidden, int inner, MemoryLedger ledger)
        : base(rows, rule.Chosen)
    {
        int pairs = checked(rows * rule.Chosen);
        _experts = rule.Experts;
        _chosen = new int[pairs];
        _weights = new float[pairs];
        _pairs = new int[pairs];
        _tokens = new int[pairs];
        _groups = new int[pairs];
        _counts = new int[rule.Experts + 1];
        _expertOfGroup = new int[Math.Min(pairs, rule.Experts)];
        _firsts = new int[_expertOfGroup.Length + 1];
        Sources = new LinearInput[_expertOfGroup.Length];
        try
        {
            Gathered = new CpuActivations(pairs, hidden, ledger);
            Gate = new CpuActivations(pairs, inner, ledger);
            Up = new CpuActivations(pairs, inner, ledger);
            Results = new CpuActivations(pairs, hidden, ledger);
            GatheredScales = new CpuActivations(pairs, Groups(Math.Max(hidden, inner)), ledger);
            Prepared = new GrowingMemory(ledger);
        }
        catch (ModelException)
        {
            Dispose();
            throw;
        }

        static int Groups(int columns) => (columns + CpuKernels.ActivationGroup - 1) / CpuKernels.ActivationGroup;
    }

    /// <summary>Inputs of pairs, where they do not lie one after the other already, or are their expert's own.</summary>
    internal CpuActivations Gathered { get; } = null!;

    /// <summary>Scales of quantised inputs of pairs.</summary>
    internal CpuActivations GatheredScales { get; } = null!;

    internal CpuActivations Gate { get; } = null!;

    internal CpuActivations Up { get; } = null!;

    /// <summary>What experts give, a row for each pair.</summary>
    internal CpuActivations Results { get; } = null!;

    /// <summary>What kernels make of inputs.</summary>
    internal GrowingMemory Prepared { get; } = null!;

    /// <summary>The input of each group.</summary>
    internal LinearInput[] Sources { get; }

    /// <summary>How many experts were chosen at all.</summary>
    internal int GroupCount { get; private set; }

    internal int Pairs { get; private set; }

    internal int Expert(int group) => _expertOfGroup[group];

    internal int First(int group) => _firsts[group];

    internal int Count(int group) => _firsts[group + 1] - _firsts[group];

    internal int Token(int pair) => _tokens[pair];

    internal int Group(int pair) => _groups[pair];

    /// <summary>Where what the token's expert number <paramref name="slot"/> gives lies.</summary>
    internal int Pair(int row, int slot) => _pairs[row * Chosen + slot];

    internal override ReadOnlySpan<int> Experts(int row) => _chosen.AsSpan(row * Chosen, Chosen);

    /// <summary>Takes the weight of the one expert of a token, which becomes 1.</summary>
    internal float TakeWeight(int row) => (_weights[row], _weights[row] = 1).Item1;

    internal override ReadOnlySpan<float> Weights(int row) => _weights.AsSpan(row * Chosen, Chosen);

    internal Span<int> ExpertsToFill(int row) => _chosen.AsSpan(row * Chosen, Chosen);

    internal Span<float> WeightsToFill(int row) => _weights.AsSpan(row * Chosen, Chosen);

    /// <summary>Orders the pairs of the first <paramref name="rows"/> tokens by expert, of one expert by token.</summary>
    internal void Sort(int rows)
    {
        Pairs = rows * Chosen;
        Array.Clear(_counts);
        foreach (int expert in _chosen.AsSpan(0, Pairs))
        {
            _counts[expert + 1]++;
        }

        GroupCount = 0;
        for (int expert = 0; expert < _experts; expert++)
        {
            if (_counts[expert + 1] > 0)
            {
                _expertOfGroup[GroupCount] = expert;
                _firsts[GroupCount] = _counts[expert];
                _groups.AsSpan(_counts[expert], _counts[expert + 1]).Fill(GroupCount++);
            }

            _counts[expert + 1] += _counts[expert];
        }

        _firsts[GroupCount] = Pairs;
        for (int i = 0; i < Pairs; i++)
        {
            int pair = _counts[_chosen[i]]++;
            _pairs[i] = pair;
            _tokens[pair] = i / Chosen;
        }
    }

    public override void Dispose()
    {
        Gathered?.Dispose();
        Gate?.Dispose();
        Up?.Dispose();
        Results?.Dispose();
        GatheredScales?.Dispose();
        Prepared?.Dispose();
    }
}
