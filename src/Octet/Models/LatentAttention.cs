using Octet.Backends;
using Octet.Checkpoints.Families;

namespace Octet.Models;

/// <summary>
/// Multi-head latent attention (DeepSeek-V2, 2024) in its absorbed form: a query is multiplied with the part of <c>kv_b_proj</c> that would
/// make its head's keys out of latents, and what is attended is a mean of latents, of which the other part makes the head's value. So
/// nothing but latents is read, whatever the number of heads. After transformers' <c>modeling_deepseek_v3.py</c>.
/// </summary>
sealed class LatentAttention : Part
{
    // Of the two norms inside, whatever rms_norm_eps says.
    const float InnerEpsilon = 1e-6f;

    readonly Backend _backend;
    readonly int _kind;
    readonly int _layer;
    readonly LatentHeads _heads;
    readonly AttentionShape _shape;
    readonly Weight[] _input;
    readonly Weight[] _query;
    readonly Weight? _queryNorm;
    readonly Weight _latentNorm;
    readonly Weight _keyValue;
    readonly Weight[] _output;
    readonly Activations _low, _queries, _latent, _absorbed, _mean, _attended;

    /// <param name="spec">Its sizes.</param>
    /// <param name="at">The beginning of its tensors' names.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="place">Its kind of layers in the cache, and its layer there.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal LatentAttention(LatentAttentionSpec spec, string at, int hidden, (int Kind, int Layer) place, ModelBuilder build)
    {
        int head = spec.PlainDim + spec.RotaryDim;
        int queries = checked(spec.Heads * head);
        int latent = spec.Rank + spec.RotaryDim;
        _backend = build.Backend;
        (_kind, _layer) = place;
        _heads = new LatentHeads(spec.Heads, spec.Rank, spec.PlainDim, spec.RotaryDim, spec.ValueDim, spec.Rotary);
        _shape = new AttentionShape((float)spec.Scale);
        Weight first = build.Linear(at + (spec.QueryRank is null ? "q_proj" : "q_a_proj"), spec.QueryRank ?? queries, hidden);
        _queryNorm = spec.QueryRank is { } rank ? build.PlainNorm(at + "q_a_layernorm", rank) : null;
        _query = spec.QueryRank is { } width ? [build.Linear(at + "q_b_proj", queries, width)] : [];
        _input = [first, build.Linear(at + "kv_a_proj_with_mqa", latent, hidden)];
        _latentNorm = build.PlainNorm(at + "kv_a_layernorm", spec.Rank);
        _keyValue = build.Latent(at + "kv_b_proj", checked(spec.Heads * (spec.PlainDim + spec.ValueDim)), spec.Rank);
        _output = [build.Linear(at + "o_proj", hidden, checked(spec.Heads * spec.ValueDim))];

        // Behind the weights: by then the sizes are those of tensors, not only what a config says.
        _low = build.Buffer("query rank", spec.QueryRank ?? queries);
        _queries = build.Buffer("query", queries);
        _latent = build.Buffer("latent", latent);
        _absorbed = build.Buffer("absorbed query", checked(spec.Heads * latent));
        _mean = build.Buffer("mean latent", checked(spec.Heads * spec.Rank));
        _attended = build.Buffer("attended", checked(spec.Heads * spec.ValueDim));
    }

    internal override IEnumerable<Weight> Linears => [.. _input, .. _query, _keyValue, .. _output];

    internal override void Forward(Activations input, Activations output, Batch batch, StateCache cache)
    {
        int rows = batch.Count;
        KvCache pages = cache.Kinds[_kind];
        Activations queries = _low;
        _backend.Linear(input, _input, [_low, _latent], rows);
        if (_queryNorm is not null)
        {
            _backend.AddRmsNorm(_low, null, _queryNorm, InnerEpsilon, _low, rows);
            _backend.Linear(_low, _query, [_queries], rows);
            queries = _queries;
        }

        _backend.StoreLatent(_latent, _latentNorm, InnerEpsilon, _heads, pages, _layer, batch);
        _backend.AbsorbQueries(queries, _keyValue, _heads, batch, _absorbed);
        _backend.Attention(_absorbed, pages, _layer, _shape, batch, _mean);
        _backend.ExpandValues(_mean, _keyValue, _heads, rows, _attended);
        _backend.Linear(_attended, _output, [output], rows);
    }
}
