using Octet.Backends;

namespace Octet.Generation;

/// <summary>
/// Rows of logits that lie on a device: what the draw needs to know of one, and the draw from that. The token is the one that
/// the whole row gives; only a draw by temperature alone, and a cut of top-p, that the sum of all weights decides within 1e-6 of it, which is what a device knows it to, may be another.
/// </summary>
sealed partial class Sampler
{
    // Offsets beyond float32 come of lower ones.
    const float LowestTemperature = 1e-3f;

    Candidates? _few;
    ulong[]? _allowed;

    /// <summary>Whether the tokens in front of it, by more than the number of draws, decide what may come next.</summary>
    internal bool LooksBack => _history is not null || _sequences is not null || _constraint is not null || _reasoning is not null || _settings.ExponentialDecay is not null
        || _settings.MinTokens > 0 || _settings.BannedFirstTokenIds.Length > 0;

    /// <summary>Says what of a row of logits it needs to draw a token.</summary>
    /// <param name="choice">Nothing is asked of it yet.</param>
    /// <param name="width">Length of the row.</param>
    /// <param name="ahead">Tokens that are drawn in between; 0 where it <see cref="LooksBack"/>.</param>
    internal void Ask(RowChoice choice, int width, int ahead)
    {
        int columns = Math.Min(width, _tokenizerSize);
        bool draws = _settings.Temperature > 0;
        int? best = draws ? Candidates.FewestOf(_settings, columns) : 1;
        bool weighs = draws && !Candidates.Selects(_settings, columns);
        if (best is null || EndOfReasoning is not null || _sequences is { HasBiases: true } || (weighs && _settings.Temperature < LowestTemperature))
        {
            choice.IsWhole = true;
            return;
        }

        choice.Columns = columns;
        choice.Best = Math.Min(best.Value, columns);
        choice.Rate = weighs ? 1 / _settings.Temperature : 0;
        if (draws && Candidates.IsPlain(_settings, columns))
        {
            choice.Random = RandomAfter(ahead);
        }

        if (_constraint is not null)
        {
            (choice.Mask, choice.Ends, choice.MayEnd) = (_constraint.MaskBits, _ends, _constraint.Accepts);
        }

        choice.Allowed = _settings.AllowedTokenIds is { } allowed ? _allowed ??= Bits(allowed) : null;
        AskForEdits(choice.Edits, columns);
    }

    /// <summary>Draws one token from what was found of a row; false where that does not tell it, and the row itself is needed.</summary>
    internal bool TrySample(RowChoice found, out int token)
    {
        ReadOnlySpan<TokenLogit> best = found.BestTokens.AsSpan(0, found.Best);
        token = best[0].Id;
        if (!float.IsFinite(best[0].Logit))
        {
            // Which error that is the whole row tells.
            return false;
        }

        if (_settings.Temperature <= 0)
        {
            return true;
        }

        double random = RandomAfter(0);
        if (found.Random >= 0)
        {
            token = found.Drawn.Id;
        }
        else
        {
            _few ??= new Candidates(_settings, _tokenizerSize, LogitRows.MostBest);
            if (_few.Draw(best, found.Columns, found.Total, random) is not { } drawn)
            {
                return false;
            }

            token = drawn;
        }

        _random.NextDouble();
        return true;
    }

    /// <summary>The number that decides a draw to come.</summary>
    double RandomAfter(int draws)
    {
        Xoshiro256 random = _random;
        for (int i = 0; i < draws; i++)
        {
            random.NextDouble();
        }

        return random.NextDouble();
    }

    void AskForEdits(LogitEdits edits, int columns)
    {
        foreach ((int id, float bias) in _settings.LogitBias)
        {
            if (id < columns)
            {
                edits.Biases.Add(new TokenLogit(id, bias));
            }
        }

        if (_history is not null)
        {
            edits.Penalties = (_settings.RepetitionPenalty, _settings.PresencePenalty, _settings.FrequencyPenalty);
            _history.AddTo(edits.Seen, columns, outputAlone: _settings.RepetitionPenalty == 1);
        }

        if (_settings.ExponentialDecay is { } decay && _step > decay.StartIndex)
        {
            edits.EndShare = Math.Pow(decay.DecayFactor, _step - decay.StartIndex) - 1;
            AddBelow(edits.Ends, _settings.EndTokenIds, columns);
        }

        _sequences?.AddBans(edits.Banned, columns);
        AddBelow(edits.Banned, _settings.BannedTokenIds, columns);
        AddBelow(edits.Banned, _reasoning is null ? default : _reasoning.Banned, columns);
        AddBelow(edits.Banned, _step == 0 ? _settings.BannedFirstTokenIds : [], columns);
        AddBelow(edits.Banned, _step < _settings.MinTokens ? _settings.StopTokenIds : [], columns);
    }

    static void AddBelow(List<int> list, ReadOnlySpan<int> ids, int columns)
    {
        foreach (int id in ids)
        {
            if (id < columns)
            {
                list.Add(id);
            }
        }
    }

    static ulong[] Bits(int[] tokens)
    {
        ulong[] bits = new ulong[(tokens.Max() / 64) + 1];
        foreach (int token in tokens)
        {
            bits[token / 64] |= 1UL << token;
        }

        return bits;
    }
}
