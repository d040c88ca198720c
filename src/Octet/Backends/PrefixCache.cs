using System.Runtime.InteropServices;

namespace Octet.Backends;

/// <summary>
/// Pages with the keys and values of beginnings of texts, for sequences that begin in the same way: a tree of blocks of
/// <see cref="KvCacheLayout.PageTokens"/> tokens. A page that no sequence holds stays until the room is needed; then those that were not
/// used for the longest time go first, ends before beginnings. Blocks are found by their tokens, not by a hash of them alone, so that no
/// text can be made to be taken for another. Any thread may call.
/// </summary>
/// <remarks>The shape of vLLM's automatic prefix caching and SGLang's radix tree (Zheng et al., "SGLang", 2024).</remarks>
sealed class PrefixCache
{
    const int BlockTokens = KvCacheLayout.PageTokens;

    readonly StateCache _cache;
    readonly Lock _lock = new();
    readonly Dictionary<Key, Block> _blocks = new(new KeyComparer());

    // Ends in front of their beginnings: what was used last is at the end.
    readonly LinkedList<Block> _byUse = new();

    PrefixCache(StateCache cache)
    {
        _cache = cache;
        foreach (KvCache kind in cache.Kinds)
        {
            kind.Reclaim = () => TryForgetOne(kind);
        }
    }

    /// <summary>A cache over the pages of <paramref name="cache"/>; null where pages alone do not say what a sequence has read: behind a window they are given back, and recurrent layers keep no past states.</summary>
    internal static PrefixCache? Create(StateCache cache)
        => cache.Recurrent is null && cache.Kinds.Count > 0 && cache.Kinds.All(kind => kind.Layout.Window is null) ? new PrefixCache(cache) : null;

    /// <summary>Gives an empty sequence the pages of the longest beginning of <paramref name="tokens"/> that is there; returns its last block, null where there is none.</summary>
    /// <param name="salt">Only beginnings with the same salt are found.</param>
    /// <param name="tokens">The text; a block counts when all of its tokens are there.</param>
    /// <param name="sequence">Holds no page.</param>
    internal Block? Match(string salt, ReadOnlySpan<int> tokens, SequenceState sequence)
    {
        lock (_lock)
        {
            List<Block> path = [];
            while ((path.Count + 1) * BlockTokens <= tokens.Length
                && _blocks.TryGetValue(new Key(salt, path.Count == 0 ? null : path[^1], tokens.Slice(path.Count * BlockTokens, BlockTokens).ToArray()), out Block? next))
            {
                path.Add(next);
            }

            for (int kind = 0; kind < _cache.Kinds.Count; kind++)
            {
                sequence.Of(_cache.Kinds[kind]).Adopt([.. path.Select(block => block.Pages[kind])]);
            }

            for (int i = path.Count - 1; i >= 0; i--)
            {
                Touch(path[i]);
            }

            return path is [.., var last] ? last : null;
        }
    }

    /// <summary>How many tokens at the beginning of <paramref name="tokens"/> are there.</summary>
    internal int Length(string salt, ReadOnlySpan<int> tokens)
    {
        lock (_lock)
        {
            Block? last = null;
            int length = 0;
            while (length + BlockTokens <= tokens.Length && _blocks.TryGetValue(new Key(salt, last, tokens.Slice(length, BlockTokens).ToArray()), out last))
            {
                length += BlockTokens;
            }

            return length;
        }
    }

    /// <summary>Notes a block that a sequence has computed; returns it, or the one of the same tokens that was there before.</summary>
    /// <param name="salt">The sequence's salt.</param>
    /// <param name="parent">What stands in front of it; null: nothing.</param>
    /// <param name="tokens">All tokens of the block.</param>
    /// <param name="sequence">Holds its pages.</param>
    /// <param name="index">Which of the sequence's blocks.</param>
    internal Block Add(string salt, Block? parent, ReadOnlySpan<int> tokens, SequenceState sequence, int index)
    {
        lock (_lock)
        {
            // Only the sequence's own pages hold the beginning then; what follows it cannot be found, and is not kept.
            if (parent is { IsForgotten: true })
            {
                return parent;
            }

            var key = new Key(salt, parent, tokens.ToArray());
            ref Block? block = ref CollectionsMarshal.GetValueRefOrAddDefault(_blocks, key, out bool exists);
            if (exists)
            {
                return block!;
            }

            int[] pages = [.. _cache.Kinds.Select(kind => sequence.Of(kind).Page(index))];
            for (int kind = 0; kind < pages.Length; kind++)
            {
                _cache.Kinds[kind].Keep(pages[kind]);
            }

            Block added = new(key, pages);
            block = added;
            added.Place = _byUse.AddLast(added);
            if (parent is not null)
            {
                parent.Children++;
                for (Block? above = parent; above is not null; above = above.Parent)
                {
                    Touch(above);
                }
            }

            return added;
        }
    }

    void Touch(Block block)
    {
        _byUse.Remove(block.Place!);
        _byUse.AddLast(block.Place!);
    }

    bool TryForgetOne(KvCache kind)
    {
        lock (_lock)
        {
            // What is in use goes to the end on the way, so that it is looked at once and not with every page that is wanted.
            for (int left = _byUse.Count; left > 0; left--)
            {
                Block block = _byUse.First!.Value;
                if (block.Children == 0 && kind.IsIdle(block.Pages[kind.Layout.Kind]))
                {
                    Forget(block);
                    return true;
                }

                Touch(block);
            }

            return false;
        }
    }

    void Forget(Block block)
    {
        _blocks.Remove(block.Key);
        _byUse.Remove(block.Place!);
        block.Place = null;
        if (block.Parent is { } parent)
        {
            parent.Children--;
        }

        for (int kind = 0; kind < block.Pages.Length; kind++)
        {
            _cache.Kinds[kind].Forget(block.Pages[kind]);
        }
    }

    /// <summary>A block of tokens behind others.</summary>
    internal sealed class Block(Key key, int[] pages)
    {
        internal Key Key { get; } = key;

        /// <summary>One page for each kind of layers.</summary>
        internal int[] Pages { get; } = pages;

        internal Block? Parent => Key.Parent;

        internal int Children { get; set; }

        internal LinkedListNode<Block>? Place { get; set; }

        internal bool IsForgotten => Place is null;
    }

    internal readonly record struct Key(string Salt, Block? Parent, int[] Tokens);

    sealed class KeyComparer : IEqualityComparer<Key>
    {
        public bool Equals(Key x, Key y) => ReferenceEquals(x.Parent, y.Parent) && x.Salt == y.Salt && x.Tokens.AsSpan().SequenceEqual(y.Tokens);

        public int GetHashCode(Key key)
        {
            HashCode hash = default;
            hash.Add(key.Salt);
            hash.Add(key.Parent is null ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(key.Parent));
            hash.AddBytes(MemoryMarshal.AsBytes(key.Tokens.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
