using Octet.Backends;

namespace Octet.Generation;

/// <summary>The draw where a device has found the best tokens, and what all of them weigh.</summary>
sealed partial class Candidates
{
    /// <summary>How many of the best tokens tell the draw's, as a rule; null: only the whole row does.</summary>
    /// <param name="settings">What the generation goes by; a temperature.</param>
    /// <param name="columns">The tokens there are.</param>
    internal static int? FewestOf(GenerationSettings settings, int columns)
        => Selects(settings, columns) ? settings.TopK <= LogitRows.MostBest ? settings.TopK : null
        : IsPlain(settings, columns) ? 1
        : settings.TopP < 1 || settings.MinP > 0 ? Math.Min(LogitRows.MostBest, columns)
        : null;

    /// <summary>Whether any token may be drawn, by its probability alone.</summary>
    internal static bool IsPlain(GenerationSettings settings, int columns)
        => !Selects(settings, columns) && settings.TopP >= 1 && settings.MinP <= 0 && settings.TypicalP >= 1;

    /// <summary>Whether top-k takes some of the tokens: what all weigh does not matter then.</summary>
    internal static bool Selects(GenerationSettings settings, int columns) => settings.TopK > 0 && settings.TopK < columns;

    /// <summary>Filters and draws.</summary>
    /// <param name="best">The best tokens, best first.</param>
    /// <param name="columns">How many there are in all.</param>
    /// <param name="total">The sum of the weights of all; where top-k selects it is not looked at.</param>
    /// <param name="random">Uniform, from 0, below 1.</param>
    /// <returns>Null where it hinges on tokens that are not among the best.</returns>
    internal int? Draw(ReadOnlySpan<TokenLogit> best, int columns, double total, double random)
    {
        bool selects = Selects(_settings, columns);
        Fill(best[..(selects ? Math.Min(_settings.TopK, best.Length) : best.Length)]);

        // Those of weight 0 are left out, and all behind them weigh no more.
        bool areAll = _count < best.Length || best.Length == columns || (selects && best.Length >= _settings.TopK);
        total = areAll ? Total() : total;
        if (_topP < 1)
        {
            areAll |= KeepTopP(total);
        }

        if (_minP > 0)
        {
            areAll |= _weights[_count - 1] < _minP;
            KeepMinP();
        }

        if (!areAll)
        {
            return null;
        }

        if (!selects && _topP >= 1)
        {
            SortById();
        }

        if (_typicalP < 1)
        {
            KeepTypical();
        }

        return Draw(random);
    }

    void Fill(ReadOnlySpan<TokenLogit> best)
    {
        for (int i = 0; i < best.Length; i++)
        {
            _ids[i] = best[i].Id;
            _offsets[i] = (best[i].Logit - (double)best[0].Logit) / _temperature;
        }

        _count = best.Length;
        Weigh();
    }

    // A few, nearly in order as a rule.
    void SortById()
    {
        for (int i = 1; i < _count; i++)
        {
            (int id, double offset, double weight) = (_ids[i], _offsets[i], _weights[i]);
            int at = i;
            for (; at > 0 && _ids[at - 1] > id; at--)
            {
                Move(at - 1, at);
            }

            (_ids[at], _offsets[at], _weights[at]) = (id, offset, weight);
        }
    }
}
