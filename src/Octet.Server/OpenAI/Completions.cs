using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Tokenizers;

namespace Octet.Server.OpenAI;

/// <summary><c>POST /v1/completions</c>: texts continued as they are; with <c>echo</c> and <c>logprobs</c> texts scored, as evaluation harnesses ask for it.</summary>
static class Completions
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        CompletionRequest asked = CompletionRequest.Read(await request.ReadAsync(), request.Options);
        using ModelLease lease = await request.Server.Models.AcquireAsync(asked.Model, ServedModelKind.Language, request.Aborted);
        LanguageModel model = lease.Language;
        int[][] prompts = [.. asked.Prompts.Select(prompt => prompt.Ids ?? model.Encode(prompt.Text!, asked.AddSpecialTokens))];
        var answers = new AnswerSet(
            request, lease, "text_completion", [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, asked.Choices))], asked.Options, prompts.Sum(prompt => prompt.Length));
        string[] echoes = [.. asked.Prompts.Select((prompt, i) => !asked.Echo ? "" : prompt.Text ?? Decode(model, prompts[i]))];
        var writer = new CompletionWriter(lease, answers, [.. echoes.SelectMany(echo => Enumerable.Repeat(echo, asked.Choices))]);
        if (asked.Stream)
        {
            await StreamAsync(request, answers, writer, asked.IncludeUsage);
            return;
        }

        await answers.RunToEndAsync(request.Aborted);
        TextScores?[] scores = await ScoreAsync(asked, model, prompts, answers, request.Aborted);
        await request.WriteAsync(json => writer.WriteWhole(json, scores));
    }

    /// <summary>The probabilities of what is told of each text: nothing where they are not wanted.</summary>
    static Task<TextScores?[]> ScoreAsync(CompletionRequest asked, LanguageModel model, int[][] prompts, AnswerSet answers, CancellationToken cancellationToken)
    {
        var scores = new TextScores?[answers.Answers.Count];
        if (asked.LogProbs is not { } alternatives)
        {
            return Task.FromResult(scores);
        }

        // Computed beside the other requests: a text can be long.
        return Task.Run(
            () =>
            {
                for (int i = 0; i < scores.Length; i++)
                {
                    int[] prompt = prompts[i / asked.Choices];
                    scores[i] = TextScores.Compute(model, [.. prompt, .. answers.Answers[i].TokenIds], asked.Echo ? 0 : prompt.Length, alternatives, cancellationToken);
                }

                return scores;
            },
            cancellationToken);
    }

    static async Task StreamAsync(ApiRequest request, AnswerSet answers, CompletionWriter writer, bool includeUsage)
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

    static string Decode(LanguageModel model, int[] ids)
        => (model.Tokenizer ?? throw new ApiException(StatusCodes.Status400BadRequest, "the model has no tokenizer, so that its prompt has no text to echo", "echo")).Decode(ids);
}
