using System.Numerics;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda.Sampling;

/// <summary>Rows of logits on the card, where tokens are drawn from them: one copy there, two launches (three where logits of single tokens change), one copy back.</summary>
/// <param name="backend">What computes.</param>
/// <param name="context">The card.</param>
/// <param name="stream">Its queue.</param>
/// <param name="width">Length of a row, at most <see cref="MostColumns"/>.</param>
sealed class CudaLogitRows(CudaBackend backend, CudaContext context, CudaStream stream, int width) : LogitRows(width)
{
    /// <summary>The longest row that there are kernels for.</summary>
    internal const int MostColumns = Segment * SegmentsOfThread * MostThreads;

    // As the kernels have them.
    const int Segment = 128;
    const int SegmentsOfThread = 4;
    const int RunsOfWarp = 2;
    const int WarpThreads = 32;
    const int MostThreads = 1024;
    const int ScanThreads = 256;
    const int EditThreads = 512;

    // Of a result: a token; and the sum of all weights with the token that was drawn.
    const int TokenBytes = 8;
    const int WeightBytes = 16;

    // Blocks of a scan that keep a large card busy.
    const int ScanBlocks = 2048;

    readonly DeviceMasks _masks = new(context, stream, (width + Segment - 1) / Segment * Segment / 8);
    readonly ChoiceUpload _upload = new(context, stream);
    DeviceBlock? _rows;
    DeviceBlock? _edited;
    DeviceBlock? _found;
    byte[] _results = [];

    internal override bool AreOnHost => false;

    /// <summary>Floats from one row to the next: whole segments, 0 behind the columns.</summary>
    internal int Stride { get; } = (width + Segment - 1) / Segment * Segment;

    /// <inheritdoc cref="DeviceMasks.Sent"/>
    internal long MasksSent => _masks.Sent;

    /// <summary>Where the first row begins that there is room for.</summary>
    internal ulong First => _rows?.Address ?? throw new InvalidOperationException($"there is no row: expected {nameof(Begin)} before");

    int Segments => Stride / Segment;

    long RowBytes => (long)Stride * sizeof(float);

    /// <summary>Room for so many rows; returns where the first begins.</summary>
    internal ulong Begin(int count) => Reserve(ref _rows, count * RowBytes).Address;

    internal override Span<float> Row(int row) => throw new InvalidOperationException($"the rows lie on the card: expected {nameof(Choose)}");

    internal override void Choose(ReadOnlySpan<RowChoice> choices)
    {
        int views = Send(choices, out int edited, out int mostBest, out long resultBytes);
        if (views > 0)
        {
            Launch(views, edited, mostBest, resultBytes);
            if (_results.Length < resultBytes)
            {
                _results = new byte[resultBytes];
            }

            backend.ReadBack(_found!.Span.Slice(0, resultBytes), _results.AsSpan(0, (int)resultBytes));
            Read(choices);
        }

        foreach (RowChoice choice in choices)
        {
            if (choice.IsWhole)
            {
                backend.ReadBack(_rows!.Span.Slice(choice.Row * RowBytes, Width * sizeof(float)), MemoryMarshal.AsBytes(choice.BeginWhole(Width)));
            }
        }
    }

    public override void Dispose()
    {
        _masks.Dispose();
        _upload.Dispose();
        _rows?.Dispose();
        _edited?.Dispose();
        _found?.Dispose();
    }

    /// <summary>Brings what is asked to the card; returns how many rows are looked at. What is found lies in front of what the scan says of segments.</summary>
    int Send(ReadOnlySpan<RowChoice> choices, out int edited, out int mostBest, out long resultBytes)
    {
        (int views, edited, mostBest, resultBytes) = (0, 0, 0, 0);
        foreach (RowChoice choice in choices)
        {
            if (!choice.IsWhole)
            {
                views += choice.Likeliest > 0 ? 2 : 1;
                edited += choice.Edits.IsEmpty ? 0 : 1;
                mostBest = Math.Max(mostBest, Math.Max(choice.Best, choice.Likeliest));
                resultBytes += ResultBytes(choice) + LikeliestBytes(choice);
            }
        }

        if (views == 0)
        {
            return 0;
        }

        if (edited > 0)
        {
            Reserve(ref _edited, edited * RowBytes);
        }

        Reserve(ref _found, Scanned(resultBytes) + ((long)views * Segments * (sizeof(uint) + sizeof(float))));
        _upload.Begin(choices, views, edited);
        _masks.Begin(choices);
        ulong result = _found!.Address;
        int copies = 0;
        foreach (RowChoice choice in choices)
        {
            if (choice.IsWhole)
            {
                continue;
            }

            ulong row = _rows!.Address + (ulong)(choice.Row * RowBytes);
            ulong logits = row;
            if (!choice.Edits.IsEmpty)
            {
                logits = _edited!.Address + (ulong)(copies++ * RowBytes);
                _upload.Add(choice.Edits, row, logits, choice.Columns);
            }

            _upload.Add(View(choice, logits, result) with { Plain = choice.Likeliest > 0 ? row : 0 }, Segments);
            result += (ulong)ResultBytes(choice);
            if (choice.Likeliest > 0)
            {
                _upload.Add(new RowView { Logits = row, Result = result, Random = -1, Rate = 1, Columns = Width, Best = choice.Likeliest }, Segments);
                result += (ulong)LikeliestBytes(choice);
            }
        }

        _upload.End();
        return views;
    }

    RowView View(RowChoice choice, ulong logits, ulong result) => new()
    {
        Logits = logits,
        Mask = choice.Mask is null ? 0 : _masks.Place(choice.Mask),
        Allowed = choice.Allowed is null ? 0 : _masks.Place(choice.Allowed),
        Ends = choice.Mask is null ? 0 : _upload.Add(choice.Ends),
        Result = result,
        Random = choice.Random,
        Rate = choice.Rate,
        EndCount = choice.Mask is null ? 0 : choice.Ends.Length,
        MayEnd = choice.MayEnd ? 1 : 0,
        Columns = choice.Columns,
        Best = choice.Best,
    };

    void Launch(int views, int edited, int mostBest, long resultBytes)
    {
        if (edited > 0)
        {
            var edits = new LaunchArguments();
            edits.Add(_upload.Edits);
            backend.Launch(ref edits, "edit", "edit_logits", edited, EditThreads);
        }

        ulong tops = _found!.Address + (ulong)Scanned(resultBytes);
        ulong weights = tops + ((ulong)views * (ulong)Segments * sizeof(uint));
        int splits = Math.Clamp(ScanBlocks / views, 1, (Segments + (ScanThreads / WarpThreads) - 1) / (ScanThreads / WarpThreads));
        var scan = new LaunchArguments();
        scan.Add(_upload.Views);
        scan.Add(tops);
        scan.Add(weights);
        backend.Launch(ref scan, "sample", "scan_logits", new Dim3(splits, views), ScanThreads);

        int threads = Math.Max((Segments + SegmentsOfThread - 1) / SegmentsOfThread, mostBest * WarpThreads / RunsOfWarp);
        var choose = new LaunchArguments();
        choose.Add(_upload.Views);
        choose.Add(tops);
        choose.Add(weights);
        backend.Launch(ref choose, "sample", "choose_tokens", views, (threads + WarpThreads - 1) / WarpThreads * WarpThreads);
    }

    void Read(ReadOnlySpan<RowChoice> choices)
    {
        ReadOnlySpan<byte> results = _results;
        foreach (RowChoice choice in choices)
        {
            if (choice.IsWhole)
            {
                continue;
            }

            ReadOnlySpan<byte> rest = ReadBest(results, choice.BestTokens.AsSpan(0, choice.Best));
            if (choice.Rate > 0)
            {
                choice.Total = MemoryMarshal.Read<double>(rest);
                choice.Drawn = MemoryMarshal.Read<TokenLogit>(rest[sizeof(double)..]);
                rest = rest[WeightBytes..];
            }

            if (choice.Likeliest > 0)
            {
                MemoryMarshal.Cast<byte, float>(rest)[..(choice.Best + 1)].CopyTo(choice.PlainLogits);
            }

            results = results[ResultBytes(choice)..];
            if (choice.Likeliest > 0)
            {
                choice.PlainTotal = MemoryMarshal.Read<double>(ReadBest(results, choice.LikeliestTokens.AsSpan(0, choice.Likeliest)));
                results = results[LikeliestBytes(choice)..];
            }
        }
    }

    static ReadOnlySpan<byte> ReadBest(ReadOnlySpan<byte> results, Span<TokenLogit> best)
    {
        MemoryMarshal.Cast<byte, TokenLogit>(results)[..best.Length].CopyTo(best);
        return results[(best.Length * TokenBytes)..];
    }

    static int ResultBytes(RowChoice choice)
        => (choice.Best * TokenBytes) + (choice.Rate > 0 ? WeightBytes : 0) + (choice.Likeliest > 0 ? ((choice.Best + 1) * sizeof(float) + 7) & -8 : 0);

    static int LikeliestBytes(RowChoice choice) => choice.Likeliest > 0 ? (choice.Likeliest * TokenBytes) + WeightBytes : 0;

    /// <summary>Where behind the results lies what the scan says of segments.</summary>
    static long Scanned(long resultBytes) => (resultBytes + 15) & -16;

    DeviceBlock Reserve(ref DeviceBlock? block, long bytes)
    {
        if (block is null || block.Bytes < bytes)
        {
            block?.Dispose();
            block = null;
            block = context.Allocate((long)BitOperations.RoundUpToPowerOf2((ulong)bytes));
            stream.Zero(block.Address, block.Bytes);
        }

        return block;
    }
}
