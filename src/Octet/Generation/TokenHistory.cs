using Octet.Backends;

namespace Octet.Generation;

/// <summary>The tokens a sequence has so far, each once, and the penalties that follow from them.</summary>
sealed class TokenHistory(int tokenizerSize)
{
    readonly bool[] _isKnown = new bool[tokenizerSize];
    readonly int[] _outputCounts = new int[tokenizerSize];
    readonly int[] _known = new int[tokenizerSize];
    int _knownCount;

    /// <summary>Ids the tokenizer does not have, which a prompt of raw ids may hold, are left out: they are never drawn.</summary>
    internal void Add(int token, bool isOutput)
    {
        if ((uint)token >= (uint)_isKnown.Length)
        {
            return;
        }

        if (!_isKnown[token])
        {
            _isKnown[token] = true;
            _known[_knownCount++] = token;
        }

        if (isOutput)
        {
            _outputCounts[token]++;
        }
    }

    /// <summary>The tokens that <see cref="Penalise"/> looks at, for who does the same elsewhere; without a repetition penalty those of the output are all.</summary>
    internal void AddTo(List<TokenCount> seen, int columns, bool outputAlone)
    {
        foreach (int id in _known.AsSpan(0, _knownCount))
        {
            if (id < columns && (!outputAlone || _outputCounts[id] > 0))
            {
                seen.Add(new TokenCount(id, _outputCounts[id]));
            }
        }
    }

    /// <summary>
    /// Repetition penalty θ (CTRL, section 4.1, as Transformers' <c>RepetitionPenaltyLogitsProcessor</c> has it): once for every token of prompt
    /// and output, a positive score is divided by θ and a negative one multiplied. Then OpenAI's: minus presence, if the output has the
    /// token, and minus frequency times the number of its occurrences in the output.
    /// </summary>
    internal void Penalise(Span<float> scores, float repetition, float presence, float frequency)
    {
        foreach (int id in _known.AsSpan(0, _knownCount))
        {
            if (id >= scores.Length)
            {
                continue;
            }

            if (float.IsNegativeInfinity(scores[id]))
            {
                continue;
            }

            // A very small or very large penalty must not make infinity of a finite score.
            float score = Math.Clamp(scores[id] > 0 ? scores[id] / repetition : scores[id] * repetition, float.MinValue, float.MaxValue);
            int count = _outputCounts[id];
            scores[id] = count > 0 ? score - presence - frequency * count : score;
        }
    }
}
