using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary><c>POST /v1/completions</c>: texts continued as they are; with <c>echo</c> and <c>logprobs</c> texts scored, as evaluation harnesses ask for it.</summary>
static class Completions
{
    internal static async Task CreateAsync(ApiRequest request)
    {
        CompletionRequest asked = CompletionRequest.Read(await request.ReadAsync(), request.Options);
        using ModelLease lease = await request.Server.Get<ModelCatalog>().AcquireAsync(asked.Model, ServedModelKind.Language, request.Aborted);
        LanguageModel model = lease.Language;
        int[][] prompts = [.. asked.Prompts.Select(prompt => prompt.Ids ?? model.Encode(prompt.Text!, asked.AddSpecialTokens))];
        GenerationOptions options = asked.Form.IsAny ? asked.Options : asked.Options with { Constraint = request.Server.Get<ConstraintCache>().Get(asked.Form) };
        var answers = new AnswerSet(
            request, lease, "text_completion", [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, asked.Choices))], options, prompts.Sum(prompt => prompt.Length));
        TextStart[] starts = await StartsAsync(asked, model, prompts, request.Aborted);
        var writer = new CompletionWriter(lease, answers, [.. starts.SelectMany(start => Enumerable.Repeat(start, asked.Choices))]);
        await AnswerDelivery.SendAsync(request, answers, writer, asked.Stream, asked.IncludeUsage);
    }

    /// <summary>What stands before each continuation.</summary>
    static async Task<TextStart[]> StartsAsync(CompletionRequest asked, LanguageModel model, int[][] prompts, CancellationToken cancellationToken)
    {
        var starts = new TextStart[prompts.Length];

        // Before any of them is scored, which takes long: what will be refused is refused now.
        foreach (int[] prompt in asked.Echo ? prompts : [])
        {
            model.RequirePrompt(prompt);
        }

        for (int i = 0; i < starts.Length && asked.Echo; i++)
        {
            int[] prompt = prompts[i];

            // Computed beside the other requests: a text can be long.
            ScoredToken[]? scores = asked.LogProbs is { } alternatives ? await Task.Run(() => PromptScores.Compute(model, prompt, alternatives, cancellationToken), cancellationToken) : null;
            starts[i] = new TextStart(asked.Prompts[i].Text ?? Decode(model, prompt), scores);
        }

        return starts;
    }

    static string Decode(LanguageModel model, int[] ids)
        => (model.Tokenizer ?? throw new ApiException(StatusCodes.Status400BadRequest, "the model has no tokenizer, so that its prompt has no text to echo", "echo")).Decode(ids);
}
