using System.Text.Json;
using Octet.Server.Http;

namespace Octet.Server.Answers;

/// <summary>Fields that the APIs have and this server does not follow: refused by name, since an answer that left them out would look like one that did not.</summary>
static class UnsupportedFields
{
    /// <param name="fields">Of the request.</param>
    /// <param name="names">The fields, with what is to be said of each.</param>
    /// <exception cref="ApiException">One is there and asks for something.</exception>
    internal static void Refuse(Fields fields, params ReadOnlySpan<(string Name, string Reason)> names)
    {
        foreach ((string name, string reason) in names)
        {
            if (fields.Get(name) is { } value && !IsOff(value))
            {
                throw ApiException.Unsupported(fields.At(name), $"{fields.At(name)} is not supported: {reason}");
            }
        }
    }

    /// <summary>What clients send where they want nothing.</summary>
    static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.ValueEquals(""u8),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().MoveNext(),
        _ => false,
    };
}
