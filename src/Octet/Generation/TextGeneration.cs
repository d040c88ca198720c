using System.Diagnostics;
using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>One answer: prefill, then sample, decode and look for an end, token by token.</summary>
sealed class TextGeneration(Engine engine, InferenceSession? given, int[] prompt, GenerationSettings settings, Tokenizer? tokenizer, int tokenizerSize)
{
    int _cached;

    /// <summary>Runs to the end on the calling thread; the last update carries the finish reason.</summary>
    internal void Run(Action<GenerationUpdate> emit, CancellationToken cancellationToken)
    {
        using InferenceSession? own = given is null ? new InferenceSession(engine) : null;
        InferenceSession session = given ?? own!;
        using InferenceSession.Operation operation = session.Begin(nameof(LanguageModel.GenerateAsync));
        long started = Stopwatch.GetTimestamp();
        int budget = Math.Min(settings.MaxTokens ?? int.MaxValue, session.ContextLength - prompt.Length);
        if (budget <= 0)
        {
            emit(End("", null, FinishReason.Length, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));
            return;
        }

        var sampler = new Sampler(settings, tokenizerSize);
        sampler.AddPrompt(prompt);
        StreamingDecoder? decoder = tokenizer?.CreateDecoder(skipSpecialTokens: true);
        var stops = new StopStrings(settings.StopStrings);
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
            string text = "";
            FinishReason? reason = null;
            if (settings.IsStop(token))
            {
                reason = FinishReason.Stop;
            }
            else
            {
                text = stops.Append(decoder?.Append(token) ?? "", out bool stopped);
                reason = stopped ? FinishReason.Stop : count == budget ? FinishReason.Length : null;
            }

            if (reason is { } end)
            {
                if (!stops.Stopped)
                {
                    text += stops.Append(decoder?.Flush() ?? "", out _) + stops.Flush();
                    end = stops.Stopped ? FinishReason.Stop : end;
                }

                emit(End(text, token, end, count, first, promptDuration, Stopwatch.GetElapsedTime(decode)));
                return;
            }

            emit(new GenerationUpdate(text, token, null, null));
            operation.Evaluate([token], logits, cancellationToken);
            token = sampler.Sample(logits);
        }
    }

    GenerationUpdate End(string text, int? token, FinishReason reason, int completion, TimeSpan first, TimeSpan promptDuration, TimeSpan generation)
        => new(text, token, reason, new GenerationStatistics(new TokenUsage(prompt.Length, completion, _cached), first, promptDuration, generation));
}
