using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using Octet.Numerics;
using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>E4M3 codes with one scale for the matrix: surveyed for the largest magnitude, and for a search once more for the errors of the candidates.</summary>
/// <typeparam name="TScale">The scale.</typeparam>
sealed class TensorEncoder<TScale> : WeightEncoder
    where TScale : unmanaged, IBinaryFloatingPointIeee754<TScale>, IMinMaxValue<TScale>
{
    readonly LargestMagnitude _largest = new();
    readonly ScaleRule _rule;
    readonly bool _search;
    readonly TensorSource _codes;
    readonly TensorSource _scale;
    readonly Lazy<TScale[]> _candidates;
    readonly Lazy<double[]> _errors;

    internal TensorEncoder(string module, long rows, int columns, SchemeTensors names, ScaleRule rule, bool search)
        : base(module, rows, columns)
    {
        _rule = rule;
        _search = search;
        _codes = CodeBytes.Declare<Float8E4M3FN>(module + names.Codes, rows, columns);
        _scale = new TensorSource(module + names.Scale, names.ScaleType, [1]);
        _candidates = new(() => _largest.Value > 0 ? ScaleSearch.Candidates<Float8E4M3FN, TScale>(_largest.Value, _rule) : [TScale.One]);
        _errors = new(() => new double[_candidates.Value.Length]);
    }

    internal override IReadOnlyList<TensorSource> Tensors => [_codes, _scale];

    internal override int Surveys => _search ? 2 : 1;

    TScale Scale => _candidates.Value[_search ? Array.IndexOf(_errors.Value, _errors.Value.Min()) : 0];

    internal override void Survey(int pass, ReadOnlySpan<float> values)
    {
        if (pass == 0)
        {
            _largest.Add(values);
            return;
        }

        for (int i = 0; i < _candidates.Value.Length; i++)
        {
            double error = ScaleSearch.SquaredError<Float8E4M3FN>(values, float.CreateTruncating(_candidates.Value[i]));
            lock (_errors)
            {
                _errors.Value[i] += error;
            }
        }
    }

    internal override void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output)
    {
        TScale[] scale = [Scale];
        var shape = BlockShape.PerTensor(values.Length / Columns, Columns);
        Float8E4M3FN[] buffer = ArrayPool<Float8E4M3FN>.Shared.Rent(values.Length);
        try
        {
            Span<Float8E4M3FN> codes = buffer.AsSpan(0, values.Length);
            BlockScaling.QuantizeWith<Float8E4M3FN, TScale>(values, scale, shape, codes);
            BlockScaling.Dequantize<Float8E4M3FN, TScale>(codes, scale, shape, decoded);
            CodeBytes.Write<Float8E4M3FN>(codes, firstRow * Columns, _codes, output);
            if (firstRow == 0)
            {
                output.Write(_scale.Name, 0, MemoryMarshal.AsBytes(scale.AsSpan()));
            }
        }
        finally
        {
            ArrayPool<Float8E4M3FN>.Shared.Return(buffer);
        }
    }
}
