using Octet.Backends;
using Octet.Checkpoints;
using Octet.Safetensors;

namespace Octet.Models;

/// <summary>
/// What every layer of a decoder is given of a token besides the stream (Gemma 4's per-layer embeddings): a row of a table, which is mostly larger than the
/// rest of the model and of which a token reads one row, and a product of the token's embedding.
/// </summary>
sealed class LayerInputs
{
    readonly Backend _backend;
    readonly float _epsilon;
    readonly int _hidden;
    readonly Weight _table;
    readonly Weight[] _projection;
    readonly Weight _norm;
    readonly Activations _inputs, _projected;

    /// <param name="width">Elements for a layer.</param>
    /// <param name="layers">How many there are.</param>
    /// <param name="tokens">Rows of the table.</param>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="root">The beginning of its tensors' names.</param>
    /// <param name="build">Makes weights and buffers.</param>
    internal LayerInputs(int width, int layers, int tokens, int hidden, string root, ModelBuilder build)
    {
        int columns = checked(width * layers);
        (_backend, _epsilon, _hidden, Width) = (build.Backend, build.Epsilon, hidden, width);
        LinearTensor table = build.Weights.Linear(root + "embed_tokens_per_layer", tokens, columns);
        Table = table.Tensor;
        _table = build.Own(_backend.CreateEmbedding(table));
        _projection = [build.Linear(root + "per_layer_model_projection", columns, hidden)];
        _norm = build.Norm(root + "per_layer_projection_norm", width);
        _inputs = build.Buffer("layer inputs", columns);
        _projected = build.Buffer("layer inputs, projected", columns);
    }

    /// <summary>Elements for a layer.</summary>
    internal int Width { get; }

    /// <summary>The table.</summary>
    internal TensorView Table { get; }

    /// <summary>Bytes that a decoded token reads.</summary>
    internal long BytesPerToken => _projection[0].Bytes + _norm.Bytes + (_table.Bytes / _table.Rows);

    /// <summary>Weights that a token is multiplied with.</summary>
    internal long LinearWeights => _projection[0].Rows * _projection[0].Columns;

    /// <summary>Computes those of all layers.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="embedded">Their embeddings, as the stream begins.</param>
    internal void Compute(Batch batch, Activations embedded)
    {
        int rows = batch.Count;
        _backend.Embed(_table, MathF.Sqrt(Width), batch, _inputs);
        _backend.Linear(embedded, _projection, [_projected], rows);

        // The product is divided by sqrt(hidden) before it is normed: the same norm with another epsilon.
        _backend.NormHeads(_projected, Width, _norm, _epsilon * _hidden, rows);
        _backend.AddScaled(_inputs, _projected, MathF.Sqrt(0.5f), rows);
    }

    /// <summary>The part of a layer that adds them to the stream.</summary>
    internal Gate CreateGate(int layer, string at, ModelBuilder build) => new(this, layer, at, build);

    /// <summary>What the stream lets through of a layer's input, and makes of it.</summary>
    internal sealed class Gate
    {
        readonly LayerInputs _all;
        readonly int _layer;
        readonly Weight _gate, _norm;
        readonly Weight[] _projection;
        readonly Activations _gated;

        internal Gate(LayerInputs all, int layer, string at, ModelBuilder build)
        {
            (_all, _layer) = (all, layer);
            _gate = build.Linear(at + "per_layer_input_gate", all.Width, all._hidden);
            _projection = [build.Linear(at + "per_layer_projection", all._hidden, all.Width)];
            _norm = build.Norm(at + "post_per_layer_input_norm", all._hidden);
            _gated = build.Buffer("layer input", all.Width);
        }

        internal long BytesPerToken => _gate.Bytes + _projection[0].Bytes + _norm.Bytes;

        internal long LinearWeights => (_gate.Rows * _gate.Columns) + (_projection[0].Rows * _projection[0].Columns);

        /// <summary>output = what is to be added to the stream.</summary>
        internal void Forward(Activations stream, Activations output, int rows)
        {
            Backend backend = _all._backend;
            backend.Linear(stream, _gate, Nonlinearity.GeluTanh, _gated, rows);
            backend.Multiply(_gated, new(_all._inputs, _layer * _all.Width, _all.Width), rows);
            backend.Linear(_gated, _projection, [output], rows);
            backend.AddRmsNorm(output, null, _norm, _all._epsilon, output, rows);
        }
    }
}
