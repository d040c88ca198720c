using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Octet.Tokenizers;

namespace Octet.Server.OpenAI;

/// <summary>The logarithms of the probabilities of a text's tokens, each behind those before it, with the likeliest ones beside it.</summary>
sealed class TextScores
{
    // Exponentials are summed in float32 by so many, and the sums in double.
    const int Stretch = 1024;

    readonly Tokenizer? _tokenizer;
    readonly int[] _ids;
    readonly int _first;
    readonly float?[] _scores;
    readonly (int Id, float Score)[]?[] _likeliest;

    TextScores(Tokenizer? tokenizer, int[] ids, int first)
    {
        _tokenizer = tokenizer;
        _ids = ids;
        _first = first;
        _scores = new float?[ids.Length];
        _likeliest = new (int, float)[]?[ids.Length];
    }

    /// <summary>Computes them in one pass over the text.</summary>
    /// <param name="model">By what.</param>
    /// <param name="ids">The whole text.</param>
    /// <param name="first">The first token that is told of.</param>
    /// <param name="alternatives">How many of the likeliest tokens are told at each place.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    internal static TextScores Compute(LanguageModel model, int[] ids, int first, int alternatives, CancellationToken cancellationToken)
    {
        var scores = new TextScores(model.Tokenizer, ids, first);
        if (ids.Length > 1)
        {
            model.Score(ids, (position, logits) => scores.Take(position + 1, logits, alternatives), cancellationToken);
        }

        return scores;
    }

    /// <summary>Writes them as OpenAI's API has them. The first token of a text has no probability: nothing is before it.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("tokens"u8);
        foreach (int id in _ids.AsSpan(_first))
        {
            json.WriteStringValue(Text(id));
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach (float? score in _scores.AsSpan(_first))
        {
            WriteNumber(json, score);
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        foreach ((int Id, float Score)[]? places in _likeliest.AsSpan(_first))
        {
            WriteLikeliest(json, places);
        }

        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        int offset = 0;
        foreach (int id in _ids.AsSpan(_first))
        {
            json.WriteNumberValue(offset);
            offset += Text(id).Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    void Take(int position, ReadOnlySpan<float> logits, int alternatives)
    {
        if (position >= _ids.Length || position < _first)
        {
            return;
        }

        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        Span<float> stretch = stackalloc float[Stretch];
        for (int at = 0; at < logits.Length; at += Stretch)
        {
            ReadOnlySpan<float> part = logits.Slice(at, Math.Min(Stretch, logits.Length - at));
            TensorPrimitives.Subtract(part, max, stretch);
            TensorPrimitives.Exp(stretch[..part.Length], stretch);
            sum += TensorPrimitives.Sum<float>(stretch[..part.Length]);
        }

        float logarithm = (float)(max + Math.Log(sum));
        int token = _ids[position];
        float score = logits[token] - logarithm;
        _scores[position] = score;
        List<int> likeliest = Likeliest(logits, alternatives);
        if (!likeliest.Contains(token))
        {
            likeliest.Add(token);
        }

        var places = new (int Id, float Score)[likeliest.Count];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (likeliest[i], logits[likeliest[i]] - logarithm);
        }

        _likeliest[position] = places;
    }

    /// <summary>The ids of the largest logits, the largest first.</summary>
    static List<int> Likeliest(ReadOnlySpan<float> logits, int count)
    {
        var ids = new List<int>(count + 1);
        for (int id = 0; id < logits.Length && count > 0; id++)
        {
            if (ids.Count == count && logits[id] <= logits[ids[^1]])
            {
                continue;
            }

            int at = ids.Count;
            while (at > 0 && logits[id] > logits[ids[at - 1]])
            {
                at--;
            }

            ids.Insert(at, id);
            if (ids.Count > count)
            {
                ids.RemoveAt(count);
            }
        }

        return ids;
    }

    void WriteLikeliest(Utf8JsonWriter json, (int Id, float Score)[]? places)
    {
        if (places is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int id, float score) in places)
        {
            // Different tokens may have the same text: the likelier one stands for it.
            string text = Text(id);
            if (written.Add(text))
            {
                json.WritePropertyName(text);
                WriteNumber(json, score);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>A token's text; where its bytes are no whole characters, those, as OpenAI's API writes them.</summary>
    string Text(int id)
    {
        if (_tokenizer is null)
        {
            return id.ToString(CultureInfo.InvariantCulture);
        }

        ReadOnlySpan<byte> bytes = _tokenizer.GetBytes(id);
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder("bytes:");
        foreach (byte value in bytes)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }

        return text.ToString();
    }

    static void WriteNumber(Utf8JsonWriter json, float? value)
    {
        // A banned token's logarithm is minus infinity, which JSON has no word for.
        const float Least = -9999;
        if (value is { } number)
        {
            json.WriteNumberValue(Math.Max(number, Least));
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
