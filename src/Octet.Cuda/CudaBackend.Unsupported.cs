using Octet.Backends;
using Octet.Safetensors;

namespace Octet.Cuda;

/// <summary>Operations of families that run on the CPU alone so far.</summary>
sealed partial class CudaBackend
{
    /// <summary>Why cards cannot compute a model, in one line; null: they can.</summary>
    internal static string? Lacks(ModelNeeds needs)
    {
        string? what = (needs.Parts & ModelParts.Recurrence) != 0 ? "recurrent layers"
            : (needs.Parts & ModelParts.Encoder) != 0 ? "the layers of an encoder"
            : (needs.Parts & ModelParts.PlainExperts) != 0 ? "experts that are not gated"
            : needs.Latents.FirstOrDefault(latent => !HasLatents(latent.Rank, latent.RotaryDim)) is { Rank: > 0 } latent ? $"latent attention (MLA) over {latent.Rank} and {latent.RotaryDim} elements, where there are multiples of 8 up to {MostBroad} and together {MostLatent}"
            : needs.Latents.FirstOrDefault(latent => latent.Heads > MostLatentHeads) is { Heads: > 0 and var heads } ? $"latent attention (MLA) with {heads} heads, where there are at most {MostLatentHeads}"
            : needs.HeadDims.FirstOrDefault(size => !HasHeads(size)) is > 0 and int size ? $"attention heads of {size} dimensions, where there are those of 32 to {MostBroad} in steps of 8"
            : null;
        return what is null ? null : $"{needs.Architecture} needs {what}, for which this version has no kernels: use the CPU (--device cpu)";
    }

    static bool HasHeads(int size) => size % 8 == 0 && size is >= 32 and <= MostBroad;

    static bool HasLatents(int rank, int turning) => rank % 8 == 0 && turning % 8 == 0 && rank is > 0 and <= MostBroad && turning is >= 0 && rank + turning <= MostLatent;

    internal override void PlainExperts(Activations input, Routes routes, ExpertWeights experts, Nonlinearity function, Activations output, bool adds, int rows)
        => throw Unsupported("experts that are not gated");

    internal override RecurrentCache CreateRecurrentCache(RecurrentLayout layout, int maxPages, bool withinRoom) => throw Unsupported("a recurrent layer");

    internal override Weight CreateTaps(TensorView tensor) => throw Unsupported("a recurrent layer");

    internal override void LookUp(Weight table, ReadOnlySpan<int> ids, Activations output, bool adds) => throw Unsupported("an encoder's table");

    internal override void AttendWithin(Activations query, Activations key, Activations value, BidirectionalShape shape, ReadOnlySpan<int> starts, Activations output)
        => throw Unsupported("an encoder's attention");

    internal override void Average(Activations source, ReadOnlySpan<int> starts, Activations destination) => throw Unsupported("the mean of a text's rows");

    internal override void Convolve(Activations mixed, Weight taps, Weight? bias, RecurrentCache cache, int layer, ConvolutionShape shape, Batch batch) => throw Unsupported("a recurrent layer");

    internal override void StateSpace(Activations mixed, Activations step, StateSpaceWeights weights, RecurrentCache cache, int layer, StateSpaceShape shape, Batch batch, Activations output)
        => throw Unsupported("a recurrent layer");

    internal override void NormGated(Activations states, Activations gate, int groups, Weight norm, float epsilon, int rows) => throw Unsupported("a recurrent layer");

    internal override void GatedDelta(Activations mixed, Activations beta, Activations step, Weight logRate, Weight bias, RecurrentCache cache, int layer, DeltaShape shape, Batch batch, Activations output)
        => throw Unsupported("a recurrent layer");

    internal override void GatedNorm(Activations states, Activations gate, Weight norm, float epsilon, int rows) => throw Unsupported("a recurrent layer");
}
