using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.Anthropic;

/// <summary><c>POST /v1/messages</c> and <c>/v1/messages/count_tokens</c>.</summary>
static class Messages
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Language, request.Aborted);
        MessageView shows = MessageView.Read(fields);
        AnswerSet answers = MessagesRequest.Read(fields, lease.Language).Begin(request, lease);
        var writer = new MessageWriter(lease.Name, answers, shows);
        if (fields.Flag("stream") == true)
        {
            await StreamAsync(request, answers, writer);
        }
        else
        {
            await foreach ((_, GenerationUpdate update) in answers.RunAsync(request.Aborted))
            {
                writer.Collect(update);
            }

            await request.WriteAsync(writer.WriteWhole);
        }
    }

    internal static async Task CountTokensAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(fields.Text("model"), ServedModelKind.Language, request.Aborted);
        request.ModelName = lease.Name;
        MessageView shows = MessageView.Read(fields);
        int count = MessagesRequest.Read(fields, lease.Language, counts: true).Encode(lease.Language).Length;
        await request.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("input_tokens"u8, count);
            if (shows.TellsEdits)
            {
                json.WriteStartObject("context_management"u8);
                json.WriteNumber("original_input_tokens"u8, count);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
    }

    static async Task StreamAsync(ApiRequest request, AnswerSet answers, MessageWriter writer)
    {
        using var stream = new EventStream(request);
        await EventPump.RunAsync(
            request,
            answers.RunAsync(request.Aborted),
            stream,
            async item =>
            {
                if (writer.Add(stream, item.Update))
                {
                    await stream.FlushAsync();
                }
            },
            async () =>
            {
                writer.Start(stream);
                await stream.SendAsync("ping", static json =>
                {
                    json.WriteStartObject();
                    json.WriteString("type"u8, "ping"u8);
                    json.WriteEndObject();
                });
            },
            async () =>
            {
                writer.End(stream);
                await stream.FlushAsync();
            },
            error => stream.SendAsync("error", json => ErrorBody.Write(json, ApiStyle.Anthropic, error, request.Id)));
    }
}
