using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Attention in which groups of query heads share a key/value head (Ainslie et al., "GQA", 2023), causal, whole or in a window. Heads may be
/// normed before they turn, and what is attended gated (Qiu et al., "Gated Attention for Large Language Models", 2025).
/// </summary>
sealed class GroupedQueryAttention : Part
{
    readonly Backend _backend;
    readonly int _kind;
    readonly int _layer;
    readonly Rotary _rotary;
    readonly AttentionShape _shape;
    readonly HeadNorm _norm;
    readonly Weight[] _queryKeyValue;
    readonly Weight[] _output;
    readonly int _heads;
    readonly Activations? _queryAndGate, _gate;
    readonly Activations _query, _key, _value, _attended;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="place">Its kind of layers in the cache, and its layer there.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal GroupedQueryAttention(AttentionSpec spec, string at, int hidden, (int Kind, int Layer) place, ModelBuilder build)
    {
        int queries = checked(spec.Heads * spec.HeadDim);
        int keys = checked(spec.KeyValueHeads * spec.HeadDim);
        _backend = build.Backend;
        (_kind, _layer) = place;
        _rotary = spec.Rotary;
        _queryKeyValue = spec.IsFused
            ? build.Fused(at + "qkv_proj", [queries, keys, keys], hidden)
            : [build.Linear(at + "q_proj", spec.HasOutputGate ? checked(2 * queries) : queries, hidden, spec.HasInputBias), build.Linear(at + "k_proj", keys, hidden, spec.HasInputBias), build.Linear(at + "v_proj", keys, hidden, spec.HasInputBias)];
        _norm = spec.HasHeadNorms ? new HeadNorm(build.Norm(at + "q_norm", spec.HeadDim), build.Norm(at + "k_norm", spec.HeadDim), build.Epsilon) : default;
        _output = [build.Linear(at + "o_proj", hidden, queries, spec.HasOutputBias)];
        _shape = new AttentionShape((float)(spec.Scale ?? 1 / Math.Sqrt(spec.HeadDim)))
        {
            Window = spec.Window,
            Sinks = spec.HasSinks ? build.Vector(at + "sinks", spec.Heads) : null,
        };
        if (spec.HasOutputGate)
        {
            _heads = spec.Heads;
            _queryAndGate = build.Buffer("query and gate", 2 * queries);
            _gate = build.Buffer("output gate", queries);
        }

        _query = build.Buffer("query", queries);
        _key = build.Buffer("key", keys);
        _value = build.Buffer("value", keys);
        _attended = build.Buffer("attended", queries);
    }

    internal override IEnumerable<Weight> Linears => [.. _queryKeyValue, .. _output];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(input, _queryKeyValue, [_queryAndGate ?? _query, _key, _value], batch.Count);
        if (_queryAndGate is not null)
        {
            _backend.Ungroup(_queryAndGate, _heads, [new(_query, 0, _query.Columns), new(_gate!, 0, _query.Columns)], batch.Count);
        }

        KvCache pages = cache.Kinds[_kind];
        _backend.RotateAndStore(_query, _key, _value, _norm, _rotary, pages, _layer, batch);
        _backend.Attention(_query, pages, _layer, _shape, batch, _attended);
        if (_gate is not null)
        {
            _backend.GateOutput(_attended, _gate, batch.Count);
        }

        _backend.Linear(_attended, _output, [output], batch.Count);
    }
}
