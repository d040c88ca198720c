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

    static string File => Path.Combine(Fixtures.Repository, "tests", "Octet.Cuda.Tests", "Kernels", "counts.txt");

    [Fact]
    public void Kernels_execute_and_move_what_is_written_down()
    {
        var text = new StringBuilder("kernel, target, what: warp instructions, of them products of matrices; bytes read, written; sectors; shared wavefronts, of them conflicts; barriers\n");
        foreach (string target in (string[])["sm_80", "sm_89"])
        {
            Norm(text, target);
            Few(text, target, "e4m3", rows: 64, tokens: 1, planes: 1, tiles: 1, warps: 6);
            Few(text, target, "e4m3", rows: 32, tokens: 64, planes: 1, tiles: 8, warps: 6);
            Few(text, target, "bf16", rows: 32, tokens: 1, planes: 3, tiles: 1, warps: 6);
            Many(text, target);
            foreach (CudaFormat format in (CudaFormat[])[CudaFormat.MxE2M1, CudaFormat.NvE2M1, CudaFormat.MxE4M3])
            {
                FewTiled(text, target, format);
                ManyTiled(text, target, format);
            }
        }

        // The same for every target.
        Attend(text, "sm_80", tokens: 1, "attend_bf16_4");
        Attend(text, "sm_80", tokens: 16, "attend_many_4");

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
        card.Launch("linear_few", $"linear_few_{format}_{tiles}", new Dim3(rows / 16), warps * 32, 0, part, new LinearPart { FirstTile = int.MaxValue }, new LinearPart { FirstTile = int.MaxValue }, inputs);
        Add(text, target, $"[{rows}, {Hidden}], tokens {tokens}", card.Reports[^1]);
    }

    static void Many(StringBuilder text, string target)
    {
        (KernelCard card, LinearPart part, LinearInputs inputs) = Layer(target, "e4m3", 128, 64, 1);
        card.Launch("linear_many", "linear_many_e4m3", new Dim3(1), 256, 256 * 128 * 3, part, new LinearPart { FirstTile = int.MaxValue }, new LinearPart { FirstTile = int.MaxValue }, inputs);
        Add(text, target, $"[128, {Hidden}], tokens 64", card.Reports[^1]);
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

    static void Attend(StringBuilder text, string target, int tokens, string kernel)
    {
        var cached = new CachedText(new KernelCard(target, counts: true), "bf16", heads: 1, group: 4, size: 128, (256, tokens));
        cached.Store();
        cached.AssertAttended(1e-4, many: tokens > 1);
        LaunchReport report = cached.Card.Reports[^1];
        Assert.Equal(kernel, report.Kernel);
        Add(text, target, $"4 heads of 128 of {tokens} {(tokens == 1 ? "token" : "tokens")} behind {256 - tokens}", report);
    }

    static void Add(StringBuilder text, string target, string what, LaunchReport report)
        => text.Append(CultureInfo.InvariantCulture, $"{report.Kernel}, {target}, {what}: {report.Instructions}, {report.Count("mma.sync")}; {report.GlobalBytesRead}, {report.GlobalBytesWritten}; {report.GlobalSectors}; ")
            .Append(CultureInfo.InvariantCulture, $"{report.SharedWavefronts}, {report.SharedConflicts}; {report.Barriers}\n");
}
