using Octet.Cuda.Kernels;
using Octet.Numerics;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// Sequences with latents in pages, some rows of each at its end: stored by <c>store_latent</c>, attended to by all heads, and both by their definition in double
/// precision. What nobody has written is NaN.
/// </summary>
sealed class LatentText
{
    const int Layers = 2;
    const int Layer = 1;
    const int PageTokens = 32;
    const float CodeScale = 0.04f;

    readonly KernelCard _card;
    readonly string _type;
    readonly int _rank, _size, _heads;
    readonly int[] _lengths;
    readonly (int Sequence, int Position)[] _rows;
    readonly float[] _latents;
    readonly int[] _first;
    readonly CachePages _pages;

    /// <param name="target">Which kernels.</param>
    /// <param name="type">What is cached: f32, bf16, e4m3, e5m2.</param>
    /// <param name="rank">Elements of a latent.</param>
    /// <param name="turning">Of the key beside it.</param>
    /// <param name="heads">Of queries.</param>
    /// <param name="sequences">Of each, tokens and how many of them are rows of the step.</param>
    internal LatentText(string target, string type, int rank, int turning, int heads, params (int Length, int Rows)[] sequences)
        : this(new KernelCard(target), type, rank, turning, heads, sequences)
    {
    }

    /// <inheritdoc cref="LatentText(string, string, int, int, int, ValueTuple{int, int}[])"/>
    internal LatentText(KernelCard card, string type, int rank, int turning, int heads, params (int Length, int Rows)[] sequences)
    {
        (_card, _type, _rank, _size, _heads) = (card, type, rank, rank + turning, heads);
        _lengths = [.. sequences.Select(sequence => sequence.Length)];
        _rows = [.. sequences.SelectMany((sequence, i) => Enumerable.Range(sequence.Length - sequence.Rows, sequence.Rows).Select(position => (i, position)))];
        _latents = Values.Normal(_lengths.Sum() * _size, 11);
        byte[] nothing = new byte[Layers * PageTokens * _size * (type switch { "f32" => 4, "bf16" => 2, _ => 1 })];
        nothing.AsSpan().Fill(0xFF);
        List<ulong> addresses = [];
        _first = new int[_lengths.Length];
        for (int i = 0; i < _lengths.Length; i++)
        {
            _first[i] = addresses.Count;
            addresses.AddRange(Enumerable.Range(0, (_lengths[i] + PageTokens - 1) / PageTokens).Select(_ => card.Upload(nothing)).Reverse());
        }

        _pages = new CachePages
        {
            Addresses = card.Upload(addresses.ToArray()),
            Scales = type == "e4m3" ? card.Upload(9f, 9f, CodeScale, CodeScale) : 0,
            Layer = Layer,
            Heads = 1,
            Dimensions = _size,
        };
    }

    internal KernelCard Card => _card;

    CachePages PagesOf(IReadOnlyList<(int Sequence, int Position)> rows) => _pages with
    {
        Tables = _card.Upload(rows.Select(row => _first[row.Sequence]).ToArray()),
        Positions = _card.Upload(rows.Select(row => row.Position).ToArray()),
    };

    /// <summary>Stores all latents, as the last part of nothing that turns: as they are, but for the norm of one element.</summary>
    internal void Store()
    {
        // A norm that leaves a latent what it is: each is scaled to the length that its weight takes off.
        (int, int)[] all = [.. _lengths.SelectMany((length, i) => Enumerable.Range(0, length).Select(position => (i, position)))];
        for (int token = 0; token < all.Length; token++)
        {
            Span<float> latent = _latents.AsSpan(token * _size, _rank);
            double square = 0;
            foreach (float x in latent)
            {
                square += (double)x * x;
            }

            double length = Math.Sqrt(square / _rank);
            foreach (ref float x in latent)
            {
                x = (float)(x / length);
            }
        }

        float[] norm = new float[_rank];
        norm.AsSpan().Fill(1);
        var latents = new StoredLatents { Latent = _card.Upload(_latents), Norm = _card.Upload(norm), Angles = _card.Upload(1f), Stride = _size, Rank = _rank };
        _card.Launch("latent", $"store_latent_{_type}", (all.Length + 3) / 4, 128, 0, latents, PagesOf(all), all.Length);
        Stored = [.. all.SelectMany(row => Read(row.Item1, row.Item2))];
        foreach ((float x, double stored) in _latents.Zip(Stored))
        {
            // Where it is rounded the last bit of the norm may decide: half a step of the type, and that bit.
            double step = _type switch { "f32" => 0, "bf16" => 0.002, "e4m3" => 0.032, _ => 0.063 };
            Assert.Equal(x, stored, (Math.Abs(x) * 2 * step) + (_type == "e4m3" ? CodeScale / 500 : 2e-5));
        }
    }

    double[] Stored { get; set; } = [];

    double[] Read(int sequence, int position)
    {
        int bytes = _type switch { "f32" => 4, "bf16" => 2, _ => 1 };
        ulong page = _card.Read<ulong>(_pages.Addresses + (ulong)((_first[sequence] + (position / PageTokens)) * 8), 1)[0];
        byte[] stored = _card.Read<byte>(page + (ulong)(((Layer * PageTokens) + (position % PageTokens)) * _size * bytes), _size * bytes);
        return [.. Enumerable.Range(0, _size).Select(i => _type switch
        {
            "f32" => BitConverter.ToSingle(stored, i * 4),
            "bf16" => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(stored, i * 2) << 16),
            "e4m3" => (double)(float)Float8E4M3FN.FromBits(stored[i]) * CodeScale,
            _ => (float)Float8E5M2.FromBits(stored[i]),
        })];
    }

    /// <summary>Attends with the rows of the step, and compares every output.</summary>
    /// <param name="tolerance">Of the largest output of a head.</param>
    /// <param name="tokens">Of a tile.</param>
    /// <param name="splits">Blocks that share the pages.</param>
    internal void AssertAttended(double tolerance, int tokens, int splits = 1)
    {
        int columns = _heads * _rank;
        float[] query = Values.Normal(_rows.Length * _heads * _size, 13);
        float scale = (float)(1.3 / Math.Sqrt(_size));
        List<int> tiles = [];
        for (int row = 0; row < _rows.Length;)
        {
            int count = 1;
            while (count < tokens && row + count < _rows.Length && _rows[row + count].Sequence == _rows[row].Sequence)
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
            Parts = splits == 1 ? 0 : _card.Allocate<float>((long)_rows.Length * _heads * splits * (_rank + 2)),
            Tiles = _card.Upload(tiles.ToArray()),
            QueryStride = _heads * _size,
            OutputStride = columns,
            Group = _heads,
            Scale = scale,
        };
        CachePages pages = PagesOf(_rows);
        if (_type == "f32")
        {
            _card.Launch("attend_plain", "attend_latent_f32", new Dim3(_rows.Length, _heads), 128, 0, attention, pages, _rank);
        }
        else
        {
            int warps = tokens * _heads <= 16 ? 4 : 8;
            int shared = (2 * 32 * ((576 * (_type == "bf16" ? 2 : 1)) + 16)) + (32 * 32 * 4 * 4);
            _card.Launch("attend_broad", $"attend_latent_{_type}", new Dim3(tiles.Count / 2 * (((tokens * _heads) + (warps * 4) - 1) / (warps * 4)), 1, splits), warps * 32, shared, attention, pages, _rank, tokens);
        }

        if (splits > 1)
        {
            _card.Launch("merge", "merge", new Dim3(_rows.Length, (columns + 127) / 128), 32, 0, attention, _heads, _rank, splits, new Preparation());
        }

        float[] found = _card.Read<float>(attention.Output, _rows.Length * columns);
        for (int row = 0; row < _rows.Length; row++)
        {
            for (int head = 0; head < _heads; head++)
            {
                double[] expected = Attend(_rows[row], query.AsSpan(((row * _heads) + head) * _size, _size), scale);
                Values.AssertClose(expected, found.AsSpan((row * columns) + (head * _rank), _rank), tolerance, $"row {row}, head {head}");
            }
        }
    }

    double[] Attend((int Sequence, int Position) row, ReadOnlySpan<float> query, float scale)
    {
        int first = _lengths[..row.Sequence].Sum();
        double[] scores = new double[row.Position + 1];
        for (int p = 0; p <= row.Position; p++)
        {
            for (int i = 0; i < _size; i++)
            {
                scores[p] += (double)query[i] * scale * Stored[((first + p) * _size) + i];
            }
        }

        double largest = scores.Max();
        double total = 0;
        double[] output = new double[_rank];
        for (int p = 0; p <= row.Position; p++)
        {
            double weight = Math.Exp(scores[p] - largest);
            total += weight;
            for (int i = 0; i < _rank; i++)
            {
                output[i] += weight * Stored[((first + p) * _size) + i];
            }
        }

        return [.. output.Select(value => value / total)];
    }
}
