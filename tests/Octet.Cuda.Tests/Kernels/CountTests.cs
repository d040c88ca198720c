using System.Globalization;
using System.Text;
using Octet.Cuda.Kernels;
using Octet.Testing;
using PtxEmulator;

namespace Octet.Cuda.Tests.Kernels;

/// <summary>
/// What kernels execute and move on pieces of Qwen3-4B, held against a file: a change that costs is seen without a card. <c>OCTET_WRITE_COUNTS=1</c> writes the file anew.
/// </summary>
public class CountTests
{
    // A hidden state of Qwen3-4B.
    const int Hidden = 2560;
    const int Groups = Hidden / 128;
    const int Vocabulary = 151_936;

    static string File => Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "counts.txt");

    [Fact]
    public void Kernels_execute_and_move_what_is_written_down()
    {
        var text = new StringBuilder("kernel, target, what: warp instructions, of them products of matrices; bytes read, written; sectors; shared wavefronts, of them conflicts; barriers\n");
        foreach (string target in (string[])["sm_80", "sm_89"])
        {
            Norm(text, target);
            Few(text, target, "e4m3", rows: 64, tokens: 1, planes: 1, tiles: 1, warps: 6);
            Few(text, target, "e4m3", rows: 32, tokens: 32, planes: 1, tiles: 4, warps: 6);
            Few(text, target, "bf16", rows: 32, tokens: 1, planes: 3, tiles: 1, warps: 6);
            Gated(text, target);
            Many(text, target);
            Experts(text, target);
            foreach (CudaFormat format in (CudaFormat[])[CudaFormat.MxE2M1, CudaFormat.NvE2M1, CudaFormat.MxE4M3])
            {
                FewTiled(text, target, format);
                ManyTiled(text, target, format);
            }
        }

        Few(text, "sm_90a", "e4m3", rows: 64, tokens: 1, planes: 1, tiles: 1, warps: 6);
        Few(text, "sm_90a", "e4m3", rows: 32, tokens: 32, planes: 1, tiles: 4, warps: 6);
        Wide(text, "codes_e4m3", 128);
        Wide(text, "codes_e4m3", 256);
        WideParts(text);
        Wide(text, "e4m3", 128);
        Wide(text, "e4m3", 256);
        Wide(text, "bf16_2", 128);
        Wide(text, "bf16_2", 256);
        WideExperts(text, "codes_e4m3");
        WideExperts(text, "e4m3");
        WideExperts(text, "bf16_2");

        // The same for every target.
        Attend(text, "sm_80", tokens: 1, "attend_bf16_4");
        Attend(text, "sm_80", tokens: 1, "merge", splits: 4);
        Attend(text, "sm_80", tokens: 1, "attend_f32", type: "f32");
        Attend(text, "sm_80", tokens: 24, "attend_many_bf16_4");
        Attend(text, "sm_89", tokens: 24, "attend_many_e4m3_4", type: "e4m3");
        Attend(text, "sm_90a", tokens: 32, "attend_wide_128");
        Latent(text, "sm_80", "bf16");
        Latent(text, "sm_89", "e4m3");
        Broad(text, "sm_80");
        Between(text, "sm_89");
        Rotate(text, "sm_80");
        Stream(text, "sm_80");
        foreach (string target in (string[])["sm_80", "sm_90a"])
        {
            Recur(text, target, tokens: 1);
            Recur(text, target, tokens: 64);
        }

        Embed(text, "sm_80");
        Prepare(text, "sm_80");
        Routes(text, "sm_80");
        Draw(text, "sm_80", best: 1, rate: 0);
        Draw(text, "sm_80", best: 20, rate: 0);
        Draw(text, "sm_80", best: 64, rate: 1);

        string found = text.ToString();
        if (Environment.GetEnvironmentVariable("OCTET_WRITE_COUNTS") is "1")
        {
            System.IO.File.WriteAllText(File, found);
        }

        Assert.Equal(System.IO.File.ReadAllText(File), found);
    }

    static void Norm(StringBuilder text, string target)
    {
        var card = new KernelCard(target, counts: true);
        ulong row = card.Upload(Values.Normal(Hidden, 1));
        card.Launch("norm", "add_rms_norm", 1, 320, 0, row, card.Upload(Values.Normal(Hidden, 2)), card.Upload(Values.Normal(Hidden, 3)), card.Allocate<float>(Hidden), Hidden, Hidden, Hidden, Hidden, 1e-6f,
            Values.Preparation(card, InputForm.GroupCodes, 1, 1, Hidden, isPermuted: true));
        Add(text, target, $"1 row of {Hidden}, with operands", card.Reports[^1]);
    }

    static void Few(StringBuilder text, string target, string format, int rows, int tokens, int planes, int tiles, int warps)
    {
        (KernelCard card, LinearPart part, LinearInputs inputs) = Layer(target, format, rows, tokens, planes);
        card.Launch("linear_few", $"linear_few_{format}_{tiles}", new Dim3(rows / 16), warps * 32, warps * Values.RingBytes, part, new LinearPart { FirstTile = int.MaxValue }, new LinearPart { FirstTile = int.MaxValue }, inputs);
        Add(text, target, $"[{rows}, {Hidden}], tokens {tokens}", card.Reports[^1]);
    }

    static void Gated(StringBuilder text, string target)
    {
        (KernelCard card, LinearPart part, LinearInputs inputs) = Layer(target, "e4m3", 32, 1, 1);
        LinearPart up = part with { Weight = card.Upload(new byte[32 * Hidden]), Output = card.Allocate<float>(32) };
        card.Launch("linear_few", "linear_few_gated_e4m3_1", new Dim3(2), 4 * 32, 4 * Values.RingBytes, part, up, inputs, new GatingParameters());
        Add(text, target, $"twice [32, {Hidden}], tokens 1", card.Reports[^1]);
    }

    /// <summary>One tile; of codes where cards have products of them.</summary>
    static void Many(StringBuilder text, string target)
    {
        foreach (string kernel in target == "sm_89" ? (string[])["e4m3", "codes_e4m3"] : ["e4m3"])
        {
            foreach (int columns in (int[])[64, 128])
            {
                LinearLayers layers = ManyTests.Layers(new KernelCard(target, counts: true), kernel, "e4m3", columns, Hidden, quantised: true, [128]);
                Add(text, target, $"[128, {Hidden}], tokens {columns}", ManyTests.Run(layers, kernel, columns, columns, [128])!);
            }
        }

        string gated = target == "sm_89" ? "codes_e4m3" : "e4m3";
        Add(text, target, $"twice [64, {Hidden}], tokens 128", ManyTests.RunGated(ManyTests.Layers(new KernelCard(target, counts: true), gated, "e4m3", 128, Hidden, quantised: true, [64, 64]), gated, 128, 64)!);

        // Of two planes each.
        LinearLayers wide = ManyTests.Layers(new KernelCard(target, counts: true), "bf16", "bf16", 32, Hidden, quantised: false, [128]);
        Add(text, target, $"[128, {Hidden}], tokens 32", ManyTests.Run(wide, "bf16", 64, 32, [128])!);
    }

    /// <summary>One tile: 128 columns of inputs, the planes of 64 tokens where each has two.</summary>
    static void Wide(StringBuilder text, string kernel, int rows)
    {
        var card = new KernelCard("sm_90a", counts: true);
        int tokens = kernel.EndsWith("_2", StringComparison.Ordinal) ? 64 : 128;
        LinearLayers layers = WideTests.Layers(card, kernel, kernel.StartsWith("bf16", StringComparison.Ordinal) ? "bf16" : "e4m3", tokens, Hidden, [rows]);
        Add(text, "sm_90a", $"[{rows}, {Hidden}], tokens {tokens}", WideTests.Run(layers, kernel, tokens, [rows], rows, blocks: 1)!);
    }

    /// <summary>The tile of a batch's tokens, by four blocks, and the adding of their sums.</summary>
    static void WideParts(StringBuilder text)
    {
        const int Rows = 128;
        const int Tokens = 64;
        var card = new KernelCard("sm_90a", counts: true);
        LinearLayers layers = WideTests.Layers(card, "codes_e4m3", "e4m3", Tokens, Hidden, [Rows]);
        Add(text, "sm_90a", $"[{Rows}, {Hidden}], tokens {Tokens}, 4 parts", WideTests.Run(layers, "codes_e4m3", Tokens, [Rows], Rows, blocks: 4, groups: 5)!);
        Add(text, "sm_90a", $"{Rows} rows, tokens {Tokens}, 4 parts", card.Reports[^1]);
    }

    /// <summary>Of an expert the pairs of one tile, what brings their inputs there, and both kinds of its layers.</summary>
    static void WideExperts(StringBuilder text, string kernel)
    {
        int pairs = kernel == "bf16_2" ? 64 : 128;
        var gated = new WideExpertTests.Mixture(new KernelCard("sm_90a", counts: true), kernel, [pairs], 1, Hidden, rows: 128);
        LaunchReport report = gated.RunGated(blocks: 1)!;
        Add(text, "sm_90a", $"{pairs} rows of {Hidden}", gated.Card.Reports[^2]);
        Add(text, "sm_90a", $"twice [128, {Hidden}], pairs {pairs}", report);
        if (kernel == "codes_e4m3")
        {
            Add(text, "sm_90a", $"twice [128, {Hidden}], pairs {pairs}, to codes", gated.RunGated(blocks: 1, codes: gated.Codes(powerOfTwo: false))!);
        }

        var plain = new WideExpertTests.Mixture(new KernelCard("sm_90a", counts: true), kernel, [pairs], 1, Hidden, rows: 256);
        Add(text, "sm_90a", $"[256, {Hidden}], pairs {pairs}", plain.RunPlain(blocks: 1)!);
    }

    static void FewTiled(StringBuilder text, string target, CudaFormat format)
    {
        (KernelCard card, LinearPart part, LinearInputs inputs) = Tiled(target, format, 64, 1);
        string file = format == CudaFormat.MxE4M3 ? "linear_few_small" : "linear_few_e2m1";
        card.Launch(file, $"linear_few_{format.Suffix()}_1", new Dim3(4), 6 * 32, 0, part, new LinearPart { FirstTile = int.MaxValue }, new LinearPart { FirstTile = int.MaxValue }, inputs);
        Add(text, target, $"[64, {Hidden}], tokens 1", card.Reports[^1]);
    }

    static void ManyTiled(StringBuilder text, string target, CudaFormat format)
    {
        (KernelCard card, LinearPart part, LinearInputs inputs) = Tiled(target, format, 128, 64);
        int shared = 3 * ((8 * format.TileBytes()) + (64 * 256));
        card.Launch("linear_many_tiled", $"linear_many_{format.Suffix()}", new Dim3(1), 256, shared, part, new LinearPart { FirstTile = int.MaxValue }, new LinearPart { FirstTile = int.MaxValue }, inputs);
        Add(text, target, $"[128, {Hidden}], tokens 64", card.Reports[^1]);
    }

    static (KernelCard, LinearPart, LinearInputs) Tiled(string target, CudaFormat format, int rows, int tokens)
    {
        var card = new KernelCard(target, counts: true);
        Preparation prepared = Values.Preparation(card, InputForm.GroupCodes, tokens, 1, Hidden, isPermuted: false);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, tokens), 256, 0, card.Upload(Values.Normal(tokens * Hidden, 1)), Hidden, Hidden, 0UL, prepared);
        LinearPart part = new TiledLayer(card, format, rows, Hidden, 1).Part(card.Allocate<float>(tokens * rows), rows, 0);
        return (card, part, new LinearInputs { Planes = prepared.Planes, Scales = prepared.Scales, ScaleStride = prepared.ScaleStride, Groups = Groups, Count = tokens, Chunk = tokens, PerRow = 1 });
    }

    static (KernelCard, LinearPart, LinearInputs) Layer(string target, string format, int rows, int tokens, int planes)
    {
        var card = new KernelCard(target, counts: true);
        int bytes = format == "e4m3" ? 1 : 2;
        Preparation prepared = Values.Preparation(card, format == "e4m3" ? InputForm.GroupCodes : InputForm.BFloats, tokens, planes, Hidden, isPermuted: bytes == 1);
        card.Launch("prepare", "prepare_inputs", new Dim3(1, tokens), 256, 0, card.Upload(Values.Normal(tokens * Hidden, 1)), Hidden, Hidden, 0UL, prepared);
        var part = new LinearPart
        {
            Weight = card.Upload(new byte[rows * Hidden * bytes]),
            Scales = bytes == 1 ? card.Upload(new float[Groups]) : 0,
            Output = card.Allocate<float>(tokens * rows),
            RowBytes = (ulong)(Hidden * bytes),
            Rows = rows,
            OutputStride = rows,
            BlockRows = 128,
            ScaleStride = Groups,
        };
        var inputs = new LinearInputs { Planes = prepared.Planes, Scales = prepared.Scales, ScaleStride = prepared.ScaleStride, Groups = Groups, Count = tokens * planes, Chunk = tokens * planes, PerRow = planes };
        return (card, part, inputs);
    }

    /// <summary>A pair of 16 rows of each of eight experts, as a token of Qwen3-30B-A3B has them.</summary>
    static void Experts(StringBuilder text, string target)
    {
        const int Chosen = 8;
        (KernelCard card, LinearPart part, LinearInputs inputs) = Layer(target, "e4m3", 16, 1, 1);
        var layer = new ExpertLayerParameters
        {
            Weights = card.Upload(Enumerable.Repeat(part.Weight, Chosen).ToArray()),
            Scales = card.Upload(Enumerable.Repeat(part.Scales, Chosen).ToArray()),
            Output = card.Allocate<float>(16 * Chosen),
            RowBytes = part.RowBytes,
            Rows = 16,
            OutputStride = 16,
            BlockRows = part.BlockRows,
            ScaleStride = part.ScaleStride,
        };
        ulong groups = card.Upload([Chosen, .. Enumerable.Range(0, Chosen).SelectMany(i => (int[])[i, i, 1])]);
        var routed = new RoutedPairs { Pairs = card.Upload(Enumerable.Range(0, Chosen).ToArray()), Groups = groups, Chosen = Chosen };
        card.Launch("experts", "experts_gated_e4m3_1", new Dim3(1, Chosen), 4 * 32, 4 * Values.RingBytes, layer, layer, routed, inputs, new GatingParameters());
        Add(text, target, $"twice [16, {Hidden}] of {Chosen} experts", card.Reports[^1]);
    }

    static void Routes(StringBuilder text, string target)
    {
        const int Experts = 128;
        const int Chosen = 8;
        var card = new KernelCard(target, counts: true);
        ulong experts = card.Allocate<int>(Chosen);
        ulong weights = card.Allocate<float>(Chosen);
        card.Launch("experts", "route", 1, 32, 0, card.Upload(Values.Normal(Experts, 1)), Experts, new RouteParameters { Experts = Experts, Chosen = Chosen, IsNormalised = 1, Scale = 1, Groups = 1, ChosenGroups = 1 }, experts, weights);
        Add(text, target, $"{Chosen} of {Experts}", card.Reports[^1]);
        _ = new SortedRoutes(card, card.Read<int>(experts, Chosen), Experts);
        Add(text, target, $"{Chosen} of {Experts}", card.Reports[^1]);
        _ = new SortedRoutes(card, [.. Enumerable.Range(0, 512 * Chosen).Select(i => i * 7 % Experts)], Experts, warps: 16);
        Add(text, target, $"{512 * Chosen} of {Experts}", card.Reports[^1]);
        card.Launch("experts", "sum_experts", new Dim3(Hidden / 256), 256, 0, card.Upload(Values.Normal(Chosen * Hidden, 2)), Hidden, weights, Chosen, card.Allocate<float>(Hidden), Hidden, Hidden, 0);
        Add(text, target, $"{Chosen} rows of {Hidden}", card.Reports[^1]);
    }

    /// <summary>The heads of a token of Qwen3-4B.</summary>
    static void Rotate(StringBuilder text, string target)
    {
        const int Size = 128;
        const int QueryHeads = 32;
        const int Heads = 8;
        var card = new KernelCard(target, counts: true);
        var heads = new RotatedHeads
        {
            Query = card.Upload(Values.Normal(QueryHeads * Size, 1)),
            Key = card.Upload(Values.Normal(Heads * Size, 2)),
            Value = card.Upload(Values.Normal(Heads * Size, 3)),
            QueryNorm = card.Upload(Values.Normal(Size, 4)),
            KeyNorm = card.Upload(Values.Normal(Size, 5)),
            Angles = card.Upload(Values.Normal(Size + 1, 6)),
            QueryHeads = QueryHeads,
            Pairs = Size / 2,
        };
        var pages = new CachePages
        {
            Addresses = card.Upload(card.Allocate<ushort>(Heads * 2 * 32 * Size)),
            Tables = card.Upload(0),
            Positions = card.Upload(5),
            Heads = Heads,
            Dimensions = Size,
        };
        card.Launch("rotate", "rotate_and_store_bf16", new Dim3((QueryHeads + (2 * Heads)) / 4), 128, 0, heads, pages);
        Add(text, target, $"1 row of {QueryHeads} and {Heads} heads of {Size}", card.Reports[^1]);
    }

    /// <summary>What other families do to a token's stream, the heads of OLMo, all together, and a row of logits.</summary>
    static void Stream(StringBuilder text, string target)
    {
        var card = new KernelCard(target, counts: true);
        ulong row = card.Upload(Values.Normal(Hidden, 1));
        ulong other = card.Upload(Values.Normal(Hidden, 2));
        card.Launch("stream", "add_scaled", new Dim3(3, 1), 256, 0, row, other, Hidden, Hidden, Hidden, 0.5f);
        Add(text, target, $"1 row of {Hidden}", card.Reports[^1]);
        card.Launch("stream", "norm_heads", 1, 640, 0, row, other, Hidden, Hidden, 1e-6f);
        Add(text, target, $"1 head of {Hidden}", card.Reports[^1]);
        card.Launch("stream", "norm_heads", 20, 32, 0, row, other, Hidden, 128, 1e-6f);
        Add(text, target, "20 heads of 128", card.Reports[^1]);
        card.Launch("stream", "add_layer_norm", 1, 320, 0, row, other, other, 0UL, card.Allocate<float>(Hidden), Hidden, Hidden, Hidden, Hidden, 1e-6f, Values.Preparation(card, InputForm.GroupCodes, 1, 1, Hidden, isPermuted: true));
        Add(text, target, $"1 row of {Hidden}, with operands", card.Reports[^1]);
        card.Launch("stream", "apply", new Dim3(10, 1), 256, 0, row, Hidden, Hidden, (int)Backends.Nonlinearity.SquaredRelu);
        Add(text, target, $"1 row of {Hidden}", card.Reports[^1]);
        card.Launch("stream", "finish_logits", new Dim3((Vocabulary + 255) / 256, 1), 256, 0, card.Upload(Values.Normal(Vocabulary, 3, spread: 3)), Vocabulary, Vocabulary, 1f, 30f);
        Add(text, target, "a row, with a cap", card.Reports[^1]);
    }

    /// <summary>Of Qwen3-Next a value head, the channels of its convolution and its norm, of Nemotron-H a head; of sequences that go on.</summary>
    static void Recur(StringBuilder text, string target, int tokens)
    {
        const int Size = 128;
        const int Channels = 8192;
        var card = new KernelCard(target, counts: true);
        ulong page = card.Upload(Values.Normal((Size * Size) + (3 * Channels), 1));
        var heads = new RecurrentHeads
        {
            Runs = card.Upload(new CudaStep.Run(0, tokens, page | CudaStep.Run.IsFirst | CudaStep.Run.IsLast)),
            Mixed = card.Upload(Values.Normal(tokens * 3 * Size, 2)),
            Strength = card.Upload(Values.Normal(tokens, 3)),
            Step = card.Upload(Values.Normal(tokens, 4)),
            LogRate = card.Upload(0f),
            Bias = card.Upload(0f),
            Skip = card.Upload(0f),
            Output = card.Allocate<float>(tokens * Size),
            MixedStride = 3 * Size,
            StrengthStride = 1,
            StepStride = 1,
            OutputStride = Size,
            Writes = Size,
            Values = 2 * Size,
            Sharing = 1,
            KeyDim = Size,
            ValueDim = Size,
            Blocks = 4,
            High = float.PositiveInfinity,
        };
        string what = $"{tokens} {(tokens == 1 ? "token" : "tokens")}";
        card.Launch("recur", "gated_delta_128", 4, 128, 0, heads);
        Add(text, target, $"a head of {Size} x {Size}, {what}", card.Reports[^1]);
        card.Launch("recur", "state_space_128", 2, 128, 0, heads with { ValueDim = Size / 2, Blocks = 2 });
        Add(text, target, $"a head of {Size} x {Size / 2}, {what}", card.Reports[^1]);
        ulong mixed = card.Upload(Values.Normal(tokens * Channels, 5));
        CudaStep.Run[] tiles = tokens == 1 ? [new(0, 1, page | CudaStep.Run.IsFirst | CudaStep.Run.IsLast)] : [new(0, 32, page | CudaStep.Run.IsFirst), new(32, 32, page | CudaStep.Run.IsLast)];
        var convolution = new ConvolutionParameters
        {
            Tiles = card.Upload(tiles),
            Offset = Size * Size * sizeof(float),
            Mixed = mixed,
            Taps = card.Upload(Values.Normal(4 * Channels, 6)),
            Edges = tiles.Length == 1 ? 0 : card.Allocate<float>(tiles.Length * 3 * Channels),
            Stride = Channels,
            Channels = Channels,
            TapCount = 4,
            HasSilu = 1,
        };
        if (tiles.Length > 1)
        {
            card.Launch("convolve", "keep_edges", new Dim3(Channels / 256, tiles.Length), 256, 0, convolution);
            Add(text, target, $"{Channels} channels, {what}", card.Reports[^1]);
        }

        card.Launch("convolve", "convolve", new Dim3(Channels / 256, tiles.Length), 256, 0, convolution);
        Add(text, target, $"{Channels} channels, {what}", card.Reports[^1]);
        if (tokens == 1)
        {
            card.Launch("convolve", "norm_and_gate", new Dim3(32), 32, 0, mixed, card.Upload(Values.Normal(32 * Size, 7)), card.Upload(Values.Normal(Size, 8)), Channels, 32 * Size, Size, 1e-6f);
            Add(text, target, $"32 heads of {Size}", card.Reports[^1]);
        }
    }

    static void Embed(StringBuilder text, string target)
    {
        var card = new KernelCard(target, counts: true);
        var table = new Table { Data = card.Upload(new byte[Hidden * 2]), RowBytes = Hidden * 2, BlockRows = 1, BlockColumns = int.MaxValue, Factor = 1 };
        card.Launch("embed", "embed_bf16", 1, 256, 0, table, card.Upload(0), card.Allocate<float>(Hidden), Hidden, Hidden);
        Add(text, target, $"1 row of {Hidden}", card.Reports[^1]);
    }

    /// <summary>What the gated layer of Qwen3-4B gives.</summary>
    static void Prepare(StringBuilder text, string target)
    {
        const int Inner = 9728;
        var card = new KernelCard(target, counts: true);
        card.Launch("prepare", "prepare_inputs", new Dim3(10, 1), 256, 0, card.Upload(Values.Normal(Inner, 1)), Inner, Inner, 0UL, Values.Preparation(card, InputForm.GroupCodes, 1, 1, Inner, isPermuted: true));
        Add(text, target, $"1 row of {Inner}", card.Reports[^1]);
    }

    static void Attend(StringBuilder text, string target, int tokens, string kernel, string type = "bf16", int splits = 1)
    {
        var cached = new CachedText(new KernelCard(target, counts: true), type, heads: 1, group: 4, size: 128, (256, tokens));
        cached.Store();
        cached.AssertAttended(1e-4, splits: splits, many: tokens > 1, wide: kernel.StartsWith("attend_wide", StringComparison.Ordinal));
        LaunchReport report = cached.Card.Reports[^1];
        Assert.Equal(kernel, report.Kernel);
        Add(text, target, $"4 heads of 128 of {tokens} {(tokens == 1 ? "token" : "tokens")} behind {256 - tokens}", report);
    }

    /// <summary>A token of GLM-4.7-Flash, and 32 heads, the most of a block.</summary>
    static void Latent(StringBuilder text, string target, string type)
    {
        foreach (int heads in (int[])[20, 32])
        {
            var cached = new LatentText(new KernelCard(target, counts: true), type, 512, 64, heads, (256, 1));
            cached.Store();
            cached.AssertAttended(1e-4, tokens: 1);
            Add(text, target, $"{heads} heads over latents of 512 and 64 of 1 token behind 255", cached.Card.Reports[^1]);
        }
    }

    /// <summary>Eight heads of a group of Gemma 4's full layers.</summary>
    static void Broad(StringBuilder text, string target)
    {
        var cached = new CachedText(new KernelCard(target, counts: true), "bf16", heads: 1, group: 8, size: 512, (256, 1));
        cached.Store();
        cached.AssertAttended(1e-4, tokens: 1);
        Add(text, target, "8 heads of 512 of 1 token behind 255", cached.Card.Reports[^1]);
    }

    /// <summary>Of a head of GLM-4.7-Flash the keys and the values, of one token and of eight.</summary>
    static void Between(StringBuilder text, string target)
    {
        const int Rank = 512;
        const int Plain = 192;
        const int Turning = 64;
        const int Value = 256;
        foreach (int tokens in (int[])[1, 8])
        {
            var card = new KernelCard(target, counts: true);
            var weight = new LatentParameters { Data = card.Upload(new byte[(Plain + Value) * Rank]), Scales = card.Upload(new float[16]), RowBytes = Rank, BlockRows = 128, ScaleStride = 4, Rank = Rank, Plain = Plain, Turning = Turning, Value = Value };
            ulong query = card.Upload(Values.Normal(tokens * (Plain + Turning), 1));
            ulong angles = card.Upload(Values.Normal(tokens * 68, 2));
            card.Launch("latent", $"absorb_e4m3_{tokens}", new Dim3(Rank / 128, 1, 1), 256, 0, weight, new AbsorbedQueries
            {
                Query = query,
                Absorbed = card.Allocate<float>(tokens * (Rank + Turning)),
                Angles = angles,
                QueryStride = Plain + Turning,
                AbsorbedStride = Rank + Turning,
                AngleStride = 68,
                Pairs = Turning / 2,
                Neighbours = 1,
                Count = tokens,
            });
            Add(text, target, $"a head, tokens {tokens}", card.Reports[^1]);
            card.Launch("latent", $"expand_values_e4m3_{tokens}", new Dim3(Value / 32, 1, 1), 256, 0, weight, new LatentMeans { Mean = card.Upload(Values.Normal(tokens * Rank, 3)), Value = card.Allocate<float>(tokens * Value), MeanStride = Rank, ValueStride = Value, Count = tokens });
            Add(text, target, $"a head, tokens {tokens}", card.Reports[^1]);
        }
    }

    static void Draw(StringBuilder text, string target, int best, float rate)
    {
        var card = new KernelCard(target, counts: true);
        ulong found = card.Allocate<double>(best + 2);
        var view = new RowView { Logits = card.Upload(Values.Normal(Vocabulary, 1, spread: 3)), Result = found, Random = rate > 0 ? 0.5 : -1, Rate = rate, Columns = Vocabulary, Best = best };
        const int Segments = Vocabulary / 128;
        ulong tops = card.Allocate<uint>(Segments);
        ulong weights = card.Allocate<float>(Segments);
        card.Launch("sample", "scan_logits", new Dim3((Segments + 7) / 8, 1), 256, 0, card.Upload(view), tops, weights);
        Add(text, target, rate > 0 ? "a row, with weights" : "a row", card.Reports[^1]);
        int threads = Math.Max((Segments + 3) / 4, 16 * best);
        card.Launch("sample", "choose_tokens", new Dim3(1), (threads + 31) / 32 * 32, 0, card.Upload(view), tops, weights);
        Add(text, target, rate > 0 ? $"the best {best}, and a draw" : $"the best {best}", card.Reports[^1]);
    }

    static void Add(StringBuilder text, string target, string what, LaunchReport report)
        => text.Append(CultureInfo.InvariantCulture, $"{report.Kernel}, {target}, {what}: {report.Instructions}, {report.Count("mma.sync") + report.Count("wgmma.mma_async")}; {report.GlobalBytesRead}, {report.GlobalBytesWritten}; {report.GlobalSectors}; ")
            .Append(CultureInfo.InvariantCulture, $"{report.SharedWavefronts}, {report.SharedConflicts}; {report.Barriers}\n");
}
