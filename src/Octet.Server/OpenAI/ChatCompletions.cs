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
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(chat.Model, ServedModelKind.Language, request.Aborted);
        Conversation conversation = ChatRequest.Conversation(fields, lease.Language);
        AnswerSet answers = conversation.Begin(request, lease, chat.Choices);
        var writer = new ChatWriter(lease, answers);
        await AnswerDelivery.SendAsync(request, answers, writer, chat.Stream, chat.IncludeUsage);
    }
}
