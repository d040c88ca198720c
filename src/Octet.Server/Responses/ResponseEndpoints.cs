using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Responses;

/// <summary><c>/v1/responses</c> and what is below it.</summary>
static class ResponseEndpoints
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        ResponseRequest asked = ResponseRequest.Read(fields);
        ResponseStore store = request.Server.Responses;
        IReadOnlyList<ChatTurn> before = asked.PreviousId is not { } previous ? []
            : (store.Find(previous, request.Owner) ?? throw NotFound(previous, "previous_response_id")).Turns;
        List<ChatTurn> turns = ResponseInput.Read(fields, before);
        byte[] input = JsonText.Bytes(json => ResponseInput.Items(fields).WriteTo(json));
        using ModelLease lease = await request.Server.Models.AcquireAsync(asked.Model, ServedModelKind.Language, request.Aborted);
        AnswerSet answers = asked.Conversation(turns, lease.Language).Begin(request, lease);
        var writer = new ResponseWriter(asked, lease.Name, answers);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted);
        var running = new RunningResponse(writer.Id, request.Owner, JsonText.Bytes(json => writer.Write(json, "in_progress")), stop);
        using (store.Begin(running))
        using (running)
        {
            var making = new ResponseRun(request, answers, writer, running, stop.Token);
            byte[] last = await (asked.Stream ? making.StreamAsync() : making.WholeAsync());
            if (asked.Store)
            {
                store.Add(new StoredResponse(writer.Id, request.Owner, last, input, [.. turns, answers.Answers[0].Output.ToTurn()]));
            }

            running.End(last);
            if (!asked.Stream)
            {
                await request.WriteAsync(last);
            }
        }
    }

    internal static Task GetAsync(ApiRequest request)
    {
        string id = Id(request);
        return request.WriteAsync(request.Server.Responses.Find(id, request.Owner)?.Json ?? request.Server.Responses.FindRunning(id, request.Owner)?.Json ?? throw NotFound(id, null));
    }

    internal static Task DeleteAsync(ApiRequest request)
    {
        string id = Id(request);
        return !request.Server.Responses.Remove(id, request.Owner) ? throw NotFound(id, null) : request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("object"u8, "response.deleted"u8);
            json.WriteBoolean("deleted"u8, true);
            json.WriteEndObject();
        });
    }

    /// <summary>Ends a response that is being made; one that is finished stays as it is.</summary>
    internal static async Task CancelAsync(ApiRequest request)
    {
        string id = Id(request);
        if (request.Server.Responses.FindRunning(id, request.Owner) is { } running)
        {
            await running.CancelAsync();
            await request.WriteAsync(await running.Ended.WaitAsync(request.Aborted));
            return;
        }

        await request.WriteAsync((request.Server.Responses.Find(id, request.Owner) ?? throw NotFound(id, null)).Json);
    }

    internal static Task ListInputAsync(ApiRequest request)
    {
        string id = Id(request);
        StoredResponse stored = request.Server.Responses.Find(id, request.Owner) ?? throw NotFound(id, null);
        return request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WritePropertyName("data"u8);
            json.WriteRawValue(stored.Input, skipInputValidation: true);
            json.WriteBoolean("has_more"u8, false);
            json.WriteEndObject();
        });
    }

    static string Id(ApiRequest request) => (string)request.Context.Request.RouteValues["id"]!;

    static ApiException NotFound(string id, string? param)
        => new(StatusCodes.Status404NotFound, $"there is no response '{(id.Length <= 100 ? id : $"{id.AsSpan(0, 100)}...")}' here, or no more", param, "response_not_found");
}
