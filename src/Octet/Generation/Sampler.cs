using System.Globalization;
using System.Security.Cryptography;
using Octet.Constraints;

namespace Octet.Generation;

/// <summary>
/// Draws the next token from a model's logits, for one sequence. Where its time to think is over, what ends that. Else in order: logit bias; biases and bans of sequences; the constraint of the output;
/// allowed and banned tokens; stop tokens held off until the minimum length; repetition, presence and frequency penalty; the growing bias of end tokens;
/// temperature; top-k; top-p; min-p; typical-p; the draw from what is left, renormalised. That is the order of Hugging Face Transformers (<c>generation/utils.py</c>, processors, then warpers), where each
/// filter sees the distribution that the one before it left. Nothing is allocated after the first draw.
/// </summary>
sealed partial class Sampler
{
    readonly GenerationSettings _settings;
    readonly int _tokenizerSize;
    readonly TokenHistory? _history;
    readonly SequenceRules? _sequences;
    readonly ConstraintState? _constraint;
    readonly ReasoningBudget? _reasoning;
    readonly int[] _ends;
    readonly float[] _endScores;
    readonly float[] _allowedScores;
    readonly bool _adjusts;
    Candidates? _candidates;
    Xoshiro256 _random;
    int _step;

    /// <param name="settings">What the generation goes by.</param>
    /// <param name="tokenizerSize">The number of ids the tokenizer has: ids from here on are rows of padding and are never drawn.</param>
    internal Sampler(GenerationSettings settings, int tokenizerSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenizerSize);
        _settings = settings;
        _tokenizerSize = tokenizerSize;
        bool penalises = settings.RepetitionPenalty != 1 || settings.PresencePenalty != 0 || settings.FrequencyPenalty != 0;
        _history = penalises ? new TokenHistory(tokenizerSize) : null;
        _sequences = settings.NoRepeatNgramSize > 0 || settings.SequenceBias.Length > 0 ? new SequenceRules(settings) : null;
        _allowedScores = settings.AllowedTokenIds is { } allowed ? new float[allowed.Length] : [];
        _constraint = settings.Constraint is { } constraint ? new ConstraintState(constraint) : null;
        _reasoning = settings.ReasoningLimit?.Begin();
        _ends = _constraint is null ? [] : [.. settings.StopTokenIds.Union(settings.EndTokenIds)];
        _endScores = new float[_ends.Length];
        _adjusts = penalises || _constraint is not null || _reasoning is not null || _sequences is not null || settings.ExponentialDecay is not null || settings.LogitBias.Length > 0
            || settings.AllowedTokenIds is not null || settings.BannedTokenIds.Length > 0 || settings.BannedFirstTokenIds.Length > 0 || settings.MinTokens > 0;

        // What is drawn is told in JSON, where a number is a double.
        Seed = settings.Seed ?? BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & ((1L << 53) - 1);
        _random = new Xoshiro256(Seed);
    }

    /// <summary>The seed in use: the caller's, or the one chosen instead.</summary>
    internal long Seed { get; }

    /// <summary>Whether the constraint of the output is satisfied and nothing may follow: the generation is to end, and nothing can be drawn.</summary>
    internal bool IsComplete => _constraint is { IsComplete: true };

    /// <inheritdoc cref="ConstraintState.FindMask"/>
    internal Task? FindMask(long work) => _constraint?.FindMask(work);

    /// <summary>
    /// Tokens that come next whatever the model says, because its time to think is over, or the constraint of the output leaves no other: they can be
    /// taken without their logits. Empty where there are none, or where another rule could object.
    /// </summary>
    internal int[] ForcedTokens()
    {
        if (EndOfReasoning is { } end)
        {
            return [end];
        }

        if (_constraint is null || _sequences is not null || _settings.AllowedTokenIds is not null || _settings.BannedTokenIds.Length > 0 || _settings.BannedFirstTokenIds.Length > 0)
        {
            return [];
        }

        int[] forced = _constraint.ForcedTokens();
        int unfit = Array.FindIndex(forced, token => token >= _tokenizerSize || _ends.AsSpan().Contains(token));
        return unfit < 0 ? forced : forced[..unfit];
    }

    /// <summary>The token that is due because the model has thought as long as it may.</summary>
    int? EndOfReasoning => _reasoning?.Forced is { } token && token < _tokenizerSize ? token : null;

    /// <summary>
    /// Tells the tokens in front of the output; the repetition penalty counts them, the rules of sequences look at them, and the constraint of the
    /// output sees whether they open the model's reasoning.
    /// </summary>
    internal void AddPrompt(ReadOnlySpan<int> tokens)
    {
        _reasoning?.Begin(tokens);
        _constraint?.Begin(tokens, mayThink: _settings.Reasoning != ReasoningMode.Keep);
        _sequences?.Add(tokens);
        if (_history is not null)
        {
            foreach (int token in tokens)
            {
                _history.Add(token, isOutput: false);
            }
        }
    }

    /// <summary>Tells that a token, drawn here or not, has become part of the output.</summary>
    internal void Accept(int token)
    {
        _step++;
        _reasoning?.Accept(token);
        _constraint?.Accept(token);
        _sequences?.Add(token);
        _history?.Add(token, isOutput: true);
    }

    /// <summary>Draws one token.</summary>
    /// <param name="logits">One value per row of the output layer; overwritten. Minus infinity is allowed: never drawn.</param>
    /// <exception cref="ModelException">The logits hold NaN or infinity, or nothing that may be drawn.</exception>
    internal int Sample(Span<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfZero(logits.Length);
        if (EndOfReasoning is { } end)
        {
            return end;
        }

        Span<float> scores = logits[..Math.Min(logits.Length, _tokenizerSize)];
        float maximum = LogitScan.Maximum(scores);
        if (float.IsNaN(maximum) || float.IsPositiveInfinity(maximum))
        {
            throw NotFinite(scores);
        }

        if (_adjusts && !float.IsNegativeInfinity(maximum))
        {
            Adjust(scores);
            maximum = LogitScan.Maximum(scores);
            if (float.IsNegativeInfinity(maximum))
            {
                throw NothingLeft();
            }
        }

        if (float.IsNegativeInfinity(maximum))
        {
            throw new ModelException(ModelError.Damaged, string.Create(
                CultureInfo.InvariantCulture,
                $"the model gave every token that may be drawn the logit -infinity at step {_step}; expected at least one finite logit"));
        }

        if (_settings.Temperature <= 0)
        {
            return LogitScan.IndexOf(scores, maximum);
        }

        _candidates ??= new Candidates(_settings, _tokenizerSize);
        return _candidates.Draw(scores, maximum, _random.NextDouble());
    }

    void Adjust(Span<float> scores)
    {
        foreach ((int id, float bias) in _settings.LogitBias)
        {
            if (id < scores.Length)
            {
                scores[id] += bias;
            }
        }

        _sequences?.Apply(scores);
        Constrain(scores);
        KeepAllowed(scores);
        Suppress(scores, _settings.BannedTokenIds);
        Suppress(scores, _reasoning is null ? default : _reasoning.Banned);
        if (_step == 0)
        {
            Suppress(scores, _settings.BannedFirstTokenIds);
        }

        if (_step < _settings.MinTokens)
        {
            Suppress(scores, _settings.StopTokenIds);
        }

        _history?.Penalise(scores, _settings.RepetitionPenalty, _settings.PresencePenalty, _settings.FrequencyPenalty);
        if (_settings.ExponentialDecay is { } decay && _step > decay.StartIndex)
        {
            FavourEnd(scores, Math.Pow(decay.DecayFactor, _step - decay.StartIndex) - 1);
        }
    }

    /// <summary>Adds |score| * <paramref name="share"/> to the score of every end token that may be drawn.</summary>
    void FavourEnd(Span<float> scores, double share)
    {
        foreach (int id in _settings.EndTokenIds)
        {
            // A factor grows beyond all numbers; the score must not, and 0 stays 0.
            if (id < scores.Length && float.IsFinite(scores[id]) && scores[id] != 0)
            {
                scores[id] = (float)Math.Clamp(scores[id] + Math.Abs((double)scores[id]) * share, float.MinValue, float.MaxValue);
            }
        }
    }

    /// <summary>Keeps the tokens that the constraint allows, and those that end the text where it is complete.</summary>
    void Constrain(Span<float> scores)
    {
        if (_constraint is null)
        {
            return;
        }

        bool mayEnd = _constraint.Accepts;
        for (int i = 0; i < _ends.Length; i++)
        {
            _endScores[i] = mayEnd && _ends[i] < scores.Length ? scores[_ends[i]] : float.NegativeInfinity;
        }

        TokenMask.Apply(_constraint.Mask, scores);
        for (int i = 0; i < _ends.Length; i++)
        {
            if (_ends[i] < scores.Length)
            {
                scores[_ends[i]] = _endScores[i];
            }
        }
    }

    void KeepAllowed(Span<float> scores)
    {
        if (_settings.AllowedTokenIds is not { } allowed)
        {
            return;
        }

        for (int i = 0; i < allowed.Length; i++)
        {
            _allowedScores[i] = allowed[i] < scores.Length ? scores[allowed[i]] : float.NegativeInfinity;
        }

        scores.Fill(float.NegativeInfinity);
        for (int i = 0; i < allowed.Length; i++)
        {
            if (allowed[i] < scores.Length)
            {
                scores[allowed[i]] = _allowedScores[i];
            }
        }
    }

    static void Suppress(Span<float> scores, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if (id < scores.Length)
            {
                scores[id] = float.NegativeInfinity;
            }
        }
    }

    ModelException NothingLeft()
    {
        // The names of the options, though the model's file may have set some of them.
        (string Name, bool Bans)[] rules =
        [
            (nameof(GenerationOptions.Constraint), _constraint is not null),
            (nameof(GenerationOptions.AllowedTokenIds), _settings.AllowedTokenIds is not null),
            (nameof(GenerationOptions.BannedTokenIds), _settings.BannedTokenIds.Length > 0),
            (nameof(GenerationOptions.BannedFirstTokenIds), _step == 0 && _settings.BannedFirstTokenIds.Length > 0),
            (nameof(GenerationOptions.BannedSequences), _settings.SequenceBias.Any(entry => float.IsNegativeInfinity(entry.Bias))),
            (nameof(GenerationOptions.NoRepeatNgramSize), _settings.NoRepeatNgramSize > 0),
            (nameof(GenerationOptions.MinTokens), _step < _settings.MinTokens && _settings.StopTokenIds.Length > 0),
        ];
        return new ModelException(ModelError.InvalidInput, string.Create(
            CultureInfo.InvariantCulture,
            $"the rules of the generation leave no token that could be drawn at step {_step} (0 is the first generated token): {string.Join(", ", rules.Where(rule => rule.Bans).Select(rule => rule.Name))}; expected at least one that none of them bans"));
    }

    ModelException NotFinite(ReadOnlySpan<float> scores)
    {
        int id = 0;
        while (!float.IsNaN(scores[id]) && !float.IsPositiveInfinity(scores[id]))
        {
            id++;
        }

        string found = float.IsNaN(scores[id]) ? "NaN" : "infinity";
        return new ModelException(ModelError.Damaged, string.Create(
            CultureInfo.InvariantCulture,
            $"the model produced {found} at step {_step} (0 is the first generated token), first for token {id}; expected finite logits: a weight or scale of the checkpoint is likely damaged"));
    }
}
