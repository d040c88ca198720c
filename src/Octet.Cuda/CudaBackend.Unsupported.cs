using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>Operations of families that run on the CPU alone so far.</summary>
sealed partial class CudaBackend
{
    /// <summary>Why cards cannot compute a model, in one line; null: they can.</summary>
    internal static string? Lacks(ModelNeeds needs)
    {
        string? what = (needs.Parts & ModelParts.Encoder) != 0 ? "the layers of an encoder"
            : (needs.Parts & ModelParts.PlainExperts) != 0 ? "experts that are not gated"
            : (needs.Parts & ModelParts.ParallelMixers) != 0 ? "layers with two mixers"
            : (needs.Parts & ModelParts.ChannelDecay) != 0 ? "the delta rule with a decay for each channel"
            : (needs.Parts & ModelParts.SparseMixer) != 0 ? "experts chosen by SparseMixer"
            : needs.Latents.FirstOrDefault(latent => !HasLatents(latent.Rank, latent.RotaryDim)) is { Rank: > 0 } latent ? $"latent attention (MLA) over {latent.Rank} and {latent.RotaryDim} elements, where there are multiples of 8 up to {MostBroad} and together {MostLatent}"
            : needs.Latents.FirstOrDefault(latent => latent.Heads > MostLatentHeads) is { Heads: > 0 and var heads } ? $"latent attention (MLA) with {heads} heads, where there are at most {MostLatentHeads}"
            : needs.HeadDims.FirstOrDefault(size => !HasHeads(size)) is > 0 and int size ? $"attention heads of {size} dimensions, where there are those of 32 to {MostBroad} in steps of 8"
            : needs.StateDims.FirstOrDefault(size => !HasStates(size)) is > 0 and int keys ? $"recurrent states of {keys} keys, where there are those of 4 to {MostStateKeys} in steps of 4"
            : null;
        return what is null ? null : $"{needs.Architecture} needs {what}, for which this version has no kernels: use the CPU (--device cpu)";
    }

    static bool HasHeads(int size) => size % 8 == 0 && size is >= 32 and <= MostBroad;

    static bool HasLatents(int rank, int turning) => rank % 8 == 0 && turning % 8 == 0 && rank is > 0 and <= MostBroad && turning is >= 0 && rank + turning <= MostLatent;

    internal override void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows)
        => throw Unsupported("experts that are not gated");

    internal override void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds) => throw Unsupported("an encoder's table");

    internal override void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output)
        => throw Unsupported("an encoder's attention");

    internal override void Average(Activations source, ReadOnlySpan<int> starts, Activations destination) => throw Unsupported("the mean of a text's rows");

}
