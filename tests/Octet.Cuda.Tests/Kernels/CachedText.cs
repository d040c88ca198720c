using Octet.Cuda.Kernels;
using Octet.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Sequences with keys and values in pages, some rows of each at its end: stored by <c>rotate_and_store</c>, attended to by <c>attend</c>, and both by their
/// definition in double precision. Between the pages of a sequence lie those of others; what nobody has written is NaN.
/// </summary>
sealed class CachedText
{
    const int Layers = 2;
    const int Layer = 1;
    const int PageTokens = 32;

    readonly KernelCard _card;
    readonly string _type;
    readonly int _heads;
    readonly int _group;
    readonly int _size;
    readonly int[] _lengths;
    readonly (int Sequence, int Position)[] _rows;
    readonly float[] _keys;
    readonly float[] _values;
    readonly float[] _scales;
    readonly int _tokens;
    readonly CachePages _pages;

    /// <param name="target">Which kernels.</param>
    /// <param name="type">What is cached: f32, bf16, e4m3, e5m2.</param>
    /// <param name="heads">Of keys and values.</param>
    /// <param name="group">Query heads of each.</param>
    /// <param name="size">Dimensions of a head.</param>
    /// <param name="sequences">Of each, tokens and how many of them are rows of the step.</param>
    internal CachedText(string target, string type, int heads, int group, int size, params (int Length, int Rows)[] sequences)
        : this(new KernelCard(target), type, heads, group, size, sequences)
    {
    }

    /// <inheritdoc cref="CachedText(string, string, int, int, int, ValueTuple{int, int}[])"/>
    internal CachedText(KernelCard card, string type, int heads, int group, int size, params (int Length, int Rows)[] sequences)
    {
        _card = card;
        (_type, _heads, _group, _size) = (type, heads, group, size);
        _lengths = [.. sequences.Select(sequence => sequence.Length)];
        _rows = [.. sequences.SelectMany((sequence, i) => Enumerable.Range(sequence.Length - sequence.Rows, sequence.Rows).Select(position => (i, position)))];
        _tokens = _lengths.Sum();
        _keys = Values.Normal(_tokens * heads * size, 11);
        _values = Values.Normal(_tokens * heads * size, 12);
        _scales = type == "e4m3" ? [.. Enumerable.Range(0, Layers * heads * 2).Select(i => 0.02f * (1 + i))] : [];

        int bytes = type switch { "f32" => 4, "bf16" => 2, _ => 1 };
        int pageBytes = Layers * heads * 2 * PageTokens * size * bytes;
        byte[] nothing = new byte[pageBytes];
        nothing.AsSpan().Fill(0xFF);
        int[] first = new int[sequences.Length];
        List<ulong> addresses = [];
        int[] pagesOf = [.. _lengths.Select(length => (length + PageTokens - 1) / PageTokens)];
        ulong[][] own = [.. pagesOf.Select(count => new ulong[count])];
        for (int page = 0; page < pagesOf.Max(); page++)
        {
            for (int i = 0; i < sequences.Length; i++)
            {
                if (page < pagesOf[i])
                {
                    own[i][page] = _card.Upload(nothing);
                }
            }
        }

        for (int i = 0; i < sequences.Length; i++)
        {
            first[i] = addresses.Count;
            addresses.AddRange(own[i]);
        }

        _pages = new CachePages
        {
            Addresses = _card.Upload(addresses.ToArray()),
            Scales = _scales.Length == 0 ? 0 : _card.Upload(_scales),
            Layer = Layer,
            Heads = heads,
            Dimensions = size,
        };
        First = first;
    }

    int[] First { get; }

    internal KernelCard Card => _card;

    internal IReadOnlyList<(int Sequence, int Position)> Rows => _rows;

    int Token(int sequence, int position) => _lengths[..sequence].Sum() + position;

    CachePages PagesOf(IReadOnlyList<(int Sequence, int Position)> rows) => _pages with
    {
        Tables = _card.Upload(rows.Select(row => First[row.Sequence]).ToArray()),
        Positions = _card.Upload(rows.Select(row => row.Position).ToArray()),
    };

    /// <summary>Stores all tokens, without turning anything.</summary>
    internal void Store()
    {
        (int, int)[] all = [.. _lengths.SelectMany((length, i) => Enumerable.Range(0, length).Select(position => (i, position)))];
        var heads = new RotatedHeads
        {
            Query = _card.Upload(new float[_heads * _size]),
            Key = _card.Upload(_keys),
            Value = _card.Upload(_values),
            Angles = _card.Upload(1f),
            KeyStride = _heads * _size,
            ValueStride = _heads * _size,
        };
        _card.Launch("rotate", $"rotate_and_store_{_type}", new Dim3(((2 * _heads) + 3) / 4, all.Length), 128, 0, heads, PagesOf(all));
    }

    /// <summary>What is stored of a key or value: rounded as its type says, and read back.</summary>
    double Stored(bool isValue, int token, int head, int i)
    {
        float x = (isValue ? _values : _keys)[(((token * _heads) + head) * _size) + i];
        float scale = _scales.Length == 0 ? 1 : _scales[(((Layer * _heads) + head) * 2) + (isValue ? 1 : 0)];
        return _type switch
        {
            "f32" => x,
            "bf16" => Values.BFloat(x),
            "e4m3" => (double)(float)Float8E4M3FN.FromSingle(x / scale, OverflowMode.SaturateFinite) * scale,
            _ => (float)Float8E5M2.FromSingle(x, OverflowMode.SaturateFinite),
        };
    }

    /// <summary>Attends with the rows of the step, and compares every output.</summary>
    /// <param name="tolerance">Of the largest output of a head.</param>
    /// <param name="window">0: none; below 0: chunks of so many tokens.</param>
    /// <param name="sinks">Whether each head has one.</param>
    /// <param name="splits">Blocks that share the pages.</param>
    /// <param name="many">Whether by the kernel for prompts.</param>
    /// <param name="wide">Whether by that of warpgroups.</param>
    /// <param name="cap">Of scores; 0: none.</param>
    /// <param name="tokens">Of a tile of wider heads.</param>
    internal void AssertAttended(double tolerance, int window = 0, bool sinks = false, int splits = 1, bool many = false, bool wide = false, float cap = 0, int tokens = 8)
    {
        int queries = _heads * _group;
        int columns = queries * _size;
        float[] query = Values.Normal(_rows.Length * columns, 13);
        float[] sink = Values.Normal(queries, 14);
        float scale = (float)(1.3 / Math.Sqrt(_size));
        bool broad = _size > 256;
        int tileRows = broad ? tokens : wide ? 128 / Math.Min(_group, 16) : Math.Max(1, 8 / Math.Min(_group, 8)) * (many ? 12 : 1);
        List<int> tiles = [];
        for (int row = 0; row < _rows.Length;)
        {
            int count = 1;
            while (count < tileRows && row + count < _rows.Length && _rows[row + count].Sequence == _rows[row].Sequence)
            {
                count++;
            }

            tiles.AddRange([row, count]);
            row += count;
        }

        var attention = new AttentionParameters
        {
            Query = _card.Upload(query),
            Output = _card.Allocate<float>(_rows.Length * columns),
            Parts = splits == 1 ? 0 : _card.Allocate<float>((long)_rows.Length * queries * splits * (_size + 2)),
            Tiles = _card.Upload(tiles.ToArray()),
            Sinks = sinks ? _card.Upload(sink) : 0,
            QueryStride = columns,
            OutputStride = columns,
            Group = _group,
            Window = window,
            Scale = scale,
            Cap = cap,
        };
        CachePages pages = PagesOf(_rows);
        if (_type == "f32")
        {
            _card.Launch("attend_plain", broad ? "attend_broad_f32" : "attend_f32", new Dim3(_rows.Length, queries), 128, 0, attention, pages);
        }
        else if (broad)
        {
            int warps = tokens * _group <= 16 ? 4 : 8;
            int element = _type == "bf16" ? 2 : 1;
            _card.Launch("attend_broad", $"attend_broad_{_type}", new Dim3(tiles.Count / 2 * (((tokens * _group) + (warps * 4) - 1) / (warps * 4)), _heads, splits), warps * 32,
                (32 * ((512 * element) + 16)) + (512 * ((32 * element) + 16)) + (32 * 32 * 4 * 4), attention, pages, _size, tokens);
        }
        else if (wide)
        {
            _card.Launch("attend_wide", $"attend_wide_{_size}", new Dim3(tiles.Count / 2 * ((_group + 15) / 16) * _heads), 384, (4 * 256 * _size) + 64, attention, pages);
        }
        else
        {
            int chunks = (_size + 31) / 32;
            chunks = _type != "bf16" ? chunks <= 4 ? 4 : 8 : chunks <= 2 ? chunks : chunks <= 4 ? 4 : 8;
            if (many)
            {
                _card.Launch("attend_many", $"attend_many_{_type}_{chunks}", new Dim3(tiles.Count / 2 * ((_group + 7) / 8), _heads), 384, 6 * 32 * chunks * 32 * (_type == "bf16" ? 2 : 1), attention, pages);
            }
            else
            {
                _card.Launch("attend", $"attend_{_type}_{chunks}", new Dim3(tiles.Count / 2 * ((_group + 7) / 8), _heads, splits), 128, 0, attention, pages);
            }
        }

        if (splits > 1)
        {
            Preparation to = Values.Preparation(_card, InputForm.GroupCodes, _rows.Length, 1, columns, isPermuted: true);
            _card.Launch("merge", "merge", new Dim3(_rows.Length, to.Groups), 32, 0, attention, queries, _size, splits, to);
            double[][] meant = Values.Meant(_card, to, _rows.Length, columns);
            float[] rounded = _card.Read<float>(attention.Output, _rows.Length * columns);
            Assert.All(rounded.Zip(meant.SelectMany(row => row)), pair => Assert.Equal(pair.First, pair.Second, 0.1 * Math.Abs(pair.First) + 1e-2));
        }

        float[] found = _card.Read<float>(attention.Output, _rows.Length * columns);
        for (int row = 0; row < _rows.Length; row++)
        {
            for (int head = 0; head < queries; head++)
            {
                int at = (row * columns) + (head * _size);
                double[] expected = Attend(row, head, query.AsSpan(at, _size), scale, window, cap, sinks ? sink[head] : double.NegativeInfinity);
                Values.AssertClose(expected, found.AsSpan(at, _size), tolerance, $"row {row}, head {head}");
            }
        }
    }

    double[] Attend(int row, int head, ReadOnlySpan<float> query, float scale, int window, float cap, double sink)
    {
        (int sequence, int position) = _rows[row];
        int from = window > 0 ? Math.Max(0, position - window + 1) : window < 0 ? position - (position % -window) : 0;
        double[] scores = new double[position + 1];
        double largest = sink;
        for (int p = from; p <= position; p++)
        {
            for (int i = 0; i < _size; i++)
            {
                scores[p] += (double)query[i] * scale * Stored(false, Token(sequence, p), head / _group, i);
            }

            scores[p] = cap > 0 ? cap * Math.Tanh(scores[p] / cap) : scores[p];
            largest = Math.Max(largest, scores[p]);
        }

        double total = Math.Exp(sink - largest);
        double[] output = new double[_size];
        for (int p = from; p <= position; p++)
        {
            double weight = Math.Exp(scores[p] - largest);
            total += weight;
            for (int i = 0; i < _size; i++)
            {
                output[i] += weight * Stored(true, Token(sequence, p), head / _group, i);
            }
        }

        return [.. output.Select(value => value / total)];
    }

    /// <summary>The bytes of a key, as they lie in the cache.</summary>
    internal byte[] KeyBytes(int sequence, int position, int head)
    {
        int bytes = _size * (_type switch { "f32" => 4, "bf16" => 2, _ => 1 });
        ulong page = _card.Read<ulong>(_pages.Addresses + (ulong)((First[sequence] + (position / PageTokens)) * 8), 1)[0];
        return _card.Read<byte>(page + (ulong)((((Layer * _heads) + head) * 2 * PageTokens + (position % PageTokens)) * bytes), bytes);
    }
}
