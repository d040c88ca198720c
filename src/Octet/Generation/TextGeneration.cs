using System.Diagnostics;
using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>One answer: prefill, then sample, decode and look for an end, token by token.</summary>
sealed class TextGeneration(
    Engine engine, InferenceSession? given, int[] prompt, GenerationSettings settings, Tokenizer? tokenizer, int tokenizerSize, OutputFormat? format)
{
    int _cached;

    /// <summary>Runs to the end on the calling thread; the last update carries the finish reason.</summary>
    internal void Run(Action<GenerationUpdate> emit, CancellationToken cancellationToken)
    {
        // Before the session is cut to what it shares with the prompt.
        cancellationToken.ThrowIfCancellationRequested();
        using InferenceSession? own = given is null ? new InferenceSession(engine) : null;
        InferenceSession session = given ?? own!;
        using InferenceSession.Operation operation = session.Begin(nameof(LanguageModel.GenerateAsync));
        long started = Stopwatch.GetTimestamp();
        int budget = Math.Min(settings.MaxTokens ?? int.MaxValue, session.ContextLength - prompt.Length);
        var sampler = new Sampler(settings, tokenizerSize);
        if (budget <= 0)
        {
            emit(End(default, null, FinishReason.Length, 0, sampler.Seed, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));
            return;
        }

        sampler.AddPrompt(prompt);
        var answer = new AnswerText(settings, tokenizer, prompt, format);
        float[] logits = new float[session.VocabularySize];

        // The last token is computed again even when it is known: its logits are wanted.
        _cached = operation.KeepPrefix(prompt.AsSpan(0, prompt.Length - 1));
        long prefill = Stopwatch.GetTimestamp();
        operation.Evaluate(prompt.AsSpan(session.Length), logits, cancellationToken);
        int token = sampler.Sample(logits);
        TimeSpan promptDuration = Stopwatch.GetElapsedTime(prefill);
        TimeSpan first = Stopwatch.GetElapsedTime(started);
        long decode = Stopwatch.GetTimestamp();
        for (int count = 1; ; count++)
        {
            sampler.Accept(token);
            bool isStop = settings.IsStop(token);
            AnswerPart part = isStop ? default : answer.Append(token);
            bool isComplete = sampler.IsComplete;
            if (isStop || isComplete || answer.Stop is not null || count == budget)
            {
                AnswerPart last = isStop ? answer.Flush() : part.With(answer.Flush());
                FinishReason reason = isStop || isComplete || answer.Stop is not null ? FinishReason.Stop : FinishReason.Length;
                GenerationUpdate end = End(
                    last, token, reason, count, sampler.Seed, first, promptDuration, Stopwatch.GetElapsedTime(decode));
                emit(end with { StopString = answer.Stop, StopTokenId = isStop && answer.Stop is null ? token : null });
                return;
            }

            emit(Update(part, token, null, null));
            operation.Evaluate([token], logits, cancellationToken);
            token = sampler.Sample(logits);
        }
    }

    GenerationUpdate End(
        AnswerPart part, int? token, FinishReason reason, int completion, long seed, TimeSpan first, TimeSpan promptDuration, TimeSpan generation)
    {
        var statistics = new GenerationStatistics(new TokenUsage(prompt.Length, completion, _cached), first, promptDuration, generation) { Seed = seed };
        return Update(part, token, reason, statistics);
    }

    static GenerationUpdate Update(AnswerPart part, int? token, FinishReason? reason, GenerationStatistics? statistics)
        => part.Pieces is null
            ? new(part.Text, token, reason, statistics)
            : new(part.Text, token, reason, statistics) { Reasoning = part.Reasoning, Pieces = part.Pieces };
}
