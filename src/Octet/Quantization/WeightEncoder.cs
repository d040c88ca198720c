using Octet.Safetensors;

namespace Octet.Quantization;

/// <summary>
/// Turns one weight matrix into the tensors of a scheme, a band of rows at a time. Bands come in any order and from several threads;
/// where a scale depends on the whole matrix, all bands come before for a survey, once or twice.
/// </summary>
/// <param name="module">The layer's name.</param>
/// <param name="rows">Outputs.</param>
/// <param name="columns">Inputs.</param>
abstract class WeightEncoder(string module, long rows, int columns)
{
    internal string Module => module;

    internal long Rows => rows;

    internal int Columns => columns;

    /// <summary>What is written for the matrix.</summary>
    internal abstract IReadOnlyList<TensorSource> Tensors { get; }

    /// <summary>Whether what is written is no codes but the weights in a wide type.</summary>
    internal virtual bool IsWide => false;

    /// <summary>A band's first row is a multiple of this: rows that share a scale are not parted.</summary>
    internal virtual int RowStep => 1;

    /// <summary>How many times the whole matrix is surveyed.</summary>
    internal virtual int Surveys => 0;

    /// <summary>Encoders with the same key are surveyed together, before any of them encodes.</summary>
    internal virtual object SurveyKey => this;

    /// <summary>After the surveys: why the matrix cannot be encoded; null: it can.</summary>
    internal virtual string? Refusal => null;

    internal virtual void Survey(int pass, ReadOnlySpan<float> values)
    {
    }

    /// <summary>Writes what belongs to a band.</summary>
    /// <param name="firstRow">Its first row.</param>
    /// <param name="values">Its weights, whole rows, finite.</param>
    /// <param name="decoded">Receives what the codes and scales stand for.</param>
    /// <param name="output">Where to.</param>
    internal abstract void Encode(long firstRow, ReadOnlySpan<float> values, Span<float> decoded, PieceLog output);
}
