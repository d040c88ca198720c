using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Rotation, cache and attention.</summary>
sealed unsafe partial class CudaBackend
{
    const int RotateWarps = 4;
    const int AttendWarps = 4;

    // Query rows of a block.
    const int TileQueries = 8;
    const int Chunk = 32;

    // attend_many.
    const int ManyWarps = 12;
    const int ManyPages = 3;
    const int MostSharedChunks = 4;
    const int FewestSharing = 8;

    // attend_wide: query rows of a block, heads of a group in them, and its ring of stages of two pages; behind it are their barriers.
    const int WarpgroupQueries = 128;
    const int MostWarpgroupHeads = 16;
    const int AttendWideThreads = 384;
    const int AttendWideStages = 4;

    // A few blocks for each multiprocessor, and no more splits than are quickly joined.
    const int BusyBlocks = 2;
    const int MostSplits = 32;

    readonly Dictionary<(int Kind, int Layer), OutputConsumer> _attended = [];
    DeviceBlock? _parts;

    internal override void RotateAndStore(Activations query, Activations? key, Activations? value, in HeadNorm norm, Rotary rotary, KvCache cache, int layer, Batch batch)
    {
        KvCacheLayout layout = cache.Layout;
        Check(query, batch.Count, query.Columns);
        if (key is null || value is null)
        {
            // They lie in the cache, of another layer.
            if (norm.Query is { } weight)
            {
                NormHeads(query, layout.HeadDim, weight, norm.Epsilon, batch.Count);
            }

            Turn(query, null, layout.HeadDim, rotary, grows: true);
            return;
        }

        Check(key, batch.Count, layout.Heads * layout.HeadDim);
        Check(value, batch.Count, layout.Heads * layout.HeadDim);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rotary.Size, layout.HeadDim, nameof(rotary));
        (ulong angles, int stride) = _step.Angles(rotary);
        var q = (CudaActivations)query;
        var k = (CudaActivations)key;
        var v = (CudaActivations)value;
        Made(q);
        int heads = query.Columns / layout.HeadDim;
        var arguments = new LaunchArguments();
        arguments.Add(new RotatedHeads
        {
            Query = q.Address,
            Key = k.Address,
            Value = v.Address,
            QueryNorm = ((CudaVector?)norm.Query)?.Address ?? 0,
            KeyNorm = ((CudaVector?)norm.Key)?.Address ?? 0,
            Angles = angles,
            QueryStride = q.Stride,
            KeyStride = k.Stride,
            ValueStride = v.Stride,
            QueryHeads = heads,
            AngleStride = stride,
            Pairs = rotary.Frequencies.Length,
            Neighbours = rotary.TurnsNeighbours ? 1 : 0,
            Epsilon = norm.Epsilon,
        });
        arguments.Add(Pages(cache, layer));
        Launch(ref arguments, "rotate", $"rotate_and_store_{Suffix(layout.Type)}", new Dim3(Blocks(heads + (2 * layout.Heads), RotateWarps), _step.Rows), RotateWarps * WarpThreads);
    }

    internal override void Attention(Activations query, KvCache cache, int layer, AttentionShape shape, Batch batch, Activations output)
    {
        KvCacheLayout layout = cache.Layout;
        int heads = query.Columns / layout.HeadDim;
        Check(query, batch.Count, query.Columns);
        Check(output, batch.Count, checked(heads * layout.ValueDim));
        int group = heads / layout.Heads;
        if (shape.Sinks is { } sinks)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(sinks.Columns, heads, nameof(shape));
        }

        var q = (CudaActivations)query;
        var to = (CudaActivations)output;
        Made(to);
        var attention = new AttentionParameters
        {
            Query = q.Address,
            Output = to.Address,
            Sinks = ((CudaVector?)shape.Sinks)?.Address ?? 0,
            QueryStride = q.Stride,
            OutputStride = to.Stride,
            Group = group,
            Window = shape.Window ?? -(shape.Chunk ?? 0),
            Scale = shape.Scale,
            Cap = shape.Cap ?? 0,
        };
        if (layout.Type == KvCacheType.Float32)
        {
            AttendPlain(attention, cache, layer, heads);
            return;
        }

        if (layout.ValuesInKeys || layout.HeadDim > MostNarrow)
        {
            AttendBroad(attention, cache, layer, heads, to);
            return;
        }

        // Tokens of a prompt share pages: so many of a sequence are worth a block of their own.
        int tileTokens = Math.Max(1, TileQueries / Math.Min(group, TileQueries));
        int chunks = Chunks(layout);
        int headBlocks = Blocks(group, TileQueries);
        int limit = chunks <= MostSharedChunks ? FewestSharing : int.MaxValue;
        int wideTokens = AttendsWide(layout) && shape.Cap is null ? WarpgroupQueries / Math.Min(group, MostWarpgroupHeads) : int.MaxValue;
        bool isShared = AttendWide(attention, cache, layer, wideTokens) | AttendMany(attention, cache, layer, chunks, new(ManyWarps * tileTokens, limit, wideTokens));
        (attention.Tiles, int few) = _step.Tiles(new(tileTokens, 1, limit));
        if (few == 0)
        {
            return;
        }

        int splits = isShared ? 1 : Math.Clamp(BusyBlocks * _context.Info.Multiprocessors / (few * headBlocks * layout.Heads), 1, MostSplits);
        if (splits > 1)
        {
            attention.Parts = ReserveParts((long)_step.Rows * heads * splits * (layout.HeadDim + 2) * sizeof(float));
        }

        var arguments = new LaunchArguments();
        arguments.Add(attention);
        arguments.Add(Pages(cache, layer));
        Launch(ref arguments, "attend", $"attend_{Suffix(layout.Type)}_{chunks}", new Dim3(few * headBlocks, layout.Heads, splits), AttendWarps * WarpThreads);
        if (splits > 1)
        {
            Merge(attention, layout, layer, heads, splits, to);
        }
    }

    /// <summary>Joins what splits have made of the values, and makes the operands of the layer that takes them.</summary>
    void Merge(AttentionParameters attention, KvCacheLayout layout, int layer, int heads, int splits, CudaActivations to)
    {
        var merged = new LaunchArguments();
        merged.Add(attention);
        merged.Add(heads);
        merged.Add(layout.ValueDim);
        merged.Add(splits);

        // Means of latents are no layer's inputs.
        merged.Add(layout.ValuesInKeys ? default : PrepareAhead(Outputs(layout.Kind, layer), to, _step.Rows));
        Launch(ref merged, "merge", "merge", new Dim3(_step.Rows, WeightLayout.Groups(to.Columns)), WarpThreads);
    }

    /// <summary>Whether sequences with a whole tile of rows are <c>attend_wide</c>'s.</summary>
    bool AttendsWide(KvCacheLayout layout)
        => _kernels.Set is { Capability: 90, Exact: true } && layout is { Type: KvCacheType.BFloat16, HeadDim: 64 or 128 } && _context.Info.SharedMemoryPerBlock >= AttendWideBytes(layout);

    static int AttendWideBytes(KvCacheLayout layout) => AttendWideStages * ((4 * KvCacheLayout.PageTokens * layout.HeadDim * sizeof(ushort)) + (2 * sizeof(ulong)));

    bool AttendWide(AttentionParameters attention, KvCache cache, int layer, int tokens)
    {
        if (tokens == int.MaxValue)
        {
            return false;
        }

        (attention.Tiles, int tiles) = _step.Tiles(new(tokens, tokens, int.MaxValue));
        if (tiles > 0)
        {
            KvCacheLayout layout = cache.Layout;
            var arguments = new LaunchArguments();
            arguments.Add(attention);
            arguments.Add(Pages(cache, layer));
            Launch(ref arguments, "attend_wide", $"attend_wide_{layout.HeadDim}", tiles * Blocks(attention.Group, MostWarpgroupHeads) * layout.Heads, AttendWideThreads, AttendWideBytes(layout));
        }

        return tiles > 0;
    }

    bool AttendMany(AttentionParameters attention, KvCache cache, int layer, int chunks, CudaStep.TileShape shape)
    {
        if (shape.Fewest >= shape.Limit)
        {
            return false;
        }

        (attention.Tiles, int tiles) = _step.Tiles(shape);
        if (tiles > 0)
        {
            KvCacheLayout layout = cache.Layout;
            var arguments = new LaunchArguments();
            arguments.Add(attention);
            arguments.Add(Pages(cache, layer));
            Launch(ref arguments, "attend_many", $"attend_many_{Suffix(layout.Type)}_{chunks}", new Dim3(tiles * Blocks(attention.Group, TileQueries), layout.Heads), ManyWarps * WarpThreads,
                ManyPages * 2 * KvCacheLayout.PageTokens * chunks * Chunk * (layout.Type == KvCacheType.BFloat16 ? sizeof(ushort) : sizeof(byte)));
        }

        return tiles > 0;
    }

    OutputConsumer Outputs(int kind, int layer)
    {
        if (!_attended.TryGetValue((kind, layer), out OutputConsumer? consumer))
        {
            _attended.Add((kind, layer), consumer = new OutputConsumer());
        }

        return consumer;
    }

    CachePages Pages(KvCache cache, int layer) => new()
    {
        Addresses = _step.Pages,
        Tables = _step.Tables(cache),
        Positions = _step.Positions,
        Scales = ((CudaKvCache)cache).Scales?.Address ?? 0,
        Layer = layer,
        Heads = cache.Layout.Heads,
        Dimensions = cache.Layout.HeadDim,
    };

    ulong ReserveParts(long bytes)
    {
        if (_parts is null || _parts.Bytes < bytes)
        {
            _moves++;
            _parts?.Dispose();
            _parts = null;
            _parts = _context.Allocate(bytes);
        }

        return _parts.Address;
    }

    // Of the kernels that there are, the one with the fewest dimensions that is wide enough.
    static int Chunks(KvCacheLayout layout)
    {
        int chunks = Blocks(layout.HeadDim, Chunk);
        int fewest = layout.Type == KvCacheType.BFloat16 ? 1 : 4;
        return chunks <= fewest ? fewest : chunks <= 2 ? 2 : chunks <= 4 ? 4 : 8;
    }

    static string Suffix(KvCacheType type) => type switch
    {
        KvCacheType.BFloat16 => "bf16",
        KvCacheType.Float32 => "f32",
        KvCacheType.Float8E4M3 => "e4m3",
        _ => "e5m2",
    };
}
