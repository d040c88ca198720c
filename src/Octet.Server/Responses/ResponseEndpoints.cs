using System.Text.Json;
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
        List<ChatTurn> turns = ResponseInput.Read(fields, Before(request, asked));
        byte[] input = JsonText.Bytes(json => ResponseInput.Items(fields).WriteTo(json));
        ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(asked.Model, ServedModelKind.Language, request.Aborted);
        bool isKept = false;
        try
        {
            AnswerSet answers = asked.Conversation(turns, lease.Language).Begin(request, lease);
            var writer = new ResponseWriter(asked, lease, answers);
            if (asked.Background)
            {
                RunningResponse running = StartInBackground(request, lease, answers, writer, turns, input);
                isKept = true;
                await (asked.Stream ? FollowAsync(request, running.Events!, 0) : request.WriteAsync(running.Json));
                return;
            }

            await MakeAsync(request, asked, answers, writer, input, last => Kept(request, writer, answers, last, turns, input));
        }
        finally
        {
            if (!isKept)
            {
                lease.Dispose();
            }
        }
    }

    /// <summary><c>POST /v1/responses/input_tokens</c>: how many tokens the model would read.</summary>
    internal static async Task CountAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        ResponseRequest asked = ResponseRequest.Read(fields);
        List<ChatTurn> turns = ResponseInput.Read(fields, Before(request, asked));
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(asked.Model, ServedModelKind.Language, request.Aborted);
        request.ModelName = lease.Name;
        int count = asked.Conversation(turns, lease.Language).Encode(lease.Language).Length;
        await request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "response.input_tokens"u8);
            json.WriteNumber("input_tokens"u8, count);
            json.WriteEndObject();
        });
    }

    static IReadOnlyList<ChatTurn> Before(ApiRequest request, ResponseRequest asked) => asked.PreviousId is not { } previous ? []
        : (request.Server.Get<ResponseStore>().Find(previous, request.Owner) ?? throw NotFound(previous, "previous_response_id")).Turns;

    /// <summary>Makes a response while its request waits.</summary>
    static async Task MakeAsync(ApiRequest request, ResponseRequest asked, AnswerSet answers, ResponseWriter writer, byte[] input, Func<byte[], StoredResponse> stored)
    {
        ResponseStore store = request.Server.Get<ResponseStore>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted);
        var running = new RunningResponse(writer.Id, request.Owner, JsonText.Bytes(json => writer.Write(json, ResponseWriter.InProgress)), input, stop);
        using (store.Begin(running))
        using (running)
        {
            var making = new ResponseRun(request, answers, writer, running, stop.Token);
            byte[] last = await (asked.Stream ? making.StreamAsync() : making.WholeAsync());
            if (asked.Store)
            {
                store.Add(stored(last));
            }

            running.End(last);
            if (!asked.Stream)
            {
                await request.WriteAsync(last);
            }
        }
    }

    /// <summary>Begins a response that nobody waits for; the lease is the response's then.</summary>
    /// <exception cref="ApiException">There are too many, or it would be too large to be kept.</exception>
    static RunningResponse StartInBackground(ApiRequest request, ModelLease lease, AnswerSet answers, ResponseWriter writer, List<ChatTurn> turns, byte[] input)
    {
        ResponseStore store = request.Server.Get<ResponseStore>();
        BackgroundResponses background = request.Server.Get<BackgroundResponses>();
        long bytes = StoredResponse.BytesOf(input, turns);
        if (bytes > request.Options.StoredResponseBytes || request.Options is { StoredResponses: 0 } or { BackgroundResponses: 0 })
        {
            throw ApiException.Invalid("background", "background is true, and this server keeps no response of this size that nobody waits for; expected false");
        }

        var stop = new CancellationTokenSource();
        byte[] queued = JsonText.Bytes(json => writer.Write(json, ResponseWriter.Queued));
        var running = new RunningResponse(writer.Id, request.Owner, queued, input, stop) { Events = new ResponseEvents(background.EventBytes) };
        writer.Queue(running.Events);
        IDisposable place = store.Begin(running);
        var making = new BackgroundRun(request.Server, answers, writer, running, last =>
        {
            store.Add(Kept(request, writer, answers, last, turns, input) with { Events = running.Events });
            place.Dispose();
        });
        try
        {
            background.Start(running, bytes, () => making.RunAsync(stop.Token, place, running, stop, lease));
        }
        catch
        {
            place.Dispose();
            stop.Dispose();
            throw;
        }

        return running;
    }

    static StoredResponse Kept(ApiRequest request, ResponseWriter writer, AnswerSet answers, byte[] last, List<ChatTurn> turns, byte[] input)
        => new(writer.Id, request.Owner, last, input, [.. turns, answers.Answers[0].Output.ToTurn()]);

    /// <summary>The response as it is, or with <c>stream</c> its events: those behind <c>starting_after</c>, and those that come.</summary>
    internal static async Task GetAsync(ApiRequest request)
    {
        string id = Id(request);
        int? after = ResponseQuery.Read(request.Context.Request.Query);

        // What is not running any more has been kept before it ended.
        ResponseStore store = request.Server.Get<ResponseStore>();
        RunningResponse? running = store.FindRunning(id, request.Owner);
        StoredResponse? stored = store.Find(id, request.Owner);
        if (running is null && stored is null)
        {
            throw NotFound(id, null);
        }

        if (after is not { } last)
        {
            await request.WriteAsync(stored?.Json ?? running!.Json);
            return;
        }

        ResponseEvents events = (stored is null ? running!.Events : stored.Events)
            ?? throw ApiException.Invalid("stream", "stream is true, and the response was not made in the background: only those are streamed again");
        await FollowAsync(request, events, last + 1);
    }

    static async Task FollowAsync(ApiRequest request, ResponseEvents events, int from)
    {
        if (from < events.First)
        {
            throw ResponseEvents.Forgotten(from, events.First);
        }

        using var stream = new EventStream(request);
        await EventPump.RunAsync(
            request,
            events.ReadAsync(from, request.Aborted),
            stream,
            async item =>
            {
                stream.Add(item.Name, json => json.WriteRawValue(item.Json, skipInputValidation: true));
                await stream.FlushAsync();
            },
            stream.PingAsync,
            static () => ValueTask.CompletedTask,
            error => stream.SendAsync(null, json => ErrorBody.Write(json, ApiStyle.OpenAI, error, request.Id)));
        if (!stream.HasStarted)
        {
            await stream.PingAsync();
        }
    }

    /// <summary>Forgets a response; one that is being made in the background is ended first.</summary>
    internal static async Task DeleteAsync(ApiRequest request)
    {
        string id = Id(request);
        ResponseStore store = request.Server.Get<ResponseStore>();
        if (store.FindRunning(id, request.Owner) is { Events: not null } running)
        {
            await running.CancelAsync();
            await running.Ended.WaitAsync(request.Aborted);
        }

        if (!store.Remove(id, request.Owner))
        {
            throw NotFound(id, null);
        }

        await request.WriteAsync(json =>
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
        ResponseStore store = request.Server.Get<ResponseStore>();
        if (store.FindRunning(id, request.Owner) is { } running)
        {
            await running.CancelAsync();
            await request.WriteAsync(await running.Ended.WaitAsync(request.Aborted));
            return;
        }

        await request.WriteAsync((store.Find(id, request.Owner) ?? throw NotFound(id, null)).Json);
    }

    /// <summary>The items of a response's input, the latest first unless the other order is asked for; of one that is being made too.</summary>
    internal static Task ListInputAsync(ApiRequest request)
    {
        string id = Id(request);
        (int limit, bool newestFirst, string? after) = ResponseQuery.ReadList(request.Context.Request.Query);

        // What is not running any more has been kept before it ended.
        ResponseStore store = request.Server.Get<ResponseStore>();
        byte[] input = store.FindRunning(id, request.Owner)?.Input ?? store.Find(id, request.Owner)?.Input ?? throw NotFound(id, null);
        using var items = JsonDocument.Parse(input);
        JsonElement[] all = [.. items.RootElement.EnumerateArray()];
        if (newestFirst)
        {
            Array.Reverse(all);
        }

        int first = after is null ? 0 : 1 + Array.FindIndex(all, item => IdOf(item) == after);
        if (after is not null && first == 0)
        {
            throw ApiException.Invalid("after", $"after names no item of the input of '{id}'; expected the id of one that is listed");
        }

        JsonElement[] page = [.. all.Skip(first).Take(limit)];
        return request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach (JsonElement item in page)
            {
                item.WriteTo(json);
            }

            json.WriteEndArray();
            json.WriteText("first_id"u8, page is [{ } head, ..] ? IdOf(head) : null);
            json.WriteText("last_id"u8, page is [.., { } last] ? IdOf(last) : null);
            json.WriteBoolean("has_more"u8, first + page.Length < all.Length);
            json.WriteEndObject();
        });
    }

    // A client may have given an item of its own anything for an id.
    static string? IdOf(JsonElement item) => item.TryGetProperty("id"u8, out JsonElement id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;

    static string Id(ApiRequest request) => (string)request.Context.Request.RouteValues["id"]!;

    static ApiException NotFound(string id, string? param)
        => new(StatusCodes.Status404NotFound, $"there is no response '{(id.Length <= 100 ? id : $"{id.AsSpan(0, 100)}...")}' here, or no more", param, "response_not_found");
}
