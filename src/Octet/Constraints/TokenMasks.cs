using System.Globalization;
using System.Runtime.CompilerServices;

namespace Octet.Constraints;

/// <summary>
/// Finds the tokens that may follow in a state, by following the tree of the tokens and the automaton together, and keeps what it found. The places
/// of a state are looked at apart: inside of a string, say, all that most tokens do depends on the string's own rule alone. That part is found once
/// and shared by all strings; what is left to do for one of them are the tokens that go on behind its end.
/// </summary>
sealed class TokenMasks
{
    // Bytes of masks that are kept; beyond it they are forgotten and found anew.
    const long MostBytes = 64 << 20;

    // Steps and states that one mask may cost: seconds. The largest vocabularies take a hundredth of it for the widest state.
    const long MostWork = 50_000_000;

    readonly Automaton _automaton;
    readonly TokenTrie _trie;
    readonly int[] _alike;
    readonly int _words;
    readonly Lock _lock = new();
    readonly List<AutomatonState> _kept = []; // a state for each array of bits
    readonly AutomatonState[] _way;
    long _work;
    bool _isSpent;
    int _forgotten;

    internal TokenMasks(Automaton automaton, TokenTrie trie)
    {
        _automaton = automaton;
        _trie = trie;
        _words = (trie.VocabularySize + 63) / 64;
        _way = new AutomatonState[trie.Longest + 1];
        _alike = Alike(automaton.Network, trie.Longest);
    }

    /// <summary>What is kept takes so much, about.</summary>
    internal long Bytes => _kept.Count * (long)_words * sizeof(ulong);

    /// <summary>A bit for each token, lowest first.</summary>
    /// <exception cref="ConstraintException">The constraint is too ambiguous, or takes too long.</exception>
    internal ulong[] Of(AutomatonState state)
    {
        if (state.Mask is { } known)
        {
            return known;
        }

        lock (_lock)
        {
            return state.Mask ?? Find(state, MostWork) ?? throw (state.Refusal = TakesTooLong());
        }
    }

    /// <summary>Looks for a mask for a while; false where it has not come by then, or somebody else looks for one: <see cref="Of"/> would take time.</summary>
    /// <param name="state">Whose.</param>
    /// <param name="work">Steps and states that it may cost.</param>
    /// <param name="mask">Null where <see cref="Of"/> refuses it.</param>
    internal bool TryFind(AutomatonState state, long work, out ulong[]? mask)
    {
        mask = state.Mask;
        if (mask is not null || state.Refusal is not null)
        {
            return true;
        }

        if (!_lock.TryEnter())
        {
            return false;
        }

        try
        {
            mask = state.Mask ?? Find(state, work);
            return mask is not null;
        }
        catch (ConstraintException)
        {
            // Told of by who asks for the mask.
            return true;
        }
        finally
        {
            _lock.Exit();
        }
    }

    static ConstraintException TakesTooLong() => new(ConstraintError.TooLarge, "", string.Create(
        CultureInfo.InvariantCulture,
        $"the tokens that may come next take more than {MostWork} steps to find; expected a constraint with smaller bounds of repetitions, or fewer of them behind each other"));

    /// <summary>Null where the work is done before the mask is.</summary>
    ulong[]? Find(AutomatonState wanted, long work)
    {
        if (wanted.Refusal is { } refusal)
        {
            throw refusal;
        }

        try
        {
            return Search(wanted, work);
        }
        catch (ConstraintException error)
        {
            wanted.Refusal = error;
            throw;
        }
    }

    ulong[]? Search(AutomatonState wanted, long work)
    {
        _work = _automaton.Work + work;
        _isSpent = false;
        ulong[] bits = new ulong[_words];
        ulong[]? only = null;
        int parts = 0;
        HashSet<AutomatonState> seen = [wanted];
        Stack<AutomatonState> open = new([wanted]);
        while (open.TryPop(out AutomatonState? state))
        {
            foreach ((Frame? tail, List<int[]> places) in Groups(state))
            {
                AutomatonState top = _automaton.StateAt(places);
                if ((top.Local ?? FindLocal(top)) is not { } local)
                {
                    return null;
                }

                Union(bits, local.Bits);
                only = local.Bits;
                parts++;
                if (tail is null)
                {
                    continue;
                }

                AutomatonState behind = _automaton.StateAt(tail.Position, tail.Below);
                if (_automaton.MayEnd(top) && seen.Add(behind))
                {
                    open.Push(behind);
                }

                foreach (int exit in local.Exits)
                {
                    parts += Walk(exit, behind, bits, null) ? 1 : 0;
                }

                if (_isSpent)
                {
                    return null;
                }
            }
        }

        // Most states differ from another in nothing but what comes later.
        return Keep(wanted, parts == 1 ? only! : bits);
    }

    ulong[] Keep(AutomatonState state, ulong[] bits)
    {
        // States that the automaton has forgotten are kept by nobody else.
        bool isOld = _forgotten != _automaton.Forgotten;
        if (isOld || Bytes > MostBytes)
        {
            foreach (AutomatonState kept in _kept)
            {
                kept.Mask = null;
                kept.Local = null;
            }

            _kept.Clear();
            _forgotten = _automaton.Forgotten;
        }

        _kept.Add(state);
        state.Mask = bits;
        return bits;
    }

    LocalMask? FindLocal(AutomatonState state)
    {
        ulong[] bits = new ulong[_words];
        List<int> exits = [];
        Walk(0, state, bits, exits);
        if (_isSpent)
        {
            return null;
        }

        _kept.Add(state);
        return state.Local = new LocalMask(bits, [.. exits]);
    }

    /// <summary>Marks the tokens behind a node of the tree that go on from a state, as far as the work goes.</summary>
    /// <returns>Whether there are any.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool Walk(int node, AutomatonState state, ulong[] bits, List<int>? exits)
    {
        byte[] label = _trie.Label;
        ushort[] depth = _trie.Depth;
        int[] skip = _trie.Skip;
        int[] firstToken = _trie.FirstToken;
        int[] tokens = _trie.Tokens;
        AutomatonState[] way = _way;
        Automaton automaton = _automaton;
        way[depth[node]] = state;
        bool any = false;
        int end = skip[node];
        for (int at = node + 1; at < end;)
        {
            AutomatonState next = automaton.Next(way[depth[at] - 1], label[at]);
            if (next.IsDead)
            {
                at = skip[at];
                continue;
            }

            way[depth[at]] = next;
            for (int i = firstToken[at]; i < firstToken[at + 1]; i++)
            {
                bits[tokens[i] >> 6] |= 1UL << tokens[i];
                any = true;
            }

            if (exits is not null && skip[at] > at + 1 && automaton.MayEnd(next))
            {
                exits.Add(at);
            }

            at++;
            if (automaton.Work > _work)
            {
                _isSpent = true;
                return any;
            }
        }

        return any;
    }

    /// <summary>
    /// The places of a state, by what is to go on behind the innermost rule that keeps masks. Each is given as the positions from there on inwards.
    /// </summary>
    IEnumerable<(Frame? Tail, List<int[]> Places)> Groups(AutomatonState state)
    {
        Dictionary<Frame, List<int[]>> groups = new(ReferenceEqualityComparer.Instance);
        List<int[]> outermost = [];
        bool[] keepsMasks = _automaton.Network.KeepsMasks;
        Stack<int> inside = [];
        foreach ((int position, Frame? frame) in state.Places)
        {
            if (position == Network.Done)
            {
                continue;
            }

            inside.Clear();
            inside.Push(_alike[position]);
            Frame? tail = frame;
            for (int at = position; !keepsMasks[at] && tail is not null; tail = tail.Below)
            {
                at = tail.Position;
                inside.Push(_alike[at]);
            }

            List<int[]> places = outermost;
            if (tail is not null && !groups.TryGetValue(tail, out places!))
            {
                groups.Add(tail, places = []);
            }

            places.Add([.. inside]);
        }

        if (outermost.Count > 0)
        {
            yield return (null, outermost);
        }

        foreach ((Frame tail, List<int[]> places) in groups)
        {
            yield return (tail, places);
        }
    }

    /// <summary>
    /// By position, one that no token can tell from it. Positions that count parts are alike where the count is so far from its bounds that no token
    /// comes near one.
    /// </summary>
    static int[] Alike(Network network, int longest)
    {
        int[] alike = [.. Enumerable.Range(0, network.IsFinal.Length)];
        foreach ((int first, int least, int most) in network.Counted)
        {
            for (int count = 0; count < least - longest; count++)
            {
                alike[first + count] = first;
            }

            for (int count = least; count < most - longest; count++)
            {
                alike[first + count] = first + least;
            }
        }

        return alike;
    }

    static void Union(Span<ulong> bits, ReadOnlySpan<ulong> other)
    {
        for (int i = 0; i < bits.Length; i++)
        {
            bits[i] |= other[i];
        }
    }
}
