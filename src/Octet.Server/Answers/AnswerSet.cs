using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Telemetry;

namespace Octet.Server.Answers;

/// <summary>The answers to one request, generated together, and what is measured of them.</summary>
sealed class AnswerSet
{
    // What may be ahead of its reader: a slow one makes the model wait.
    const int Ahead = 16;

    // Of one request: a list of prompts must not fill the model's queue.
    const int AtOnce = 32;

    readonly ApiRequest _request;
    readonly ModelMetrics _metrics;
    readonly string _operation;
    readonly string _model;
    readonly GenerationOptions _options;
    readonly int _promptTokens;

    /// <param name="request">The request.</param>
    /// <param name="lease">Who answers.</param>
    /// <param name="operation">The kind of operation, as telemetry names it.</param>
    /// <param name="prompts">A prompt for each answer.</param>
    /// <param name="options">How; answers to the same prompt have seeds of their own.</param>
    /// <param name="promptTokens">Tokens of all different prompts.</param>
    /// <param name="isForced">Whether each is a call that is no call of the model's own form.</param>
    internal AnswerSet(ApiRequest request, ModelLease lease, string operation, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options, int promptTokens, bool isForced = false)
    {
        _request = request;
        _metrics = request.Server.Get<ServerMetrics>().Of(lease.Name);
        _operation = operation;
        _model = lease.Name;
        _options = options;
        _promptTokens = promptTokens;
        request.ModelName = lease.Name;
        request.PromptTokens = promptTokens;
        LanguageModel model = lease.Language;
        Answers = [.. prompts.Select((prompt, i) => new Answer(i, model, prompt, options.Seed is { } seed && i > 0 ? options with { Seed = unchecked(seed + i) } : options, isForced))];
    }

    internal IReadOnlyList<Answer> Answers { get; }

    internal int PromptTokens => _promptTokens;

    internal int CompletionTokens => Answers.Sum(answer => answer.CompletionTokens);

    internal int ReasoningTokens => Answers.Sum(answer => answer.ReasoningTokens);

    /// <summary>Of the prompt what a cache had: of the answer that found most.</summary>
    internal int CachedTokens => Math.Min(_promptTokens, Answers.Max(answer => answer.CachedTokens));

    /// <summary>Generates all, and keeps nothing but what is asked for afterwards.</summary>
    internal async Task RunToEndAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in RunAsync(cancellationToken))
        {
        }
    }

    /// <summary>Generates all at once; updates of different answers come as they are ready.</summary>
    internal async IAsyncEnumerable<(Answer Answer, GenerationUpdate Update)> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using Activity? activity = ServerTelemetry.Start(_operation, _model, _options);
        _metrics.Begin();
        TimeSpan? first = null;
        long[] last = new long[Answers.Count];
        bool whole = false;
        try
        {
            await foreach ((Answer answer, GenerationUpdate update) in MergeAsync(cancellationToken))
            {
                // Here and not where it is made: who writes it looks at the answer, which is to be as far as this update and no further.
                answer.Count(update);
                long now = Stopwatch.GetTimestamp();
                if (update.TokenId is not null)
                {
                    Record(last, answer.Index, now, ref first);
                }

                yield return (answer, update);
            }

            whole = true;
        }
        finally
        {
            End(activity, first, whole, cancellationToken.IsCancellationRequested);
        }
    }

    void Record(long[] last, int index, long now, ref TimeSpan? first)
    {
        if (last[index] != 0)
        {
            _metrics.InterToken.Record(Stopwatch.GetElapsedTime(last[index], now).TotalSeconds);
        }
        else if (first is null)
        {
            first = Stopwatch.GetElapsedTime(_request.Started, now);
            _metrics.TimeToFirstToken.Record(first.Value.TotalSeconds);
        }

        last[index] = now;
        _metrics.AddGenerated(1);
    }

    void End(Activity? activity, TimeSpan? first, bool whole, bool cancelled)
    {
        TimeSpan duration = Stopwatch.GetElapsedTime(_request.Started);
        _metrics.End();
        _metrics.AddPrompt(_promptTokens, CachedTokens);
        _metrics.Request.Record(duration.TotalSeconds);
        foreach (Answer answer in Answers)
        {
            _metrics.Finish(answer.End is { } end ? Word(end) : cancelled ? "abort" : "error");
            _metrics.RequestGeneratedTokens.Record(answer.CompletionTokens);
            if (answer.Statistics is { } statistics)
            {
                _metrics.Prefill.Record(statistics.PromptDuration.TotalSeconds);
                _metrics.Decode.Record(statistics.GenerationDuration.TotalSeconds);
            }
        }

        _request.CompletionTokens = CompletionTokens;
        string[] reasons = [.. Answers.Where(answer => answer.End is not null).Select(answer => Word(answer.End!.Value))];
        ServerTelemetry.End(
            activity, _operation, _model, new OperationFigures(duration, first, _promptTokens, CompletionTokens, CachedTokens, reasons), whole ? null : cancelled ? "cancelled" : "error");
    }

    IAsyncEnumerable<(Answer, GenerationUpdate)> MergeAsync(CancellationToken cancellationToken)
        => Answers.Count == 1 ? OnlyAsync(Answers[0], cancellationToken) : AllAsync(cancellationToken);

    static async IAsyncEnumerable<(Answer, GenerationUpdate)> OnlyAsync(Answer answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (GenerationUpdate update in answer.RunAsync(cancellationToken))
        {
            yield return (answer, update);
        }
    }

    async IAsyncEnumerable<(Answer, GenerationUpdate)> AllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = Channel.CreateBounded<(Answer, GenerationUpdate)>(Ahead);
        Task all = ProduceAllAsync(channel.Writer, stop);
        try
        {
            await foreach ((Answer, GenerationUpdate) item in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task ProduceAllAsync(ChannelWriter<(Answer, GenerationUpdate)> writer, CancellationTokenSource stop)
    {
        // The first that fails ends the others: what is left would be no answer to the request.
        Exception? failure = null;
        using var places = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(Answers.Select(async answer =>
        {
            try
            {
                await places.WaitAsync(stop.Token);
                try
                {
                    await foreach (GenerationUpdate update in answer.RunAsync(stop.Token))
                    {
                        await writer.WriteAsync((answer, update), stop.Token);
                    }
                }
                finally
                {
                    places.Release();
                }
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
                await stop.CancelAsync();
            }
        }));
        writer.Complete(failure);
    }

    static string Word(AnswerEnd end) => end switch
    {
        AnswerEnd.Length or AnswerEnd.Context => "length",
        AnswerEnd.ToolCalls => "tool_calls",
        _ => "stop",
    };
}
