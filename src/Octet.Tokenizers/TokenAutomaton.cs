using System.Buffers;

namespace Octet.Tokenizers;

/// <summary>
/// The automaton of Aho and Corasick (1975) over the tokens' bytes from last to first. It reads a text from its end, and has at each
/// position the tokens that begin there: the longest of them is found in one pass, where a search from the front would read
/// again what it had read ahead for a longer token.
/// </summary>
sealed class TokenAutomaton
{
    const int Root = 0;
    const int None = 0; // the root is nobody's child and no token's end

    // Children are lists of siblings: a node has few, and a table for each would be large.
    readonly List<Node> _nodes = [new Node()];
    readonly List<(AddedToken Token, int Length)> _tokens = [default]; // by Node.Token
    readonly SearchValues<byte> _lastBytes;

    internal TokenAutomaton(IEnumerable<(byte[] Pattern, AddedToken Token)> tokens)
    {
        HashSet<byte> lasts = [];
        foreach ((byte[] pattern, AddedToken token) in tokens)
        {
            if (pattern.Length > 0)
            {
                lasts.Add(pattern[^1]);
                Add(pattern, token);
            }
        }

        _lastBytes = SearchValues.Create([.. lasts]);
        Link();
    }

    /// <summary>The longest token at each position where one begins, the last position first; null where there is none at all.</summary>
    internal List<Match>? Find(ReadOnlySpan<byte> text)
    {
        List<Match>? matches = null;
        int node = Root;
        for (int at = text.Length - 1; at >= 0; at--)
        {
            if (node == Root && (at = text[..(at + 1)].LastIndexOfAny(_lastBytes)) < 0)
            {
                break;
            }

            node = Step(node, text[at]);
            if (_nodes[node].Token != None)
            {
                (AddedToken token, int length) = _tokens[_nodes[node].Token];
                (matches ??= []).Add(new Match(at, length, token));
            }
        }

        return matches;
    }

    void Add(byte[] pattern, AddedToken token)
    {
        int node = Root;
        for (int i = pattern.Length - 1; i >= 0; i--)
        {
            int child = Child(node, pattern[i]);
            if (child == None)
            {
                child = _nodes.Count;
                _nodes.Add(new Node { Byte = pattern[i], Sibling = _nodes[node].FirstChild });
                _nodes[node] = _nodes[node] with { FirstChild = child };
            }

            node = child;
        }

        if (_nodes[node].Token == None)
        {
            _nodes[node] = _nodes[node] with { Token = _tokens.Count };
            _tokens.Add((token, pattern.Length));
        }
    }

    /// <summary>Gives each node the longest proper suffix of its string that is a node too, and the longest token among its suffixes.</summary>
    void Link()
    {
        Queue<int> open = new();
        open.Enqueue(Root);
        while (open.TryDequeue(out int node))
        {
            for (int child = _nodes[node].FirstChild; child != None; child = _nodes[child].Sibling)
            {
                int suffix = node == Root ? Root : Step(_nodes[node].Suffix, _nodes[child].Byte);
                int token = _nodes[child].Token;
                _nodes[child] = _nodes[child] with { Suffix = suffix, Token = token != None ? token : _nodes[suffix].Token };
                open.Enqueue(child);
            }
        }
    }

    int Step(int node, byte value)
    {
        while (true)
        {
            int child = Child(node, value);
            if (child != None || node == Root)
            {
                return child; // None is the root
            }

            node = _nodes[node].Suffix;
        }
    }

    int Child(int node, byte value)
    {
        int child = _nodes[node].FirstChild;
        while (child != None && _nodes[child].Byte != value)
        {
            child = _nodes[child].Sibling;
        }

        return child;
    }

    /// <summary>A token found in a text.</summary>
    /// <param name="Start">The position of its first byte.</param>
    /// <param name="Length">Its bytes.</param>
    /// <param name="Token">The token.</param>
    internal readonly record struct Match(int Start, int Length, AddedToken Token);

    readonly record struct Node(int FirstChild, int Sibling, int Suffix, int Token, byte Byte);
}
