using Octet.Backends;
using Octet.Checkpoints;

namespace Octet.Models;

/// <summary>
/// Qwen3, dense (Qwen3ForCausalLM): pre-norm decoder, RMSNorm on every query and key head, rotary embedding, grouped-query attention,
/// SwiGLU, tied or separate output layer, no biases. After transformers' <c>modeling_qwen3.py</c>, activations in float32.
/// </summary>
sealed class Qwen3 : DecoderModel
{
    readonly ModelConfig _config;
    readonly Backend _backend;
    readonly Weight _embedding;
    readonly Layer[] _layers;
    readonly CacheScale[] _cacheScales;
    readonly Weight _norm;
    readonly Weight _head;
    readonly Activations _residual, _hidden, _query, _key, _value, _attended, _gate, _up;
    readonly List<IDisposable> _owned = [];

    internal Qwen3(ModelConfig config, WeightLedger weights, Backend backend, int maxBatch, LmHead head)
    {
        _config = config;
        _backend = backend;
        int hidden = config.HiddenSize;
        int queries = checked(config.NumAttentionHeads * config.HeadDim);
        int keys = checked(config.NumKeyValueHeads * config.HeadDim);
        int inner = config.IntermediateSize;

        Weight Linear(string name, int outputs, int inputs) => Own(backend.CreateLinear(weights.Linear(name, outputs, inputs)));
        Weight Norm(string name, int length) => Own(backend.CreateVector(weights.Vector(name + ".weight", length)));

        try
        {
            (LinearTensor table, LinearTensor? output) = weights.Embedding("model.embed_tokens", "lm_head", config.TieWordEmbeddings, config.VocabSize, hidden);
            bool copies = head == LmHead.Float8 && FloatTensor.IsSupported((output ?? table).ElementType);
            _embedding = Own(output is null && !copies ? backend.CreateLinear(table) : backend.CreateEmbedding(table));
            _layers = new Layer[config.NumHiddenLayers];
            _cacheScales = new CacheScale[config.NumHiddenLayers];
            for (int i = 0; i < _layers.Length; i++)
            {
                string at = $"model.layers.{i}.";
                _layers[i] = new Layer(
                    InputNorm: Norm(at + "input_layernorm", hidden),
                    QueryKeyValue: [Linear(at + "self_attn.q_proj", queries, hidden), Linear(at + "self_attn.k_proj", keys, hidden), Linear(at + "self_attn.v_proj", keys, hidden)],
                    QueryNorm: Norm(at + "self_attn.q_norm", config.HeadDim),
                    KeyNorm: Norm(at + "self_attn.k_norm", config.HeadDim),
                    Output: [Linear(at + "self_attn.o_proj", hidden, queries)],
                    PostAttentionNorm: Norm(at + "post_attention_layernorm", hidden),
                    GateUp: [Linear(at + "mlp.gate_proj", inner, hidden), Linear(at + "mlp.up_proj", inner, hidden)],
                    Down: [Linear(at + "mlp.down_proj", hidden, inner)]);
                _cacheScales[i] = weights.CacheScale(at + "self_attn");
            }

            _norm = Norm("model.norm", hidden);
            _head = copies ? Own(backend.CreateFloat8(output ?? table)) : output is null ? _embedding : Own(backend.CreateLinear(output));
            weights.Close();
            _residual = Own(backend.CreateActivations(maxBatch, hidden));
            _hidden = Own(backend.CreateActivations(maxBatch, hidden));
            _query = Own(backend.CreateActivations(maxBatch, queries));
            _key = Own(backend.CreateActivations(maxBatch, keys));
            _value = Own(backend.CreateActivations(maxBatch, keys));
            _attended = Own(backend.CreateActivations(maxBatch, queries));
            _gate = Own(backend.CreateActivations(maxBatch, inner));
            _up = Own(backend.CreateActivations(maxBatch, inner));
        }
        catch
        {
            Dispose();
            throw;
        }

        BytesPerToken = _owned.OfType<Weight>().Sum(weight => weight.Bytes);
        if (_head != _embedding)
        {
            // A separate embedding is read one row a token.
            BytesPerToken -= _embedding.Bytes - _embedding.Bytes / _embedding.Rows;
        }
    }

    internal override long BytesPerToken { get; }

    internal override long LinearWeights => _layers.Sum(layer => layer.Linears.Sum(weight => weight.Rows * weight.Columns));

    internal override KvCacheLayout KvCacheLayout(KvCacheType type) => new(_config.NumHiddenLayers, _config.NumKeyValueHeads, _config.HeadDim, type)
    {
        Scales = type == KvCacheType.Float8E4M3 ? CacheScale.Read(_cacheScales, _config.NumKeyValueHeads) : null,
    };

    internal override Activations CreateStates(int rows) => _backend.CreateActivations(rows, _config.HiddenSize);

    internal override void Forward(Batch batch, KvCache cache, Activations states, CancellationToken cancellationToken)
    {
        int rows = batch.Count;
        float epsilon = _config.RmsNormEps;
        _backend.Embed(_embedding, batch, _residual);
        Activations? delta = null;
        for (int i = 0; i < _layers.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Layer layer = _layers[i];
            _backend.AddRmsNorm(_residual, delta, layer.InputNorm, epsilon, _hidden, rows);
            _backend.Linear(_hidden, layer.QueryKeyValue, [_query, _key, _value], rows);
            _backend.RotateAndStore(_query, _key, _value, layer.QueryNorm, layer.KeyNorm, epsilon, _config.RopeTheta, cache, i, batch);
            _backend.Attention(_query, cache, i, batch, _attended);
            _backend.Linear(_attended, layer.Output, [_hidden], rows);

            _backend.AddRmsNorm(_residual, _hidden, layer.PostAttentionNorm, epsilon, _hidden, rows);
            _backend.SwiGlu(_hidden, layer.GateUp, _gate, _up, rows);
            _backend.Linear(_gate, layer.Down, [_hidden], rows);
            delta = _hidden;
            Observer?.Invoke(i, _residual, delta, rows);
        }

        _backend.AddRmsNorm(_residual, delta, _norm, epsilon, states, rows);
        Observer?.Invoke(_layers.Length, states, null, rows);
    }

    internal override void Logits(Activations states, int first, int count, Span<float> destination) => _backend.Logits(states, first, count, _head, destination);

    public override void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }

        _owned.Clear();
    }

    T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    sealed record Layer(
        Weight InputNorm, Weight[] QueryKeyValue, Weight QueryNorm, Weight KeyNorm, Weight[] Output,
        Weight PostAttentionNorm, Weight[] GateUp, Weight[] Down)
    {
        internal IEnumerable<Weight> Linears => [.. QueryKeyValue, .. Output, .. GateUp, .. Down];
    }
}
