using System.Diagnostics;

namespace Octet.Cli.Measurement;

/// <summary>Tokens per second of one model, with random token ids. One session serves every depth, so that a context is filled once.</summary>
sealed class ModelSpeed(LanguageModel model, CancellationToken cancellationToken) : IDisposable
{
    /// <summary>Decode is measured behind a prompt, not on an empty cache.</summary>
    internal const int ShortPrompt = 8;

    // What is guessed well depends on the text; behind random ids a model writes none.
    const string Text = "A computer is a machine that";

    readonly InferenceSession _session = model.CreateSession();
    readonly List<InferenceSession> _others = [];
    readonly Random _random = new(1);
    float[] _logits = new float[model.Config.VocabSize];

    internal double Prefill(int length)
    {
        int[] ids = RandomIds(length);
        _session.Truncate(0);
        long started = Stopwatch.GetTimestamp();
        _session.Evaluate(ids, _logits, cancellationToken);
        return length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Generates <paramref name="count"/> tokens behind <paramref name="depth"/> others, which are not counted.</summary>
    internal double Decode(int depth, int count)
    {
        Reach(_session, depth);
        int[] ids = RandomIds(count);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _session.Evaluate(ids.AsSpan(i, 1), _logits, cancellationToken);
        }

        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>The tokens of all sequences together.</summary>
    internal double DecodeTogether(int sequences, int count)
    {
        while (_others.Count < sequences)
        {
            _others.Add(model.CreateSession());
        }

        InferenceSession[] sessions = [.. _others.Take(sequences)];
        foreach (InferenceSession session in sessions)
        {
            Reach(session, ShortPrompt);
        }

        int[] ids = RandomIds(sequences * count);
        int wanted = checked(sequences * model.Config.VocabSize);
        if (_logits.Length < wanted)
        {
            _logits = new float[wanted];
        }

        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            model.Evaluate(sessions, ids.AsSpan(i * sequences, sequences), _logits.AsSpan(0, wanted));
        }

        return ids.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>The same as a generation that takes the most likely tokens, and guesses what comes as the model was opened to.</summary>
    internal double Generate(int count)
    {
        var options = new GenerationOptions { Temperature = 0, MaxTokens = count + 1, IgnoreEos = true, IgnoreGenerationConfig = true };
        int[] prompt = model.Tokenizer is null ? RandomIds(ShortPrompt) : model.Encode(Text);
        return model.GenerateAsync(prompt, null, options, cancellationToken).ToBlockingEnumerable(cancellationToken).Last().Statistics!.Value.TokensPerSecond;
    }

    /// <summary>
    /// The tokens of all generations together, from the moment when all of them write until the first one has written its last; or, where that never is
    /// because they are over too soon, from the first token of all to the last.
    /// </summary>
    internal double Stream(int streams, int count)
    {
        Task<long[]>[] writing = [.. Enumerable.Range(0, streams).Select(_ => WriteAsync(RandomIds(ShortPrompt), count + 1))];
        long[][] times = Task.WhenAll(writing).GetAwaiter().GetResult();
        long from = times.Max(tokens => tokens[0]);
        long to = times.Min(tokens => tokens[^1]);
        if (to <= from)
        {
            (from, to) = (times.Min(tokens => tokens[0]), times.Max(tokens => tokens[^1]));
        }

        return times.Sum(tokens => tokens.Count(time => time > from && time <= to)) / Stopwatch.GetElapsedTime(from, to).TotalSeconds;
    }

    /// <summary>When each token came.</summary>
    async Task<long[]> WriteAsync(int[] prompt, int count)
    {
        var options = new GenerationOptions { Temperature = 0, MaxTokens = count, IgnoreEos = true, IgnoreGenerationConfig = true };
        List<long> times = new(count);
        await foreach (GenerationUpdate update in model.GenerateAsync(prompt, null, options, cancellationToken).ConfigureAwait(false))
        {
            if (update.TokenId is not null)
            {
                times.Add(Stopwatch.GetTimestamp());
            }
        }

        return [.. times];
    }

    public void Dispose()
    {
        _session.Dispose();
        _others.ForEach(session => session.Dispose());
    }

    void Reach(InferenceSession session, int depth)
    {
        session.Truncate(Math.Min(session.Length, depth));
        session.Evaluate(RandomIds(depth - session.Length), [], cancellationToken);
    }

    int[] RandomIds(int count)
    {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = _random.Next(model.Config.VocabSize);
        }

        return ids;
    }
}
