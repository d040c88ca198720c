namespace Octet.Tokenizers.Models;

/// <summary>The tokens of a vocabulary by their beginnings: one step for each byte, and at each node the token that ends there.</summary>
/// <remarks>Children lie in one open-addressing table with the node and the byte as the key.</remarks>
sealed class ByteTrie
{
    internal const int Root = 0;
    internal const int None = -1;

    const int ChildOfNone = 0; // the root is nobody's child

    readonly int[] _firsts = new int[256]; // the root's children
    (ulong Key, int Child)[] _children = new (ulong, int)[1024];
    int _shift = 64 - 10;
    int _count;
    int[] _tokens = [None];
    int _nodes = 1;

    /// <summary>The bytes of the longest token.</summary>
    internal int Longest { get; private set; }

    /// <summary>Adds a token; of two with the same bytes the last counts.</summary>
    internal void Add(ReadOnlySpan<byte> bytes, int token)
    {
        int node = Root;
        foreach (byte value in bytes)
        {
            int child = Step(node, value);
            if (child == None)
            {
                child = _nodes++;
                if (child == _tokens.Length)
                {
                    Array.Resize(ref _tokens, 2 * _tokens.Length);
                }

                _tokens[child] = None;
                Insert(node, value, child);
            }

            node = child;
        }

        _tokens[node] = token;
        Longest = Math.Max(Longest, bytes.Length);
    }

    /// <summary>The node behind a byte, or <see cref="None"/>.</summary>
    internal int Step(int node, byte value)
    {
        if (node == Root)
        {
            int first = _firsts[value];
            return first == ChildOfNone ? None : first;
        }

        (ulong Key, int Child)[] children = _children;
        ulong key = Key(node, value);
        int mask = children.Length - 1;
        for (int at = (int)(ByteHash.Compute(key) >> _shift); ; at = (at + 1) & mask)
        {
            ref (ulong Key, int Child) entry = ref children[at];
            if (entry.Key == key)
            {
                return entry.Child;
            }

            if (entry.Key == 0)
            {
                return None;
            }
        }
    }

    /// <summary>The token that ends at a node, or <see cref="None"/>.</summary>
    internal int Token(int node) => _tokens[node];

    void Insert(int node, byte value, int child)
    {
        if (node == Root)
        {
            _firsts[value] = child;
            return;
        }

        if (_count * 2 >= _children.Length)
        {
            (ulong Key, int Child)[] old = _children;
            _children = new (ulong, int)[2 * old.Length];
            _shift--;
            foreach ((ulong Key, int Child) entry in old)
            {
                if (entry.Key != 0)
                {
                    Put(entry);
                }
            }
        }

        Put((Key(node, value), child));
        _count++;
    }

    void Put((ulong Key, int Child) entry)
    {
        int mask = _children.Length - 1;
        int at = (int)(ByteHash.Compute(entry.Key) >> _shift);
        while (_children[at].Key != 0)
        {
            at = (at + 1) & mask;
        }

        _children[at] = entry;
    }

    // Nodes but the root count from 1, so that no key is 0.
    static ulong Key(int node, byte value) => ((ulong)(uint)node << 8) | value;
}
