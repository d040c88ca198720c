using System.Text;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Server.Http;

/// <summary>What the answer to a request is that an exception ended.</summary>
static class Refusal
{
    static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    /// <summary>The refusal that an exception is; null: it is a fault of the server, of which the caller learns no more than that.</summary>
    internal static ApiException? Of(Exception error) => error switch
    {
        ApiException known => known,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new ApiException(StatusCodes.Status413PayloadTooLarge, "the request's body is longer than this server takes"),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, bad.Message, innerException: bad),
        ModelException { Error: ModelError.InvalidInput } model => new ApiException(
            StatusCodes.Status400BadRequest, Told(model), null, model.Message.Contains("context", StringComparison.Ordinal) ? ApiException.ContextLength : null, model),
        ModelException { Error: ModelError.Unsupported } model => new ApiException(StatusCodes.Status400BadRequest, Told(model), innerException: model),
        ModelException { Error: ModelError.Busy } model => new ApiException(StatusCodes.Status429TooManyRequests, model.Message, null, "overloaded", model) { RetryAfter = model.RetryAfter ?? s_retry },
        ModelException { Error: ModelError.Full } model => new ApiException(StatusCodes.Status503ServiceUnavailable, model.Message, null, "overloaded", model) { RetryAfter = s_retry },
        ConstraintException constraint => new ApiException(StatusCodes.Status400BadRequest, constraint.Message, innerException: constraint),
        ChatTemplateException template => new ApiException(StatusCodes.Status400BadRequest, $"the model's chat template refuses the conversation: {WithoutFolders(template.Message, template.TemplateName)}", "messages", innerException: template),
        ArgumentException { ParamName: { Length: > 0 } name } argument when FieldNames.IsOption(name) => new ApiException(
            StatusCodes.Status400BadRequest, FieldNames.Translate(argument.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)), FieldNames.Of(name), innerException: argument),
        ObjectDisposedException => new ApiException(StatusCodes.Status503ServiceUnavailable, "the server is stopping", null, "stopping", error) { RetryAfter = s_retry },
        _ => null,
    };

    static string Told(ModelException model) => WithoutFolders(FieldNames.Translate(model.Message), model.Path);

    /// <summary>Where the server keeps its files is not for its clients: the last name of a path is enough to tell which is meant.</summary>
    static string WithoutFolders(string message, string? path)
        => path is { Length: > 0 } && Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } name ? message.Replace(path, name, StringComparison.Ordinal) : message;
}
