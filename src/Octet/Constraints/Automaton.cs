using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Octet.Constraints;

/// <summary>
/// Follows a network byte by byte. A state is the set of all places where the text may be, with the calls that each is in; states and the ways
/// between them are made when they are first needed and kept, so that a way taken twice costs a look into a table. Safe for several threads.
/// </summary>
sealed class Automaton
{
    // What is kept; beyond it everything is forgotten, and made anew where it is needed. Beside its places and steps a state has a few objects.
    const int MostStates = 1 << 16;
    const long MostBytes = 32 << 20;
    const int ObjectBytes = 128;

    // Places of one state: a schema with so many optional properties in a row, a grammar that can be read in so many ways.
    const int MostPlaces = 1 << 13;

    readonly Network _network;
    readonly byte[] _classOf;
    readonly AutomatonState _dead;
    readonly Lock _lock = new();

    // Under the lock.
    readonly Dictionary<(Frame?, int), Frame> _frames = [];
    readonly Dictionary<PlacesKey, AutomatonState> _states = [];
    readonly HashSet<(int, Frame?)> _seen = [];
    readonly Stack<(int Position, Frame? Frame)> _open = [];
    int _frameCount;
    long _bytes;

    internal Automaton(Network network)
    {
        _network = network;
        _classOf = network.ClassOf;
        _dead = new AutomatonState([], 0);
        Start = StateAt(network.Start, null);
    }

    internal Network Network => _network;

    /// <summary>Where every text begins.</summary>
    internal AutomatonState Start { get; }

    /// <summary>Where no text leads on.</summary>
    internal AutomatonState Dead => _dead;

    /// <summary>How many states and steps have been made so far: what an operation has cost that was not known yet.</summary>
    internal long Work { get; private set; }

    /// <summary>What states and the ways between them take.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>How often everything was forgotten.</summary>
    internal int Forgotten { get; private set; }

    /// <summary>The state behind a byte.</summary>
    /// <exception cref="ConstraintException">The text can be read in too many ways.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal AutomatonState Next(AutomatonState state, byte value)
    {
        AutomatonState?[] next = state.Next;
        int type = _classOf[value];
        return type < next.Length && next[type] is { } known ? known : Find(state, type);
    }

    /// <summary>Whether the text may end in a state.</summary>
    internal bool MayEnd(AutomatonState state)
    {
        if (state.Steps is null && !state.IsDead)
        {
            lock (_lock)
            {
                Expand(state);
            }
        }

        return state.MayEnd;
    }

    /// <summary>The one byte that may come next; -1 where there are several or none.</summary>
    internal int OnlyByte(AutomatonState state)
    {
        _ = MayEnd(state);
        AutomatonStep[] steps = state.Steps ?? [];
        if (steps.Length == 0 || steps[0].Low != steps[0].High)
        {
            return -1;
        }

        byte only = steps[0].Low;
        return Array.TrueForAll(steps, step => step.Low == only && step.High == only) ? only : -1;
    }

    /// <summary>The state that is at one place alone.</summary>
    internal AutomatonState StateAt(int position, Frame? frame)
    {
        lock (_lock)
        {
            return Intern([Settle(position, frame)]);
        }
    }

    /// <summary>The state at these places alone, each given as positions from the outside in: all but the last are to go on with when the one behind ends.</summary>
    internal AutomatonState StateAt(List<int[]> places)
    {
        lock (_lock)
        {
            List<(int, Frame?)> settled = [];
            foreach (int[] positions in places)
            {
                Frame? frame = null;
                foreach (int position in positions.AsSpan(0, positions.Length - 1))
                {
                    frame = MakeFrame(frame, position);
                }

                settled.Add(Settle(positions[^1], frame));
            }

            return Intern(settled);
        }
    }

    AutomatonState Find(AutomatonState state, int type)
    {
        if (state.IsDead)
        {
            return _dead;
        }

        lock (_lock)
        {
            Expand(state);
            byte value = _network.Example[type];
            List<(int, Frame?)> places = [];
            foreach (AutomatonStep step in state.Steps!)
            {
                if (value >= step.Low && value <= step.High)
                {
                    places.Add(Settle(step.Position, step.Frame));
                }
            }

            Work += state.Steps.Length + 1;
            AutomatonState next = places.Count == 0 ? _dead : Intern(places);
            state.Next[type] = next;
            return next;
        }
    }

    /// <summary>Follows everything that takes no byte: finds the steps out of a state, and whether it may end.</summary>
    void Expand(AutomatonState state)
    {
        if (state.Steps is not null)
        {
            return;
        }

        _seen.Clear();
        List<AutomatonStep> steps = [];
        bool mayEnd = false;
        foreach ((int position, Frame? frame) in state.Places)
        {
            Visit(position, frame);
        }

        while (_open.TryPop(out (int Position, Frame? Frame) at))
        {
            if (at.Position == Network.Done)
            {
                mayEnd = true;
                continue;
            }

            int first = _network.FirstEdge[at.Position];
            foreach (NetworkBuilder.Edge edge in _network.Edges.AsSpan(first, _network.FirstEdge[at.Position + 1] - first))
            {
                if (edge.Kind == NetworkBuilder.EdgeKind.Bytes)
                {
                    steps.Add(new AutomatonStep(edge.Low, edge.High, edge.To, at.Frame));
                }
                else if (edge.Kind == NetworkBuilder.EdgeKind.Nothing)
                {
                    Visit(edge.To, at.Frame);
                }
                else
                {
                    // Where nothing is left to do behind a call, it takes the place of its caller: lists written as recursion need no stack.
                    int back = _network.Same[edge.To];
                    Visit(_network.Starts[edge.Rule], _network.IsFinal[back] ? at.Frame : MakeFrame(at.Frame, back));
                }
            }
        }

        Work += _seen.Count;
        state.MayEnd = mayEnd;
        state.Steps = [.. steps];
        _bytes += (long)steps.Count * Unsafe.SizeOf<AutomatonStep>();

        void Visit(int position, Frame? frame)
        {
            (int, Frame?) place = Settle(position, frame);
            if (_seen.Add(place))
            {
                _open.Push(place);
                if (_seen.Count > 8 * MostPlaces)
                {
                    _open.Clear();
                    throw TooAmbiguous();
                }
            }
        }
    }

    /// <summary>A place as far on as it leads by itself: what only passes on is passed, and a rule that is at its end is left.</summary>
    (int Position, Frame? Frame) Settle(int position, Frame? frame)
    {
        while (position != Network.Done)
        {
            position = _network.Same[position];
            if (!_network.IsFinal[position])
            {
                break;
            }

            position = frame?.Position ?? Network.Done;
            frame = frame?.Below;
        }

        return (position, frame);
    }

    Frame MakeFrame(Frame? below, int position)
    {
        ref Frame? frame = ref CollectionsMarshal.GetValueRefOrAddDefault(_frames, (below, position), out bool known);
        _bytes += known ? 0 : ObjectBytes;
        return frame ??= new Frame(++_frameCount, below, position);
    }

    AutomatonState Intern(List<(int Position, Frame? Frame)> places)
    {
        places.Sort(static (a, b) => a.Position != b.Position ? a.Position.CompareTo(b.Position) : (a.Frame?.Id ?? 0).CompareTo(b.Frame?.Id ?? 0));
        int count = 0;
        for (int i = 0; i < places.Count; i++)
        {
            if (count == 0 || places[count - 1] != places[i])
            {
                places[count++] = places[i];
            }
        }

        if (count > MostPlaces)
        {
            throw TooAmbiguous();
        }

        (int, Frame?)[] distinct = [.. CollectionsMarshal.AsSpan(places)[..count]];
        var key = new PlacesKey(distinct);
        if (!_states.TryGetValue(key, out AutomatonState? state))
        {
            if (_states.Count >= MostStates || _bytes >= MostBytes)
            {
                Forget();
            }

            state = new AutomatonState(distinct, _network.ClassCount);
            _states.Add(key, state);
            _bytes += ((long)count * Unsafe.SizeOf<(int, Frame?)>()) + ((long)_network.ClassCount * nint.Size) + ObjectBytes;
            Work += count;
        }

        return state;
    }

    /// <summary>What runs on keeps the states it is in; equal ones made later are other objects, which costs time and nothing else.</summary>
    void Forget()
    {
        foreach (AutomatonState state in _states.Values)
        {
            Array.Clear(state.Next);
            state.Local = null;
        }

        _states.Clear();
        _frames.Clear();
        _bytes = 0;
        Forgotten++;
    }

    static ConstraintException TooAmbiguous() => new(ConstraintError.TooLarge, "", string.Create(
        CultureInfo.InvariantCulture,
        $"the text so far can be read in more than {MostPlaces} ways; expected a constraint whose alternatives can be told apart sooner"));

    readonly struct PlacesKey((int Position, Frame? Frame)[] places) : IEquatable<PlacesKey>
    {
        readonly (int Position, Frame? Frame)[] _places = places;

        public bool Equals(PlacesKey other) => _places.AsSpan().SequenceEqual(other._places);

        public override bool Equals(object? obj) => obj is PlacesKey other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = default;
            foreach ((int position, Frame? frame) in _places)
            {
                hash.Add(position);
                hash.Add(frame?.Id ?? 0);
            }

            return hash.ToHashCode();
        }
    }
}
