namespace Octet.Constraints;

/// <summary>
/// What can be said of a text so far: the places where it may be, each a position and what is to go on behind its rule. Equal states of one
/// <see cref="Automaton"/> are one object.
/// </summary>
sealed class AutomatonState
{
    /// <param name="places">In order, none twice, as deep as a byte or a call leads and no further.</param>
    /// <param name="classes">Of bytes.</param>
    internal AutomatonState((int Position, Frame? Frame)[] places, int classes)
    {
        Places = places;
        Next = new AutomatonState?[places.Length == 0 ? 0 : classes];
    }

    internal (int Position, Frame? Frame)[] Places { get; }

    /// <summary>By class of bytes, the state behind one; null: not looked at yet.</summary>
    internal AutomatonState?[] Next { get; }

    /// <summary>Where each class of bytes leads, made when first asked for.</summary>
    internal AutomatonStep[]? Steps { get; set; }

    /// <summary>Whether the text may end here; known together with <see cref="Steps"/>.</summary>
    internal bool MayEnd { get; set; }

    /// <summary>No text goes on from here, and it is not complete either.</summary>
    internal bool IsDead => Places.Length == 0;

    /// <summary>The tokens that may come next; null: not looked at yet, or forgotten.</summary>
    internal ulong[]? Mask { get; set; }

    /// <summary>Why there is no <see cref="Mask"/>; null: there is, or was not looked for.</summary>
    internal ConstraintException? Refusal { get; set; }

    /// <summary>What may come next where the outermost rule of the state is all there is; see <see cref="TokenMasks"/>.</summary>
    internal LocalMask? Local { get; set; }
}

/// <summary>Bytes that lead from a state to a place.</summary>
readonly record struct AutomatonStep(byte Low, byte High, int Position, Frame? Frame);
