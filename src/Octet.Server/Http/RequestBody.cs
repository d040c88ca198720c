using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;

namespace Octet.Server.Http;

/// <summary>The JSON object that a request brings, read whole and refused where it is none.</summary>
static class RequestBody
{
    internal static JsonDocumentOptions Reading { get; } = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">How long it may be.</param>
    /// <param name="share">What is held of it.</param>
    /// <exception cref="ApiException">It is too long, no JSON, no object, or not said to be JSON: 400, 413 or 415; with others it is too much: 429.</exception>
    internal static async Task<JsonDocument> ReadAsync(HttpContext context, long maxBytes, BodyBytes.Share share)
    {
        RequireJson(context.Request);
        RequirePlain(context.Request);
        byte[] bytes = await ReadBytesAsync(context, maxBytes, share);

        // Some clients mark what they write as UTF-8; JSON's grammar knows no such mark.
        bytes = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes["\uFEFF"u8.Length..] : bytes;
        if (bytes.Length == 0)
        {
            throw Bad("the request has no body; expected a JSON object");
        }

        RequireUtf8(bytes);
        try
        {
            var document = JsonDocument.Parse(bytes, Reading);
            RequireWholeCharacters(bytes);
            return document;
        }
        catch (JsonException error)
        {
            throw Bad($"the request's body is not JSON that can be used: {Sentence(error.Message)}", error);
        }
        catch (InvalidOperationException error)
        {
            throw Bad("the request's body holds half of a surrogate pair in a name; expected whole Unicode characters", error);
        }
    }

    /// <summary>A page of a stranger can send a form or plain text without asking, but not this: so it is asked for.</summary>
    static void RequireJson(HttpRequest request)
    {
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            && (string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase) || type.MediaType?.EndsWith("+json", StringComparison.OrdinalIgnoreCase) == true)
            && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        string found = request.ContentType is { Length: > 0 } given ? $"'{given}'" : "missing";
        throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"the Content-Type is {found}; expected application/json in UTF-8");
    }

    /// <summary>A few packed bytes can be the size of a disk: nothing is unpacked.</summary>
    static void RequirePlain(HttpRequest request)
    {
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"the Content-Encoding is '{encoding}'; expected none: the body as it is");
        }
    }

    static async Task<byte[]> ReadBytesAsync(HttpContext context, long maxBytes, BodyBytes.Share share)
    {
        if (context.Request.ContentLength > maxBytes)
        {
            throw TooLong(context, maxBytes);
        }

        // The server's own limit may be lower, and ends the connection before the refusal is read.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        PipeReader body = context.Request.BodyReader;
        while (true)
        {
            ReadResult read = await body.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > maxBytes)
            {
                body.AdvanceTo(read.Buffer.End);
                throw TooLong(context, maxBytes);
            }

            share.Hold(context, read.Buffer.Length);
            if (read.IsCompleted)
            {
                byte[] bytes = read.Buffer.ToArray();
                body.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    static void RequireUtf8(byte[] bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return;
        }

        ReadOnlySpan<byte> rest = bytes;
        while (System.Text.Rune.DecodeFromUtf8(rest, out _, out int consumed) == OperationStatus.Done)
        {
            rest = rest[consumed..];
        }

        throw Bad(string.Create(CultureInfo.InvariantCulture, $"the request's body is not UTF-8 at byte {bytes.Length - rest.Length}"));
    }

    /// <summary>Escapes can write half of a character, which no text may be.</summary>
    static void RequireWholeCharacters(byte[] bytes)
    {
        if (bytes.AsSpan().IndexOf("\\ud"u8) < 0 && bytes.AsSpan().IndexOf("\\uD"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(bytes);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
            {
                try
                {
                    _ = reader.GetString();
                }
                catch (InvalidOperationException error)
                {
                    throw Bad(string.Create(CultureInfo.InvariantCulture, $"the request's body holds half of a surrogate pair in the text at byte {reader.TokenStartIndex}; expected whole Unicode characters"), error);
                }
            }
        }
    }

    static string Sentence(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');

    static ApiException Bad(string message, Exception? cause = null) => new(StatusCodes.Status400BadRequest, message, innerException: cause);

    /// <summary>What is still coming is not wanted.</summary>
    internal static void Close(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    static ApiException TooLong(HttpContext context, long maxBytes)
    {
        Close(context);
        return new ApiException(
            StatusCodes.Status413PayloadTooLarge, string.Create(CultureInfo.InvariantCulture, $"the request's body is longer than {maxBytes} bytes, the most that this server takes"));
    }
}
