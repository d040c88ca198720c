using System.Numerics;
using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>The chosen experts of a step's tokens on the card, the pairs of token and expert in the order of experts, and what experts have between their layers.</summary>
sealed unsafe class CudaRoutes : Routes
{
    readonly CudaStream _stream;
    readonly DeviceBlock _memory;
    readonly int _pairs;
    int[]? _hostExperts;
    float[]? _hostWeights;

    internal CudaRoutes(CudaContext context, CudaStream stream, int rows, RoutingRule rule, int hidden, int inner)
        : base(rows, rule.Chosen)
    {
        _stream = stream;
        int padded = Math.Max(rows, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(rows, CudaStep.MaxPadded)));
        _pairs = checked(padded * rule.Chosen);
        _memory = context.Allocate((long)((3 * _pairs) + 1 + (3 * Math.Min(_pairs, rule.Experts))) * sizeof(int));
        try
        {
            Gate = new CudaActivations(context, stream, _pairs, inner);
            Results = new CudaActivations(context, stream, _pairs, hidden);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Of each pair its expert.</summary>
    internal ulong Chosen32 => _memory.Address;

    /// <summary>Of each pair the expert's weight.</summary>
    internal ulong ChosenWeights => _memory.Address + ((ulong)_pairs * sizeof(int));

    /// <summary>Pairs by expert.</summary>
    internal ulong Pairs => _memory.Address + ((ulong)_pairs * 2 * sizeof(int));

    /// <summary>How many experts were chosen, and of each its number, its first pair among <see cref="Pairs"/> and how many it has.</summary>
    internal ulong Groups => _memory.Address + ((ulong)_pairs * 3 * sizeof(int));

    internal CudaActivations Gate { get; } = null!;

    internal CudaActivations Results { get; } = null!;

    internal override ReadOnlySpan<int> Experts(int row)
    {
        if (_hostExperts is null)
        {
            _hostExperts = new int[_pairs];
            _hostWeights = new float[_pairs];
            fixed (int* experts = _hostExperts)
            fixed (float* weights = _hostWeights)
            {
                _stream.CopyToHost(experts, Chosen32, (long)_pairs * sizeof(int));
                _stream.CopyToHost(weights, ChosenWeights, (long)_pairs * sizeof(float));
                _stream.Synchronize();
            }
        }

        return _hostExperts.AsSpan(row * Chosen, Chosen);
    }

    internal override ReadOnlySpan<float> Weights(int row)
    {
        Experts(row);
        return _hostWeights.AsSpan(row * Chosen, Chosen);
    }

    /// <summary>What the host has seen is old.</summary>
    internal void Changed() => _hostExperts = null;

    public override void Dispose()
    {
        _memory.Dispose();
        Gate?.Dispose();
        Results?.Dispose();
    }
}
