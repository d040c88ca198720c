using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>JSON as template values: integers exact, floats apart from integers, keys in order.</summary>
static class JsonValues
{
    /// <summary>What an entry of a dictionary takes, or reading a number.</summary>
    const int StepsPerScalar = 8;

    internal static object? Of(RenderState state, JsonNode? node, string what)
    {
        try
        {
            return Convert(state, node);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or JsonException or FormatException)
        {
            throw new ChatTemplateException(what, 0, "ValueError", $"the JSON is not usable: {error.Message}", error);
        }
    }

    static object? Convert(RenderState state, JsonNode? node)
    {
        state.Charge();
        switch (node)
        {
            case null:
                return null;
            case JsonArray array:
                state.Enter();
                state.ChargeElements(array.Count);
                List<object?> list = new(array.Count);
                foreach (JsonNode? item in array)
                {
                    list.Add(Convert(state, item));
                }

                state.Leave();
                return list;
            case JsonObject members:
                state.Enter();
                PythonDictionary dictionary = new();
                foreach ((string key, JsonNode? item) in members)
                {
                    state.Admit(key.Length);
                    state.Charge(StepsPerScalar);
                    state.Allocate(PythonDictionary.BytesPerEntry);
                    dictionary[key] = Convert(state, item);
                }

                state.Leave();
                return dictionary;
            default:
                state.Charge(node.GetValueKind() == JsonValueKind.Number ? StepsPerScalar : 0);
                object? scalar = Scalar((JsonValue)node);
                state.Admit(PythonType.TextLength(scalar));
                return scalar;
        }
    }

    static object? Scalar(JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                return value.GetValue<string>();
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.Null:
                return null;
        }

        // A double of whole value is written without a point, so its type must decide; a parsed number is decided by its text.
        if (!value.TryGetValue(out JsonElement _))
        {
            if (value.TryGetValue(out double real))
            {
                return real;
            }

            if (value.TryGetValue(out float single))
            {
                return (double)single;
            }
        }

        string text = value.ToJsonString();
        return text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
            ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
            : text.Length > 4300
                ? throw new FormatException("an integer has more than 4300 digits")
                : PythonType.FromBig(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }
}
