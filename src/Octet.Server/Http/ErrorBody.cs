using System.Text.Json;

namespace Octet.Server.Http;

/// <summary>The body of a refused request, as the clients of its API read it.</summary>
static class ErrorBody
{
    /// <summary>Writes OpenAI's <c>{"error":{...}}</c>, or Anthropic's <c>{"type":"error","error":{...}}</c>.</summary>
    internal static void Write(Utf8JsonWriter json, ApiStyle style, ApiException error, string requestId)
    {
        json.WriteStartObject();
        if (style == ApiStyle.Anthropic)
        {
            json.WriteString("type"u8, "error"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("type"u8, AnthropicType(error.Status));
            json.WriteString("message"u8, AnthropicMessage(error));
            json.WriteEndObject();
            json.WriteString("request_id"u8, requestId);
        }
        else
        {
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, error.Message);
            json.WriteString("type"u8, OpenAIType(error.Status));
            json.WriteText("param"u8, error.Param);
            json.WriteText("code"u8, error.Code);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    // Agents know by these words that they have to shorten the conversation; OpenAI's have the code for it.
    static string AnthropicMessage(ApiException error)
        => error.Param is { } field ? $"{field}: {error.Message}" : error.Code == ApiException.ContextLength ? $"prompt is too long: {error.Message}" : error.Message;

    internal static string OpenAIType(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    static string AnthropicType(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
