using System.Numerics.Tensors;

namespace Octet.Embeddings;

/// <summary>What becomes of the states of a text's tokens: one vector, or those of several modes one behind the other.</summary>
/// <param name="Modes">At least one, in the order of the enumeration.</param>
/// <param name="IncludesPrompt">Whether a prompt's tokens count.</param>
sealed record Pooling(IReadOnlyList<PoolingMode> Modes, bool IncludesPrompt)
{
    /// <summary>Whether a mode has no token to count: all that a text has are its prompt's, which are left out.</summary>
    internal bool LeavesNothing(TokenText text)
        => !IncludesPrompt && text.PromptTokens > 0 && text.PromptTokens >= text.Ids.Length && Modes.Any(static mode => mode is not (PoolingMode.FirstToken or PoolingMode.LastToken));

    /// <summary>The states of one text, as they come.</summary>
    internal sealed class Text
    {
        readonly Pooling _pooling;
        readonly int _skipped;
        readonly float[] _first, _last, _sum, _weighted, _max, _row;
        int _tokens;
        double _weights;

        internal Text(Pooling pooling, int width, int promptTokens)
        {
            _pooling = pooling;
            _skipped = pooling.IncludesPrompt ? 0 : promptTokens;
            float[] If(params ReadOnlySpan<PoolingMode> modes)
            {
                foreach (PoolingMode mode in modes)
                {
                    if (pooling.Modes.Contains(mode))
                    {
                        return new float[width];
                    }
                }

                return [];
            }

            _row = new float[width];
            _first = If(PoolingMode.FirstToken);
            _last = If(PoolingMode.LastToken);
            _sum = If(PoolingMode.Mean, PoolingMode.MeanSqrtLength);
            _weighted = If(PoolingMode.WeightedMean);
            _max = If(PoolingMode.Max);
            _max.AsSpan().Fill(float.NegativeInfinity);
        }

        internal void Add(StepText part)
        {
            for (int i = 0; i < part.Count; i++)
            {
                int token = part.FirstToken + i;
                bool counts = token >= _skipped;
                bool isFirst = token == 0 && _first.Length > 0;
                bool isLast = part.IsLast && i == part.Count - 1 && _last.Length > 0;
                bool isSummed = counts && _sum.Length + _weighted.Length + _max.Length > 0;
                if (!isFirst && !isLast && !isSummed)
                {
                    continue;
                }

                part.States.CopyRow(part.FirstRow + i, _row);
                if (isFirst)
                {
                    _row.CopyTo(_first, 0);
                }

                if (isLast)
                {
                    _row.CopyTo(_last, 0);
                }

                if (isSummed)
                {
                    Count(token);
                }
            }
        }

        internal float[] Result()
        {
            var result = new float[_row.Length * _pooling.Modes.Count];
            for (int i = 0; i < _pooling.Modes.Count; i++)
            {
                Span<float> vector = result.AsSpan(i * _row.Length, _row.Length);
                switch (_pooling.Modes[i])
                {
                    case PoolingMode.FirstToken: _first.CopyTo(vector); break;
                    case PoolingMode.LastToken: _last.CopyTo(vector); break;
                    case PoolingMode.Max: _max.CopyTo(vector); break;
                    case PoolingMode.Mean: TensorPrimitives.Multiply(_sum, (float)(1.0 / Math.Max(1, _tokens)), vector); break;
                    case PoolingMode.MeanSqrtLength: TensorPrimitives.Multiply(_sum, (float)(1 / Math.Sqrt(Math.Max(1, _tokens))), vector); break;
                    default: TensorPrimitives.Multiply(_weighted, (float)(1 / Math.Max(1, _weights)), vector); break;
                }
            }

            return result;
        }

        void Count(int token)
        {
            _tokens++;
            _weights += token + 1;
            if (_sum.Length > 0)
            {
                TensorPrimitives.Add(_sum, _row, _sum);
            }

            if (_weighted.Length > 0)
            {
                TensorPrimitives.MultiplyAdd(_row, token + 1, _weighted, _weighted);
            }

            if (_max.Length > 0)
            {
                TensorPrimitives.Max(_max, _row, _max);
            }
        }
    }
}
