using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Generates answers and sends them, as they come or in the end.</summary>
static class AnswerDelivery
{
    internal static async Task SendAsync(ApiRequest request, AnswerSet answers, IAnswerWriter writer, bool streams, bool includeUsage)
    {
        if (streams)
        {
            await StreamAsync(request, answers, writer, includeUsage);
        }
        else
        {
            await answers.RunToEndAsync(request.Aborted);
            await request.WriteAsync(writer.WriteWhole);
        }
    }

    static async Task StreamAsync(ApiRequest request, AnswerSet answers, IAnswerWriter writer, bool includeUsage)
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
