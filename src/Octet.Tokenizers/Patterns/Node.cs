namespace Octet.Tokenizers.Patterns;

/// <summary>A part of a pattern, as it was written. What differs only in writing is one: see the constructors of <see cref="Nodes"/>.</summary>
abstract class Node
{
    /// <summary>Whether it can match without taking a character.</summary>
    internal abstract bool IsNullable { get; }
}

/// <summary>One character of a set.</summary>
sealed class SetNode(ScalarSet set) : Node
{
    internal ScalarSet Set => set;

    internal override bool IsNullable => false;
}

/// <summary>Parts one after another; none is the empty pattern.</summary>
sealed class SequenceNode(IReadOnlyList<Node> parts) : Node
{
    internal IReadOnlyList<Node> Parts => parts;

    internal override bool IsNullable { get; } = parts.All(static part => part.IsNullable);
}

/// <summary>The first of several parts with which the rest matches.</summary>
sealed class ChoiceNode(IReadOnlyList<Node> parts) : Node
{
    internal IReadOnlyList<Node> Parts => parts;

    internal override bool IsNullable { get; } = parts.Any(static part => part.IsNullable);
}

/// <summary>A part so many times, as many as possible or as few.</summary>
sealed class RepeatNode(Node part, int least, int? most, bool isLazy) : Node
{
    internal Node Part => part;

    internal int Least => least;

    internal int? Most => most;

    internal bool IsLazy => isLazy;

    internal override bool IsNullable { get; } = least == 0 || part.IsNullable;
}

/// <summary>The way in which a part matches first, and no other.</summary>
sealed class AtomicNode(Node part) : Node
{
    internal Node Part => part;

    internal override bool IsNullable { get; } = part.IsNullable;
}

/// <summary>Whether the character behind a place, or in front of it, is of a set.</summary>
/// <param name="set">The set.</param>
/// <param name="atEnd">What holds where there is no character.</param>
/// <param name="isAhead">Whether it is the character behind the place.</param>
sealed class EdgeNode(ScalarSet set, bool atEnd, bool isAhead) : Node
{
    internal ScalarSet Set => set;

    internal bool AtEnd => atEnd;

    internal bool IsAhead => isAhead;

    internal override bool IsNullable => true;
}

/// <summary>Whether a part matches from a place on, or up to it.</summary>
sealed class LookNode(Node part, bool isAhead, bool isNegative) : Node
{
    internal Node Part => part;

    internal bool IsAhead => isAhead;

    internal bool IsNegative => isNegative;

    internal override bool IsNullable => true;
}
