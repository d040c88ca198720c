using System.Runtime.CompilerServices;
using System.Text;

namespace Octet.Tokenizers;

/// <summary>
/// The model's tokens: id to bytes and content to id. All bytes lie in one array. A token whose content is written in the
/// byte-level alphabet is stored as the bytes it stands for where the vocabulary is a byte-level one; any other content is kept verbatim
/// as its UTF-8. Filled while loading, never changed afterwards.
/// </summary>
/// <param name="byteLevel">Whether contents in the byte-level alphabet are stored as bytes.</param>
sealed class Vocabulary(bool byteLevel)
{
    /// <summary>The highest id a file may use; bounds the memory that a damaged file can ask for.</summary>
    internal const int MaxId = (1 << 22) - 1;

    (int Start, int Length)[] _places = []; // length -1: no token has this id
    byte[] _bytes = new byte[1024];
    int _used;
    int[] _slots = new int[1024]; // id + 1; 0 is free
    int _shift = 64 - 10;
    readonly HashSet<int> _verbatim = [];
    HashSet<int>? _shadowed; // those whose content belongs to a later id

    /// <summary>Whether contents in the byte-level alphabet are stored as bytes.</summary>
    internal bool IsByteLevel => byteLevel;

    /// <summary>The number of tokens.</summary>
    internal int Count { get; private set; }

    /// <summary>The highest id plus one.</summary>
    internal int Size { get; private set; }

    internal bool Contains(int id) => (uint)id < (uint)Size && _places[id].Length >= 0;

    /// <summary>The token's bytes; empty where no token has this id.</summary>
    internal ReadOnlySpan<byte> Bytes(int id) => Contains(id) ? _bytes.AsSpan(_places[id].Start, _places[id].Length) : default;

    /// <summary>The token's content as in the file; null where no token has this id.</summary>
    internal string? Content(int id)
    {
        if (!Contains(id))
        {
            return null;
        }

        if (!byteLevel || _verbatim.Contains(id))
        {
            return Encoding.UTF8.GetString(Bytes(id));
        }

        return string.Create(_places[id].Length, (this, id), static (chars, state) =>
        {
            ReadOnlySpan<byte> bytes = state.Item1.Bytes(state.id);
            for (int i = 0; i < chars.Length; i++)
            {
                chars[i] = ByteLevelAlphabet.ToChar(bytes[i]);
            }
        });
    }

    /// <summary>The id of the token with this content, or -1.</summary>
    /// <param name="content">UTF-8, as in the file.</param>
    /// <param name="scratch">At least as long as the content.</param>
    internal int FindContent(ReadOnlySpan<byte> content, Span<byte> scratch) =>
        !byteLevel ? Find(content, verbatim: false)
        : ByteLevelAlphabet.TryToBytes(content, scratch, out int written) ? Find(scratch[..written], verbatim: false)
        : Find(content, verbatim: true);

    /// <summary>The id of the token with this content, or -1.</summary>
    internal int FindContent(string content)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(content);
        return FindContent(utf8, new byte[utf8.Length]);
    }

    /// <summary>The id of the token with exactly these bytes, or -1. In a byte-level vocabulary one of the alphabet.</summary>
    internal int FindBytes(ReadOnlySpan<byte> bytes) => Find(bytes, verbatim: false);

    /// <summary>The same tokens with their contents as in the file.</summary>
    internal Vocabulary ToVerbatim()
    {
        if (!byteLevel)
        {
            return this;
        }

        Vocabulary verbatim = new(byteLevel: false);
        for (int id = 0; id < Size; id++)
        {
            if (Content(id) is { } content)
            {
                verbatim.TryAdd(Encoding.UTF8.GetBytes(content), id, []);
            }
        }

        return verbatim;
    }

    /// <summary>Adds a token; false where the id or the content is taken.</summary>
    /// <param name="content">UTF-8, as in the file.</param>
    /// <param name="id">Its id.</param>
    /// <param name="scratch">At least as long as the content, for a byte-level vocabulary.</param>
    internal bool TryAdd(ReadOnlySpan<byte> content, int id, Span<byte> scratch)
    {
        int written = content.Length;
        bool verbatim = byteLevel && !ByteLevelAlphabet.TryToBytes(content, scratch, out written);
        ReadOnlySpan<byte> bytes = !byteLevel || verbatim ? content : scratch[..written];
        if (Contains(id) || Find(bytes, verbatim) >= 0)
        {
            return false;
        }

        Append(bytes, id, verbatim);
        return true;
    }

    /// <summary>Adds a token of these bytes to a byte-level vocabulary; false where the id or the bytes are taken.</summary>
    internal bool TryAddBytes(ReadOnlySpan<byte> bytes, int id)
    {
        if (Contains(id) || Find(bytes, verbatim: false) >= 0)
        {
            return false;
        }

        Append(bytes, id, verbatim: false);
        return true;
    }

    /// <summary>Adds a token under the next id. A content that is there already belongs to the new one from now on.</summary>
    /// <remarks>For a vocabulary that is a list, and only for one that is not byte-level.</remarks>
    internal void Add(ReadOnlySpan<byte> content)
    {
        int id = Size;
        int slots = _slots.Length;
        int taken = Find(content, verbatim: false);
        if (taken >= 0)
        {
            (_shadowed ??= []).Add(taken);
        }

        Append(content, id, verbatim: false, insert: taken < 0);
        if (taken >= 0 && _slots.Length == slots)
        {
            int mask = _slots.Length - 1;
            int at = (int)(ByteHash.Compute(content) >> _shift);
            while (_slots[at] != taken + 1)
            {
                at = (at + 1) & mask;
            }

            _slots[at] = id + 1;
        }
    }

    void Append(ReadOnlySpan<byte> bytes, int id, bool verbatim, bool insert = true)
    {
        Reserve(id, bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_used));
        _places[id] = (_used, bytes.Length);
        _used += bytes.Length;
        Size = Math.Max(Size, id + 1);
        Count++;
        if (verbatim)
        {
            _verbatim.Add(id);
        }

        if (Count * 2 > _slots.Length)
        {
            Rehash();
        }
        else if (insert)
        {
            Insert(id);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int Find(ReadOnlySpan<byte> bytes, bool verbatim)
    {
        int mask = _slots.Length - 1;
        for (int at = (int)(ByteHash.Compute(bytes) >> _shift); ; at = (at + 1) & mask)
        {
            int id = _slots[at] - 1;
            if (id < 0)
            {
                return -1;
            }

            if (_bytes.AsSpan(_places[id].Start, _places[id].Length).SequenceEqual(bytes)
                && (_verbatim.Count != 0 && _verbatim.Contains(id)) == verbatim)
            {
                return id;
            }
        }
    }

    void Insert(int id)
    {
        int mask = _slots.Length - 1;
        int at = (int)(ByteHash.Compute(_bytes.AsSpan(_places[id].Start, _places[id].Length)) >> _shift);
        while (_slots[at] != 0)
        {
            at = (at + 1) & mask;
        }

        _slots[at] = id + 1;
    }

    void Rehash()
    {
        _slots = new int[_slots.Length * 2];
        _shift--;
        for (int id = 0; id < Size; id++)
        {
            if (_places[id].Length >= 0 && _shadowed?.Contains(id) != true)
            {
                Insert(id);
            }
        }
    }

    void Reserve(int id, int length)
    {
        if (id >= _places.Length)
        {
            int old = _places.Length;
            Array.Resize(ref _places, Math.Max(id + 1, Math.Max(256, old * 2)));
            _places.AsSpan(old).Fill((0, -1));
        }

        if (length > _bytes.Length - _used)
        {
            Array.Resize(ref _bytes, checked(Math.Max(_used + length, _bytes.Length * 2)));
        }
    }
}
