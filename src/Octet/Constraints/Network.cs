namespace Octet.Constraints;

/// <summary>
/// Positions in rules and the steps between them (a recursive transition network over bytes). From every position that can be reached the end
/// of its rule can be reached: there are no dead ends.
/// </summary>
sealed class Network
{
    /// <summary>The position of a text that is complete, behind the end of the outermost rule.</summary>
    internal const int Done = -1;

    /// <summary>Whether every byte of it is among these.</summary>
    internal bool IsWritable(bool[] bytes)
    {
        foreach (NetworkBuilder.Edge edge in Edges)
        {
            if (edge.Kind == NetworkBuilder.EdgeKind.Bytes && bytes.AsSpan(edge.Low, edge.High - edge.Low + 1).Contains(false))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Where the text begins.</summary>
    internal required int Start { get; init; }

    /// <summary>By rule, where it begins.</summary>
    internal required int[] Starts { get; init; }

    /// <summary>By position, whether its rule ends there; nothing leads on from it.</summary>
    internal required bool[] IsFinal { get; init; }

    /// <summary>By position, whether its rule keeps masks (<see cref="Rule.KeepsMasks"/>).</summary>
    internal required bool[] KeepsMasks { get; init; }

    /// <summary>By position, where it leads to without a byte where that is all it does; else the position itself.</summary>
    internal required int[] Same { get; init; }

    /// <summary>By position, where its edges begin in <see cref="Edges"/>; one more at the end.</summary>
    internal required int[] FirstEdge { get; init; }

    internal required NetworkBuilder.Edge[] Edges { get; init; }

    /// <summary>By byte, its class: bytes of one class lead to the same positions everywhere.</summary>
    internal required byte[] ClassOf { get; init; }

    internal required int ClassCount { get; init; }

    /// <summary>By class, a byte of it.</summary>
    internal required byte[] Example { get; init; }

    /// <summary>Chains of positions that count: the first, the count from which the end is allowed, and the last count.</summary>
    internal required IReadOnlyList<(int First, int Least, int Most)> Counted { get; init; }
}
