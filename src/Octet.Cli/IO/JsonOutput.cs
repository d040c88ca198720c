using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Octet.Cli.IO;

/// <summary>JSON on the standard output, one line for each value; text stays readable UTF-8 instead of escapes.</summary>
static class JsonOutput
{
    static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly JsonWriterOptions s_indented = s_options with { Indented = true };

    internal static void WriteLine(JsonNode value)
    {
        Standard.Output.Write(Text(value, s_options));
        Standard.Output.Write('\n');
    }

    internal static string Indented(JsonNode value) => Text(value, s_indented);

    /// <summary>A number, or null where JSON has none: NaN and the infinities.</summary>
    internal static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    internal static JsonArray Array(IEnumerable<int> values) => new([.. values.Select(value => (JsonNode)JsonValue.Create(value))]);

    static string Text(JsonNode value, JsonWriterOptions options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            value.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
