using System.Text;
using Octet.Constraints;

namespace Octet.Tests.Constraints;

/// <summary>A model that knows nothing: draws any token that the constraint allows, and when it has written enough, what closes things.</summary>
sealed class RandomWriter(CompiledConstraint constraint, int seed)
{
    // Quotes end strings, and what a quote begins it ends too; only then what ends objects and arrays, and the shortest number.
    const string Closing = "\"}])0";

    readonly Random _random = new(seed);
    readonly List<byte> _text = [];

    internal ConstraintState State { get; private set; } = new(constraint);

    internal string Text => Encoding.UTF8.GetString([.. _text]);

    /// <summary>Writes to the end.</summary>
    /// <param name="wanted">Tokens after which it wants to end.</param>
    /// <param name="look">Is shown every state on the way, before a token is drawn.</param>
    internal string Write(int wanted, Action<ConstraintState>? look = null)
    {
        for (int count = 0; !State.IsComplete; count++)
        {
            look?.Invoke(State);
            List<int> allowed = Allowed(State);
            if (State.Accepts && (count >= wanted || _random.Next(8) == 0))
            {
                break;
            }

            // Every state that is reached leads on.
            Assert.NotEmpty(allowed);
            Assert.True(count < wanted + 4000, $"does not end: {Text}");
            int token = count < wanted ? allowed[_random.Next(allowed.Count)] : Best(allowed);
            _text.AddRange(constraint.Trie.Bytes(token));
            State.Accept(token);
        }

        Assert.True(State.Accepts);
        return Text;
    }

    internal static List<int> Allowed(ConstraintState state)
    {
        List<int> allowed = [];
        ReadOnlySpan<ulong> mask = state.Mask;
        for (int token = 0; token < mask.Length * 64; token++)
        {
            if ((mask[token / 64] >> token & 1) != 0)
            {
                allowed.Add(token);
            }
        }

        return allowed;
    }

    /// <summary>Half of the time what closes, so that both what must be closed and what must first be completed ends.</summary>
    int Best(List<int> allowed)
    {
        List<int> single = [.. allowed.Where(token => constraint.Trie.Bytes(token).Length == 1)];
        foreach (char closing in _random.Next(2) == 0 ? Closing : "")
        {
            int at = single.FindIndex(token => constraint.Trie.Bytes(token)[0] == closing);
            if (at >= 0)
            {
                return single[at];
            }
        }

        return single[_random.Next(single.Count)];
    }
}
