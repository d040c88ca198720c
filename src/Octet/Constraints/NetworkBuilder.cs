using System.Globalization;
using System.Text;

namespace Octet.Constraints;

/// <summary>
/// Makes one network of positions and edges of an expression (Thompson's construction, byte by byte). A rule is built once and called from
/// wherever it is used, so that recursion is a call like any other.
/// </summary>
sealed class NetworkBuilder
{
    // Of the largest schemas in use a hundredth.
    internal const int MostPositions = 1 << 18;
    internal const int MostEdges = 1 << 20;

    readonly List<Edge> _edges = [];
    readonly List<int> _ruleOf = [];
    readonly List<Rule> _rules = [];
    readonly List<(int Start, int Final)> _ends = [];
    readonly List<(int First, int Least, int Most)> _counted = [];
    readonly Dictionary<Rule, int> _indices = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Expression, Rule> _repeated = new(ReferenceEqualityComparer.Instance);
    readonly TokenTrie? _trie;
    int _rule;

    NetworkBuilder(TokenTrie? trie) => _trie = trie;

    /// <summary>A step from one position to another.</summary>
    /// <param name="From">Where it begins.</param>
    /// <param name="Kind">What it takes.</param>
    /// <param name="Low">Of bytes the first.</param>
    /// <param name="High">Of bytes the last.</param>
    /// <param name="Rule">Of a call the rule.</param>
    /// <param name="To">Where it ends.</param>
    internal readonly record struct Edge(int From, EdgeKind Kind, byte Low, byte High, int Rule, int To);

    internal enum EdgeKind : byte
    {
        Nothing,
        Bytes,
        Call,
    }

    /// <param name="root">What the whole text must be.</param>
    /// <param name="isWritable">Which bytes can be written; texts that need others are left out.</param>
    /// <param name="trie">Knows the marks that are tokens; null: marks are the texts that they are.</param>
    /// <exception cref="ConstraintException">It is too large, nothing satisfies it, or a rule begins with itself.</exception>
    internal static Network Build(Expression root, bool[] isWritable, TokenTrie? trie = null)
    {
        NetworkBuilder builder = new(trie);
        builder.Index(root as Rule ?? new Rule("root") { Body = root });

        // Rules are found while others are built.
        for (int rule = 0; rule < builder._rules.Count; rule++)
        {
            builder._rule = rule;
            (int start, int final) = builder._ends[rule];
            builder.Build(builder._rules[rule].Body, start, final);
        }

        return NetworkPruning.Prune(builder._rules, builder._ends, builder._ruleOf, builder._edges, builder._counted, isWritable);
    }

    int Index(Rule rule)
    {
        if (!_indices.TryGetValue(rule, out int index))
        {
            index = _rules.Count;
            _indices.Add(rule, index);
            _rules.Add(rule);
            int building = _rule;
            _rule = index;
            _ends.Add((NewPosition(), NewPosition()));
            _rule = building;
        }

        return index;
    }

    void Build(Expression expression, int from, int to)
    {
        switch (expression)
        {
            case LiteralExpression literal:
                BuildLiteral(literal.Bytes, from, to);
                break;

            case MarkExpression mark:
                BuildLiteral(_trie?.Code(mark.Text) is { } code ? [code] : Encoding.UTF8.GetBytes(mark.Text), from, to);
                break;

            case SetExpression set:
                BuildSet(set.Set, from, to);
                break;

            case SequenceExpression sequence:
                for (int i = 0; i < sequence.Parts.Count; i++)
                {
                    int next = i == sequence.Parts.Count - 1 ? to : NewPosition();
                    Build(sequence.Parts[i], from, next);
                    from = next;
                }

                if (sequence.Parts.Count == 0)
                {
                    Connect(from, to);
                }

                break;

            case ChoiceExpression choice:
                foreach (Expression part in choice.Parts)
                {
                    Build(part, from, to);
                }

                break;

            case RepeatExpression repeat:
                BuildRepeat(repeat, from, to);
                break;

            case GraphExpression graph:
                int[] nodes = new int[graph.Nodes];
                for (int i = 0; i < nodes.Length; i++)
                {
                    nodes[i] = NewPosition();
                }

                Connect(from, nodes[0]);
                foreach ((int start, Expression? with, int end) in graph.Edges)
                {
                    Build(with ?? Expression.Empty, nodes[start], nodes[end]);
                }

                Connect(nodes[^1], to);
                break;

            case Rule rule:
                Add(new Edge(from, EdgeKind.Call, 0, 0, Index(rule), to));
                break;

            default:
                throw new NotSupportedException($"{expression.GetType().Name} has no positions");
        }
    }

    void BuildLiteral(byte[] bytes, int from, int to)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            int next = i == bytes.Length - 1 ? to : NewPosition();
            Add(new Edge(from, EdgeKind.Bytes, bytes[i], bytes[i], 0, next));
            from = next;
        }

        if (bytes.Length == 0)
        {
            Connect(from, to);
        }
    }

    void BuildSet(CharacterSet set, int from, int to)
    {
        // Sequences with the same first bytes share them.
        Dictionary<(int, byte, byte), int> shared = [];
        Utf8Ranges.Split(set, sequence =>
        {
            int at = from;
            for (int i = 0; i < sequence.Length - 1; i++)
            {
                (byte low, byte high) = sequence[i];
                if (!shared.TryGetValue((at, low, high), out int next))
                {
                    next = NewPosition();
                    shared.Add((at, low, high), next);
                    Add(new Edge(at, EdgeKind.Bytes, low, high, 0, next));
                }

                at = next;
            }

            Add(new Edge(at, EdgeKind.Bytes, sequence[^1].Low, sequence[^1].High, 0, to));
        });
    }

    void BuildRepeat(RepeatExpression repeat, int from, int to)
    {
        int copies = repeat.Most ?? repeat.Least + 1;
        if (copies == 0)
        {
            Connect(from, to);
            return;
        }

        Expression part = copies == 1 || IsSmall(repeat.Part) ? repeat.Part : Repeated(repeat.Part);
        if (copies > MostPositions)
        {
            throw TooLarge();
        }

        // One position for each number of parts that are there. Those far from both bounds do not differ to a token.
        int first = NewPosition();
        int last = repeat.Most ?? repeat.Least;
        for (int i = 0; i < last; i++)
        {
            NewPosition();
        }

        Connect(from, first);
        for (int i = 0; i < last; i++)
        {
            if (i >= repeat.Least)
            {
                Connect(first + i, to);
            }

            Build(part, first + i, first + i + 1);
        }

        Connect(first + last, to);
        if (repeat.Most is null)
        {
            Build(part, first + last, first + last);
        }
        else if (!MayBeEmpty(part, []))
        {
            _counted.Add((first, repeat.Least, last));
        }
    }

    /// <summary>Whether a part can take nothing; of a rule that holds itself, as if that were no way.</summary>
    static bool MayBeEmpty(Expression part, HashSet<Rule> inside) => part switch
    {
        LiteralExpression literal => literal.Bytes.Length == 0,
        SetExpression or MarkExpression => false,
        SequenceExpression sequence => sequence.Parts.All(item => MayBeEmpty(item, inside)),
        ChoiceExpression choice => choice.Parts.Any(item => MayBeEmpty(item, inside)),
        RepeatExpression repeat => repeat.Least == 0 || MayBeEmpty(repeat.Part, inside),
        Rule rule => inside.Add(rule) && MayBeEmpty(rule.Body, inside),
        _ => true,
    };

    Rule Repeated(Expression part)
    {
        if (part is Rule rule)
        {
            return rule;
        }

        if (!_repeated.TryGetValue(part, out Rule? repeated))
        {
            repeated = new Rule("a repeated part") { Body = part, KeepsMasks = false };
            _repeated.Add(part, repeated);
        }

        return repeated;
    }

    static bool IsSmall(Expression part) => part is SetExpression { Set.IsAscii: true } or LiteralExpression { Bytes.Length: <= 2 };

    void Connect(int from, int to) => Add(new Edge(from, EdgeKind.Nothing, 0, 0, 0, to));

    void Add(Edge edge)
    {
        _edges.Add(edge);
        if (_edges.Count > MostEdges)
        {
            throw TooLarge();
        }
    }

    int NewPosition()
    {
        _ruleOf.Add(_rule);
        return _ruleOf.Count <= MostPositions ? _ruleOf.Count - 1 : throw TooLarge();
    }

    static ConstraintException TooLarge() => new(ConstraintError.TooLarge, "", string.Create(
        CultureInfo.InvariantCulture,
        $"the constraint needs more than {MostPositions} positions or {MostEdges} steps; expected fewer: smaller bounds of repetitions and lengths, or fewer properties and values"));
}
