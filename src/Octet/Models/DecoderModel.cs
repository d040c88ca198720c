using Octet.Backends;
using Octet.Checkpoints;
using Octet.Checkpoints.Families;
using Octet.Safetensors;

namespace Octet.Models;

/// <summary>
/// A decoder: token ids in, one row of logits for any token out. A stream of hidden states to which every layer adds what its mixer and its
/// feed-forward part make of it; which those are, the family says. Written against <see cref="Backend"/> alone, activations in float32.
/// </summary>
sealed class DecoderModel : IDisposable
{
    readonly ModelConfig _config;
    readonly Backend _backend;
    readonly ModelBuilder _build;
    readonly float _embeddingScale;
    readonly bool _isParallel;
    readonly LogitScaling _scaling;
    readonly Weight _embedding;
    readonly Layer[] _layers;
    readonly CacheScale[] _cacheScales;
    readonly CachePlan _cache;
    readonly StreamNorm _norm;
    readonly Weight? _head;
    readonly Weight[] _chosen = [];
    readonly LayerInputs? _inputs;
    readonly Activations _residual, _hidden, _delta;
    readonly Activations? _beside;
    readonly ForwardPass _pass;
    bool _countsExperts;

    /// <param name="config">Names the parts.</param>
    /// <param name="weights">Their tensors: all that there are must be used or known.</param>
    /// <param name="backend">Who computes.</param>
    /// <param name="maxBatch">Rows of a step.</param>
    /// <param name="head">How the output layer is held.</param>
    /// <param name="outputs">The tokens whose logits are wanted, where not all are; none: there need be no output layer.</param>
    internal DecoderModel(ModelConfig config, WeightLedger weights, Backend backend, int maxBatch, LmHead head, IReadOnlyList<int>? outputs = null)
    {
        _pass = Pass;
        DecoderSpec spec = config.Decoder ?? throw new ArgumentException("a config that was not read from a file says nothing of the parts", nameof(config));
        int hidden = config.HiddenSize;
        _config = config;
        _backend = backend;
        _embeddingScale = spec.EmbeddingScale;
        _isParallel = spec.IsParallel;
        _scaling = new LogitScaling(spec.LogitScale, spec.LogitCap);
        _build = new ModelBuilder(weights, backend, maxBatch, config.RmsNormEps, spec.NormOffset);
        try
        {
            string embedding = spec.Names.Embedding;

            // An embedding model is stored without what stands before the text model of a larger one.
            string root = weights.Prefix(embedding, [spec.Names.Root, "model.", "language_model.model.", "model.language_model.", .. outputs is null ? (string[])[] : [""]]);
            string output = weights.Prefix("lm_head", "", "language_model.") + "lm_head";
            bool tied = config.TieWordEmbeddings || (outputs is { Count: 0 } && !weights.HasLinear(output));
            (LinearTensor table, LinearTensor? separate) = weights.Embedding(root + embedding, output, tied, config.VocabSize, hidden);
            if (spec.HasOutputBias && separate is not null)
            {
                separate = separate with { Bias = weights.Vector(output + ".bias", config.VocabSize) };
            }

            bool copies = head == LmHead.Float8 && FloatTensor.IsSupported((separate ?? table).ElementType);
            backend.Expect(table.Tensor.ByteLength + (separate?.Tensor.ByteLength ?? 0) + weights.BytesLeft([.. Unused(spec, root).Select(part => part.Beginning), .. config.OtherParts]));
            bool isOutput = separate is null && !copies && outputs is null;
            _embedding = _build.Own(isOutput ? backend.CreateLinear(table) : backend.CreateEmbedding(table));
            _inputs = spec.LayerInputs > 0 ? new LayerInputs(spec.LayerInputs, spec.Layers.Count, config.VocabSize, hidden, root, _build) : null;
            ReadByRows = [.. isOutput ? (TensorView[])[] : [table.Tensor], .. _inputs is null ? (TensorView[])[] : [_inputs.Table]];
            _layers = new Layer[spec.Layers.Count];
            _cacheScales = new CacheScale[_layers.Length];
            _cache = new CachePlan(spec.Layers);
            for (int i = 0; i < _layers.Length; i++)
            {
                string at = $"{root}layers.{i}.";
                (MixerSpec? mixer, FeedForwardSpec? feedForward) = spec.Layers[i];
                _layers[i] = new Layer(
                    BeforeMixer: mixer is null ? null : Norm(at, spec.Norms.BeforeMixer),
                    Mixer: mixer is null ? null : CreateMixer(mixer, $"{at}{mixer.Name}.", _cache.Places[i]),
                    AfterMixer: mixer is null ? null : Norm(at, spec.Norms.AfterMixer),
                    BeforeFeedForward: feedForward is null ? null : Norm(at, spec.Norms.BeforeFeedForward),
                    FeedForward: feedForward is null ? null : _build.FeedForward(feedForward, at, hidden),
                    AfterFeedForward: feedForward is null ? null : Norm(at, spec.Norms.AfterFeedForward))
                {
                    MixerScale = (float)(spec.ResidualScale * (mixer?.OutputScale ?? 1)),
                    FeedForwardScale = (float)(spec.ResidualScale * (feedForward?.OutputScale ?? 1)),
                    MixerBeside = spec.Layers[i].MixerBeside is { } second ? CreateMixer(second, $"{at}{second.Name}.", (-1, _cache.PlacesBeside[i])) : null,
                    BesideRatio = spec.Layers[i].MixerBeside is { } other ? (float)(other.OutputScale / mixer!.OutputScale) : 1,
                    Beside = spec.Layers[i].Beside is { } experts ? new ExpertsBeside(experts, at, hidden, _build) : null,
                    Input = _inputs?.CreateGate(i, at, _build),
                    Scale = spec.HasLayerScales ? FloatTensor.Widen(weights.Vector(at + "layer_scalar", 1))[0] : null,
                };
                _cacheScales[i] = weights.CacheScale(at + (mixer?.Name ?? "self_attn"));
            }

            _norm = Norm(root, spec.Names.Norm)!;
            if (outputs is null)
            {
                _head = copies ? _build.Own(backend.CreateFloat8(separate ?? table)) : separate is null ? _embedding : _build.Own(backend.CreateLinear(separate));
            }
            else
            {
                _chosen = [.. outputs.Select(token => _build.Own(backend.CreateLinear((separate ?? table).Slice(token, 1))))];
            }

            SkipUnused(config, spec, root, weights);
            weights.Close();
            _residual = _build.Buffer("residual", hidden);
            _hidden = _build.Buffer("hidden", hidden);
            _delta = _build.Buffer("delta", hidden);
            _beside = _isParallel || spec.Layers.Any(layer => layer.MixerBeside is not null) ? _build.Buffer("beside", hidden) : null;
        }
        catch
        {
            Dispose();
            throw;
        }

        // A separate embedding is read one row a token.
        BytesPerToken = _layers.Sum(layer => layer.BytesPerToken) + (_inputs?.BytesPerToken ?? 0) + _norm.Weight.Bytes + (_head?.Bytes ?? 0) + (_head == _embedding ? 0 : _embedding.Bytes / _embedding.Rows);
        LongFrom = spec.Mixers.OfType<AttentionSpec>().Select(attention => attention.Rotary.LongFrom).DefaultIfEmpty(int.MaxValue).Min();
        LinearWeights = _layers.Sum(layer => layer.LinearWeights) + (_inputs?.LinearWeights ?? 0);

        StreamNorm? Norm(string at, string? name) => name is null ? null : new StreamNorm(_build.Norm(at + name, hidden), spec.HasNormBias ? _build.Vector(at + name + ".bias", hidden) : null, config.RmsNormEps, spec.CentresNorms);
    }

    /// <summary>Bytes that one decoded token reads: every weight once, the output layer included.</summary>
    internal long BytesPerToken { get; }

    /// <summary>The tables of which a token reads a row and no more: an embedding that is not the output layer as well, and those of <see cref="LayerInputs"/>.</summary>
    internal IReadOnlyList<TensorView> ReadByRows { get; }

    /// <summary>Bytes of weights that are read only when a token chooses them.</summary>
    internal long ExpertBytes => _layers.Sum(layer => layer.Experts?.ExpertBytes ?? 0);

    /// <summary>Bytes that a step of one token of each of so many sequences reads.</summary>
    internal double BytesPerStep(int sequences) => BytesPerToken + _layers.Sum(layer => layer.Experts is { } experts ? experts.BytesPerStep(sequences) - experts.BytesPerToken : 0);

    /// <summary>Counts from the first call on how often each expert is chosen: for each layer, null for one that has none.</summary>
    internal IReadOnlyList<long[]?> CountExperts()
    {
        _countsExperts = true;
        return [.. _layers.Select(layer =>
        {
            layer.Experts?.Count();
            return layer.Experts?.Uses;
        })];
    }

    /// <summary>Weights of all linear layers but the output layer: what every token of a batch is multiplied with.</summary>
    internal long LinearWeights { get; }

    /// <summary>Sequences of more tokens turn their keys otherwise, the first ones too (<see cref="Rotary.Long"/>).</summary>
    internal int LongFrom { get; }

    /// <summary>
    /// Sees the stream of hidden states while <see cref="Forward"/> runs, inside a step: it must not use the model. Null, as almost always,
    /// costs nothing.
    /// </summary>
    internal HiddenStateObserver? Observer { get; set; }

    /// <summary>What a sequence keeps, with keys and values of <paramref name="type"/>, in steps of <paramref name="chunk"/> tokens at most.</summary>
    /// <exception cref="ModelException">A cache of that type takes scales from the checkpoint, and they are not right.</exception>
    internal StateLayout StateLayout(KvCacheType type, int chunk) => _cache.Layout(type, chunk, _cacheScales);

    /// <summary>The name of the attention of each layer that keeps keys and values, by which scales of the cache are stored.</summary>
    internal IReadOnlyList<string> AttentionNames => [.. _cacheScales.Where((_, layer) => _cache.Keeps(layer)).Select(scale => scale.Layer)];

    /// <summary>The narrowest window of a layer; null: all see everything.</summary>
    internal int? Window => _cache.Window;

    /// <summary>Where the keys and values of each layer that keeps its own are.</summary>
    internal IEnumerable<(int Kind, int Layer)> CachePlaces => _cache.Places.Where((_, layer) => _cache.Keeps(layer));

    /// <summary>Room for the final hidden states of so many rows. Whoever has some can ask for their logits after other batches, too.</summary>
    /// <exception cref="ModelException">The system has no more memory.</exception>
    internal Activations CreateStates(int rows) => _backend.CreateActivations(rows, _config.HiddenSize);

    /// <summary>Computes the final hidden state of every row of the batch and stores its keys and values.</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="cache">Where their sequences have a place.</param>
    /// <param name="states">Receives the final hidden states, made by <see cref="CreateStates"/>.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal void Forward(Batch batch, StateCache cache, Activations states, CancellationToken cancellationToken)
        => _backend.Forward(_pass, batch, cache, states, mayRepeat: Observer is null && !_countsExperts, cancellationToken);

    void Pass(Batch batch, StateCache cache, Activations states, CancellationToken cancellationToken)
    {
        int rows = batch.Count;
        _backend.Embed(_embedding, _embeddingScale, batch, _residual);
        _inputs?.Compute(batch, _residual);

        // What is not added yet: the next norm adds it in the same pass.
        Activations? delta = null;
        for (int i = 0; i < _layers.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Layer layer = _layers[i];
            if (layer.Mixer is { } mixer)
            {
                Activations seen = See(delta, layer.BeforeMixer, rows);
                mixer.Forward(seen, _delta, batch, cache);
                if (_isParallel)
                {
                    layer.FeedForward!.Forward(seen, _beside!, batch, cache);
                    _backend.AddScaled(_delta, _beside, layer.MixerScale, rows);
                }
                else if (layer.MixerBeside is { } second)
                {
                    second.Forward(seen, _beside!, batch, cache);
                    if (layer.BesideRatio != 1)
                    {
                        _backend.AddScaled(_beside!, null, layer.BesideRatio, rows);
                    }

                    _backend.AddScaled(_delta, _beside, layer.MixerScale, rows);
                }
                else
                {
                    Finish(layer.AfterMixer, layer.MixerScale, rows);
                }

                delta = _delta;
            }

            if (layer.FeedForward is { } feedForward && !_isParallel)
            {
                feedForward.Forward(See(delta, layer.BeforeFeedForward, rows), _delta, batch, cache);
                layer.Beside?.Forward(_residual, _delta, batch, cache);
                Finish(layer.AfterFeedForward, layer.FeedForwardScale, rows);
                delta = _delta;
            }

            if (layer.Input is not null)
            {
                _backend.AddScaled(_residual, _delta, 1, rows);
                layer.Input.Forward(_residual, _delta, rows);
            }

            if (layer.Scale is { } factor)
            {
                _backend.AddScaled(_residual, _delta, factor, rows);
                delta = null;
            }

            Observer?.Invoke(i, _residual, delta, rows);
        }

        _norm.Apply(_backend, _residual, delta, states, rows);
        Observer?.Invoke(_layers.Length, states, null, rows);
    }

    /// <summary>Adds what is not added yet to the stream, and gives what the next part sees: the stream normed, or as it is.</summary>
    Activations See(Activations? delta, StreamNorm? norm, int rows)
    {
        if (norm is not null)
        {
            norm.Apply(_backend, _residual, delta, _hidden, rows);
            return _hidden;
        }

        if (delta is not null)
        {
            _backend.AddScaled(_residual, delta, 1, rows);
        }

        return _residual;
    }

    /// <summary>What happens to what a part gives before it is added.</summary>
    void Finish(StreamNorm? norm, float scale, int rows)
    {
        norm?.Apply(_backend, _delta, null, _delta, rows);
        if (scale != 1)
        {
            _backend.AddScaled(_delta, null, scale, rows);
        }
    }

    /// <summary>destination [count, vocabulary] = the logits of rows [first, first + count) of final hidden states.</summary>
    internal void Logits(Activations states, int first, int count, Span<float> destination)
    {
        _backend.Logits(states, first, count, _head!, destination);
        _scaling.Apply(destination);
    }

    /// <summary>The same, to where tokens are drawn.</summary>
    internal void Logits(Activations states, int first, int count, LogitRows destination)
    {
        _backend.Logits(states, first, count, _head!, destination);
        if (!_scaling.IsIdentity)
        {
            _backend.Finish(destination, count, _scaling);
        }
    }

    /// <summary>The logits of one row, of the tokens that alone were wanted, in their order.</summary>
    internal void ChosenLogits(Activations states, int row, Span<float> destination)
    {
        for (int i = 0; i < _chosen.Length; i++)
        {
            _backend.Logits(states, row, 1, _chosen[i], destination.Slice(i, 1));
        }

        _scaling.Apply(destination[.._chosen.Length]);
    }

    public void Dispose() => _build.Dispose();

    Part CreateMixer(MixerSpec mixer, string at, (int Kind, int Layer) place) => mixer switch
    {
        AttentionSpec attention => new GroupedQueryAttention(attention, at, _config.HiddenSize, place, _build),
        LatentAttentionSpec latent => new LatentAttention(latent, at, _config.HiddenSize, place, _build),
        GatedDeltaSpec delta => new GatedDeltaNet(delta.Shape, at, _config.HiddenSize, place.Layer, _build),
        KimiDeltaSpec delta => new KimiDeltaAttention(delta, at, _config.HiddenSize, place.Layer, _build),
        StateSpaceSpec space => new Mamba2(space, at, _config.HiddenSize, place.Layer, _build),
        ShortConvolutionSpec convolution => new ShortConvolution(convolution, at, _config.HiddenSize, place.Layer, _build),
        _ => throw new InvalidOperationException($"no mixer is made of {mixer.GetType().Name}"),
    };

    static void SkipUnused(ModelConfig config, DecoderSpec spec, string root, WeightLedger weights)
    {
        foreach (IGrouping<string, string> group in Unused(spec, root).GroupBy(part => part.Reason, part => part.Beginning))
        {
            (string Beginning, int Tensors)[] found = [.. group.Select(beginning => (beginning, weights.SkipUnder(beginning, group.Key))).Where(part => part.Item2 > 0)];
            if (found.Length > 0)
            {
                string more = found.Length == 1 ? "" : $" and {found.Length - 1} more beginnings";
                weights.Note($"{found.Sum(part => part.Tensors)} tensors {found[0].Beginning}*{more} are left: {group.Key}");
            }
        }

        const string NoText = "a part of the model that does not read text";
        (string Name, int Tensors)[] others = [.. config.OtherParts.Select(part => (Name: part.TrimEnd('.'), Tensors: weights.SkipUnder(part, NoText))).Where(part => part.Tensors > 0)];
        if (others.Length > 0)
        {
            weights.Note($"{others.Sum(part => part.Tensors)} tensors belong to parts that do not read text ({string.Join(", ", others.Select(part => part.Name))}) and are left: only the text model runs");
        }
    }

    static IEnumerable<(string Beginning, string Reason)> Unused(DecoderSpec spec, string root)
        => [.. spec.Unused.Select(part => (root + part.Beginning, part.Reason)), .. spec.UnusedBeside];

    sealed record Layer(StreamNorm? BeforeMixer, Part? Mixer, StreamNorm? AfterMixer, StreamNorm? BeforeFeedForward, Part? FeedForward, StreamNorm? AfterFeedForward)
    {
        /// <summary>A second mixer, which sees what the first sees; null: none.</summary>
        internal Part? MixerBeside { get; init; }

        /// <summary>What the mixers' sum is multiplied with before it is added, and what the second one's share of it is first.</summary>
        internal float MixerScale { get; init; }

        internal float BesideRatio { get; init; }

        /// <summary>What the feed-forward part's is multiplied with.</summary>
        internal float FeedForwardScale { get; init; }

        /// <summary>A mixture beside the feed-forward part; null: none.</summary>
        internal ExpertsBeside? Beside { get; init; }

        /// <summary>What adds the layer's own input; null: it has none.</summary>
        internal LayerInputs.Gate? Input { get; init; }

        /// <summary>What the stream is multiplied with behind the layer; null: nothing.</summary>
        internal float? Scale { get; init; }

        internal MixtureOfExperts? Experts => Beside?.Experts ?? FeedForward as MixtureOfExperts;

        internal long LinearWeights => (Mixer?.LinearWeights ?? 0) + (MixerBeside?.LinearWeights ?? 0) + (FeedForward?.LinearWeights ?? 0) + (Beside?.Experts.LinearWeights ?? 0) + (Input?.LinearWeights ?? 0);

        internal long BytesPerToken => (Mixer?.BytesPerToken ?? 0) + (MixerBeside?.BytesPerToken ?? 0) + (FeedForward?.BytesPerToken ?? 0) + (Beside is { } beside ? beside.Experts.BytesPerToken + beside.NormBytes : 0) + (Input?.BytesPerToken ?? 0)
            + new[] { BeforeMixer, AfterMixer, BeforeFeedForward, AfterFeedForward }.Sum(norm => norm?.Weight.Bytes ?? 0);
    }
}
