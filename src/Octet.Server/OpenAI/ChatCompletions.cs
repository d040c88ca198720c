using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
static class ChatCompletions
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        Fields fields = await request.ReadAsync();
        ChatRequest chat = ChatRequest.Read(fields, request.Options);
        using ModelLease lease = await request.Server.Models.AcquireAsync(chat.Model, ServedModelKind.Language, request.Aborted);
        Conversation conversation = ChatRequest.Conversation(fields, lease.Language);
        AnswerSet answers = conversation.Begin(request, lease, chat.Choices);
        var writer = new ChatWriter(lease, answers);
        if (chat.Stream)
        {
            await StreamAsync(request, answers, writer, chat.IncludeUsage);
        }
        else
        {
            await answers.RunToEndAsync(request.Aborted);
            await request.WriteAsync(writer.WriteWhole);
        }
    }

    static async Task StreamAsync(ApiRequest request, AnswerSet answers, ChatWriter writer, bool includeUsage)
    {
        using var stream = new EventStream(request);
        writer.IncludesUsage = includeUsage;
        await EventPump.RunAsync(
            request,
            answers.RunAsync(request.Aborted),
            stream,
            async item =>
            {
                if (writer.Add(stream, item.Answer, item.Update))
                {
                    await stream.FlushAsync();
                }
            },
            stream.PingAsync,
            async () =>
            {
                if (includeUsage)
                {
                    stream.Add(null, writer.WriteUsage);
                }

                await stream.DoneAsync();
            },
            error => stream.SendAsync(null, json => ErrorBody.Write(json, ApiStyle.OpenAI, error, request.Id)));
    }
}
