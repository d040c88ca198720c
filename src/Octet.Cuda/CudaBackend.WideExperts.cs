using Octet.Backends;
using Octet.Cuda.Driver;
using Octet.Cuda.Kernels;

namespace Octet.Cuda;

/// <summary>Experts for the many tokens of prompts on Hopper: products of whole warpgroups, copies by the tensor memory accelerator (<c>experts_wide.cuh</c>).</summary>
sealed unsafe partial class CudaBackend
{
    // Pairs of an expert from which on reading its inputs anew for every 16 rows takes longer than whole tiles, with products of 8 bits and of 16
    // (docs/gpu-kernels.md, section 4).
    const int NarrowPairs = 4;
    const int HalfPairs = 8;

    // Columns of inputs that are copied together.
    const int BoxColumns = 32;
    const int SpreadWarps = 8;

    // What codes of a piece are made with, behind what linear_wide has: of 128 columns three floats.
    const int WideExpertBytes = WideSharedBytes + (3 * WideColumns * sizeof(float));

    bool IsWide(ExpertTable gate, ExpertTable up, ExpertTable down, in InputPlan plan, in InputPlan downPlan, int pairs)
        => IsHopper
            && _context.Info.SharedMemoryPerBlock >= WideExpertBytes
            && pairs >= (plan.Widened().Order == InputOrder.AsCodes ? NarrowPairs : HalfPairs) * gate.Count
            && gate.First.Layout == up.First.Layout
            && IsWide(gate, plan)
            && IsWide(up, plan)
            && IsWide(down, downPlan);

    static bool IsWide(ExpertTable table, in InputPlan plan) => table.IsTogether && (table.First.Format, plan.Planes) is (CudaFormat.E4M3, 1) or (CudaFormat.BFloat16, 2);

    void ExpertsWide(CudaActivations x, CudaRoutes routes, ExpertTable gate, ExpertTable up, ExpertTable down, InputPlan plan, InputPlan downPlan, Gating gating, int rows)
    {
        int pairs = rows * routes.Chosen;
        plan = plan.Widened();
        downPlan = downPlan.Widened();
        Preparation spread = Spread(Prepare(x, gate.First, plan, rows), plan, routes, pairs);
        Made(routes.Gate);
        Preparation codes = default;
        if (downPlan is { Form: InputForm.GroupCodes, Order: InputOrder.AsCodes } && plan.Order == InputOrder.AsCodes)
        {
            // A piece's rows are a group: who gates makes the operands of the next layer, in memory that its own inputs have left.
            int places = routes.MostPlaces(pairs);
            codes = _input.Place(downPlan, places, down.First.Groups);
            _prepared = (routes.Gate, downPlan, places);
        }

        MultiplyWide(gate, up, spread, plan, routes, routes.Gate, gating, pairs, codes);
        MultiplyWide(down, null, Prepare(routes.Gate, down.First, downPlan, routes.MostPlaces(pairs)), downPlan, routes, routes.Results, gating, pairs, default);
    }

    /// <summary>Prepared rows of tokens at the places of their pairs.</summary>
    Preparation Spread(in Preparation tokens, in InputPlan plan, CudaRoutes routes, int pairs)
    {
        int places = routes.MostPlaces(pairs);
        Preparation spread = _spread.Place(plan, places, tokens.Groups);
        var arguments = new LaunchArguments();
        arguments.Add(new SpreadRows
        {
            From = tokens.Planes,
            FromScales = tokens.Scales,
            To = spread.Planes,
            ToScales = spread.Scales,
            Places = routes.Places,
            Tiles = routes.Tiles,
            RowBytes = plan.Planes * tokens.Groups * WeightLayout.Group * InputBytes(plan),
            FromStride = tokens.ScaleStride,
            ToStride = spread.ScaleStride,
            Groups = tokens.Groups,
            Chosen = routes.Chosen,
        });
        Launch(ref arguments, "spread", "spread_inputs", Blocks(places, SpreadWarps), SpreadWarps * WarpThreads);
        return spread;
    }

    /// <summary>A layer of all experts, or both that gate each other, of inputs at places; what gates as codes, where there is memory for those.</summary>
    void MultiplyWide(ExpertTable first, ExpertTable? gated, in Preparation prepared, in InputPlan plan, CudaRoutes routes, CudaActivations output, Gating gating, int pairs, in Preparation codes)
    {
        var arguments = new LaunchArguments();
        var maps = new WideExpertMaps { Inputs = TensorMap.OfRows(_context, prepared.Planes, InputBytes(plan), prepared.Groups * WeightLayout.Group, plan.Planes * routes.MostPlaces(pairs), TensorMap.SwizzledBytes, BoxColumns) };
        maps.Weights[0] = Map(first, plan);
        maps.Weights[1] = Map(gated ?? first, plan);
        arguments.Add(maps);
        arguments.Add(first.Parameters(output));
        if (gated is not null)
        {
            arguments.Add(gated.Parameters(output));
        }

        arguments.Add(new WideRoutes { Places = routes.Places, Tiles = routes.Tiles });
        arguments.Add(Inputs(prepared, pairs, chunk: pairs));
        if (gated is not null)
        {
            arguments.Add(Parameters(gating));
            arguments.Add(codes);
        }

        int most = routes.MostTiles(pairs) * plan.Planes * Blocks((int)first.First.Rows, gated is null ? HighRows : LowRows);
        string kernel = $"experts_wide_{(gated is null ? "" : "gated_")}{(plan.Order == InputOrder.AsCodes ? "codes_" : "")}{Suffix(first.First.Format)}{PlanesSuffix(plan)}";
        Launch(ref arguments, "experts_wide", kernel, Math.Min(most, _context.Info.Multiprocessors), WideThreads, WideExpertBytes);
    }

    TensorMap Map(ExpertTable table, in InputPlan plan)
    {
        CudaWeight weight = table.First;
        table.Map ??= TensorMap.OfRows(_context, weight.Data.Address, weight.Layout.ElementBytes, weight.Groups * WeightLayout.Group, table.Count * weight.Rows, WeightBoxBytes(plan), BoxRows);
        return table.Map.Value;
    }
}
