using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Attention in which groups of query heads share a key/value head (Ainslie et al., "GQA", 2023), causal, whole or in a window. Heads may be
/// normed before they turn, and what is attended gated (Qiu et al., "Gated Attention for Large Language Models", 2025). A layer may read the keys and
/// values of another.
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
    readonly int _heads, _headDim;
    readonly float _epsilon, _keyScale, _valueScale;
    readonly bool _normsValues, _valuesAreKeys, _normsAllHeads, _normsTurned, _hasPlainNorms;
    readonly Activations? _queryAndGate, _gate, _key, _value;
    readonly Activations _query, _attended;
    readonly Activations[] _products;

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
        bool hasKeys = spec.SharesWith is null;
        _queryKeyValue = spec.IsFused
            ? build.Fused(at + "qkv_proj", [queries, keys, keys], hidden)
            : [build.Linear(at + "q_proj", spec.HasOutputGate ? checked(2 * queries) : queries, hidden, spec.HasInputBias), .. hasKeys ? KeysAndValues() : []];
        _hasPlainNorms = spec.HasPlainHeadNorms;
        if (spec.HasHeadNorms)
        {
            (string query, string key) = spec.HeadNormNames;
            Weight queryNorm = build.Norm(at + query, spec.NormsAllHeads ? queries : spec.HeadDim);
            _norm = new HeadNorm(queryNorm, hasKeys ? build.Norm(at + key, spec.NormsAllHeads ? keys : spec.HeadDim) : null, build.Epsilon);
        }

        (_normsAllHeads, _normsTurned) = (spec.NormsAllHeads, spec.NormsTurned);
        _output = [build.Linear(at + spec.OutputName, hidden, queries, spec.HasOutputBias)];
        _shape = new AttentionShape((float)(spec.Scale ?? 1 / Math.Sqrt(spec.HeadDim)))
        {
            Window = spec.Window,
            Chunk = spec.Chunk,
            Cap = spec.Cap,
            Sinks = spec.HasSinks ? build.Vector(at + "sinks", spec.Heads) : null,
        };
        if (spec.HasOutputGate)
        {
            _heads = spec.Heads;
            _queryAndGate = build.Buffer("query and gate", 2 * queries);
            _gate = build.Buffer("output gate", queries);
        }

        (_headDim, _epsilon, _normsValues, _valuesAreKeys) = (spec.HeadDim, build.Epsilon, spec.NormsValues, spec.ValuesAreKeys);
        (_keyScale, _valueScale) = ((float)spec.KeyScale, (float)spec.ValueScale);
        _query = build.Buffer("query", queries);
        _key = hasKeys ? build.Buffer("key", keys) : null;
        _value = hasKeys ? build.Buffer("value", keys) : null;
        _attended = build.Buffer("attended", queries);
        _products = [_queryAndGate ?? _query, .. hasKeys ? [_key!] : (Activations[])[], .. hasKeys && !spec.ValuesAreKeys ? [_value!] : (Activations[])[]];

        IEnumerable<Weight> KeysAndValues()
        {
            yield return build.Linear(at + "k_proj", keys, hidden, spec.HasInputBias);
            if (!spec.ValuesAreKeys)
            {
                yield return build.Linear(at + "v_proj", keys, hidden, spec.HasInputBias);
            }
        }
    }

    internal override IEnumerable<Weight> Linears => [.. _queryKeyValue, .. _output];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        _backend.Linear(input, _queryKeyValue, _products, batch.Count);
        if (_queryAndGate is not null)
        {
            _backend.Ungroup(_queryAndGate, _heads, [new(_query, 0, _query.Columns), new(_gate!, 0, _query.Columns)], batch.Count);
        }

        if (_valuesAreKeys && _key is not null)
        {
            _backend.Ungroup(_key, 1, [new(_value!, 0, _key.Columns)], batch.Count);
        }

        Scale(_key, _keyScale, batch.Count);
        Scale(_value, _valueScale, batch.Count);
        if (_normsValues && _value is not null)
        {
            _backend.NormHeads(_value, _headDim, null, _epsilon, batch.Count);
        }

        HeadNorm norm = _norm;
        Rotary rotary = _rotary;
        if (_normsAllHeads)
        {
            _backend.NormHeads(_query, _query.Columns, norm.Query, _epsilon, batch.Count);
            _backend.NormHeads(_key!, _key!.Columns, norm.Key, _epsilon, batch.Count);
            norm = default;
        }
        else if (_normsTurned)
        {
            _backend.Rotate(_query, _key!, _headDim, rotary, batch.Positions);
            rotary = Rotary.None;
            if (_hasPlainNorms)
            {
                _backend.NormHeads(_query, _headDim, null, _epsilon, batch.Count);
                _backend.NormHeads(_key!, _headDim, null, _epsilon, batch.Count);
            }
        }

        KvCache pages = cache.Kinds[_kind];
        _backend.RotateAndStore(_query, _key, _value, norm, rotary, pages, _layer, batch);
        _backend.Attention(_query, pages, _layer, _shape, batch, _attended);
        if (_gate is not null)
        {
            _backend.GateOutput(_attended, _gate, batch.Count);
        }

        _backend.Linear(_attended, _output, [output], batch.Count);
    }

    void Scale(Activations? states, float factor, int rows)
    {
        if (factor != 1 && states is not null)
        {
            _backend.AddScaled(states, null, factor, rows);
        }
    }
}
