namespace Octet.Tokenizers.Patterns;

/// <summary>Makes nodes in the simplest form that means the same, so that few patterns need what is costly: looks at more than a character, atomic groups.</summary>
static class Nodes
{
    internal static Node Empty { get; } = new SequenceNode([]);

    internal static Node Never { get; } = new EdgeNode(ScalarSet.Empty, atEnd: false, isAhead: true);

    /// <summary><c>\A</c></summary>
    internal static Node TextStart { get; } = new EdgeNode(ScalarSet.Empty, atEnd: true, isAhead: false);

    /// <summary><c>\z</c></summary>
    internal static Node TextEnd { get; } = new EdgeNode(ScalarSet.Empty, atEnd: true, isAhead: true);

    /// <summary><c>^</c>: after a line break too, but not after one that ends the text.</summary>
    internal static Node LineStart { get; } = new ChoiceNode(
        [TextStart, new SequenceNode([new EdgeNode(UnicodeSets.NewLine, atEnd: false, isAhead: false), new EdgeNode(ScalarSet.All, atEnd: false, isAhead: true)])]);

    /// <summary><c>$</c>: before every line break, and at the end.</summary>
    internal static Node LineEnd { get; } = new EdgeNode(UnicodeSets.NewLine, atEnd: true, isAhead: true);

    /// <summary><c>\Z</c>: at the end, and before a line break that ends the text.</summary>
    internal static Node LastLineEnd { get; } = new ChoiceNode(
        [TextEnd, new LookNode(new SequenceNode([new SetNode(UnicodeSets.NewLine), TextEnd]), isAhead: true, isNegative: false)]);

    /// <summary><c>\R</c></summary>
    internal static Node LineBreak { get; } = new AtomicNode(new ChoiceNode(
        [Sequence([new SetNode(ScalarSet.Of('\r')), new SetNode(UnicodeSets.NewLine)]), new SetNode(ScalarSet.Union([('\n', '\r'), (0x85, 0x85), (0x2028, 0x2029)]))]));

    internal static Node WordBoundary(bool isNegative)
    {
        ScalarSet word = UnicodeSets.Word;
        return Choice([Both(true, isNegative), Both(false, !isNegative)]);

        Node Both(bool isWordBefore, bool isWordBehind) => Sequence([Edge(isWordBefore, isAhead: false), Edge(isWordBehind, isAhead: true)]);
        Node Edge(bool isWord, bool isAhead) => new EdgeNode(isWord ? word : word.Negate(), !isWord, isAhead);
    }

    internal static Node Sequence(List<Node> parts) => parts.Count == 1 ? parts[0] : new SequenceNode(parts);

    /// <summary>A choice among single characters is a set: which of them comes first makes no difference.</summary>
    internal static Node Choice(List<Node> parts)
    {
        List<Node> merged = [];
        foreach (Node part in parts)
        {
            if (part is SetNode set && merged.Count > 0 && merged[^1] is SetNode last)
            {
                merged[^1] = new SetNode(last.Set.Union(set.Set));
            }
            else
            {
                merged.Add(part);
            }
        }

        return merged.Count == 1 ? merged[0] : new ChoiceNode(merged);
    }

    internal static Node Repeat(Node part, int least, int? most, bool isLazy)
    {
        if (most == 0)
        {
            return Empty;
        }

        // (x*)* goes through the same texts in the same order as x*, and (x+)+ as x+; they would only cost more.
        if (part is RepeatNode { Most: null, IsLazy: false, Least: <= 1, Part.IsNullable: false } inner && most is null && least <= 1 && !isLazy)
        {
            return least == inner.Least ? inner : new RepeatNode(inner.Part, 0, null, false);
        }

        return least == 1 && most == 1 ? part : new RepeatNode(part, least, most, isLazy);
    }

    /// <summary>Of characters of one set as many as there are is the same as: so many, and none of them behind.</summary>
    internal static Node Atomic(Node part)
    {
        switch (part)
        {
            case SetNode or EdgeNode or LookNode or AtomicNode:
            case SequenceNode sequence when sequence.Parts.All(static item => item is SetNode or EdgeNode or LookNode or AtomicNode):
                return part;
            case RepeatNode { Part: SetNode one, Most: null, IsLazy: false }:
                return Sequence([part, Outside(one.Set)]);
            case RepeatNode { Part: SetNode one, Least: 0, Most: 1, IsLazy: false }:
                return Choice([one, Outside(one.Set)]);
            default:
                return new AtomicNode(part);
        }

        static EdgeNode Outside(ScalarSet set) => new(set.Negate(), atEnd: true, isAhead: true);
    }

    internal static Node Look(Node part, bool isAhead, bool isNegative)
    {
        switch (part)
        {
            case SetNode one:
                return new EdgeNode(isNegative ? one.Set.Negate() : one.Set, isNegative, isAhead);
            case EdgeNode edge:
                return isNegative ? new EdgeNode(edge.Set.Negate(), !edge.AtEnd, edge.IsAhead) : edge;
            case SequenceNode { Parts.Count: 0 }:
                return isNegative ? Never : part;

            // None of them, or any of them.
            case ChoiceNode choice:
                List<Node> looks = [.. choice.Parts.Select(item => Look(item, isAhead, isNegative))];
                return isNegative ? Sequence(looks) : Choice(looks);
            default:
                return new LookNode(part, isAhead, isNegative);
        }
    }
}
