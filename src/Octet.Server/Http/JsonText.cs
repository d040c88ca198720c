using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Server.Http;

/// <summary>How JSON is written here: characters as they are, not the web's escapes.</summary>
static class JsonText
{
    // Enough for what JsonDocument reads, and an envelope around it.
    const int MaxDepth = 128;

    internal static JsonWriterOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    /// <summary>A text, or null where there is none.</summary>
    internal static void WriteText(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>JSON that is there already, or null.</summary>
    internal static void WriteNode(this Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonNode? value)
    {
        json.WritePropertyName(name);
        if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            value.WriteTo(json);
        }
    }

    /// <summary>The bytes of what is written.</summary>
    internal static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal static string Text(JsonNode node) => Encoding.UTF8.GetString(Bytes(json => node.WriteTo(json)));
}
