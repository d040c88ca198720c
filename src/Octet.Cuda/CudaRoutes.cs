using System.Numerics;
using Octet.Backends;
using Octet.Cuda.Driver;

namespace Octet.Cuda;

/// <summary>
/// The chosen experts of a step's tokens on the card, the pairs of token and expert in the order of experts, and what experts have between their layers. Each
/// expert's pairs have places that begin with a multiple of <see cref="PlaceUnit"/> (<c>expert_tiles.cuh</c>).
/// </summary>
sealed unsafe class CudaRoutes : Routes
{
    /// <summary>Pairs of a tile of experts for many tokens.</summary>
    internal const int TilePairs = 128;

    const int PlaceUnit = 8;
    const int TileInts = 4;

    readonly CudaStream _stream;
    readonly DeviceBlock _memory;
    readonly int _experts;
    readonly int _pairs;
    int[]? _hostExperts;
    float[]? _hostWeights;

    internal CudaRoutes(CudaContext context, CudaStream stream, int rows, RoutingRule rule, int hidden, int inner)
        : base(rows, rule.Chosen)
    {
        _stream = stream;
        int padded = Math.Max(rows, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(rows, CudaStep.MaxPadded)));
        _experts = rule.Experts;
        _pairs = checked(padded * rule.Chosen);
        int places = MostPlaces(_pairs);
        _memory = context.Allocate(((TileInts * (1L + MostTiles(_pairs))) + (2L * _pairs) + places + 1 + (3L * Math.Min(_pairs, rule.Experts))) * sizeof(int));
        try
        {
            Gate = new CudaActivations(context, stream, places, inner);
            Results = new CudaActivations(context, stream, _pairs, hidden);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many tiles there are, and each of them.</summary>
    internal ulong Tiles => _memory.Address;

    /// <summary>Of each pair its expert.</summary>
    internal ulong Chosen32 => Tiles + ((ulong)TileInts * (1 + (ulong)MostTiles(_pairs)) * sizeof(int));

    /// <summary>Of each pair the expert's weight.</summary>
    internal ulong ChosenWeights => Chosen32 + ((ulong)_pairs * sizeof(int));

    /// <summary>The pair of each place.</summary>
    internal ulong Places => ChosenWeights + ((ulong)_pairs * sizeof(int));

    /// <summary>How many experts were chosen, and of each its number, its first place and how many pairs it has.</summary>
    internal ulong Groups => Places + ((ulong)MostPlaces(_pairs) * sizeof(int));

    /// <summary>What gates each pair: rows of pairs, or of places.</summary>
    internal CudaActivations Gate { get; } = null!;

    internal CudaActivations Results { get; } = null!;

    /// <summary>The most places that so many pairs have.</summary>
    internal int MostPlaces(int pairs) => checked((int)MostPlaces(pairs, _experts));

    /// <inheritdoc cref="MostPlaces(int)"/>
    internal static long MostPlaces(long pairs, int experts) => pairs + ((PlaceUnit - 1) * Math.Min(pairs, experts));

    /// <summary>The most tiles that so many pairs have.</summary>
    internal int MostTiles(int pairs) => (pairs / TilePairs) + Math.Min(pairs, _experts);

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
