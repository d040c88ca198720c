using System.Diagnostics;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>The step itself, and what its logits become.</summary>
sealed partial class Scheduler
{
    void Step(long begun)
    {
        GenerationRequest[] requests = [.. _plan.Requests];
        long forward = Stopwatch.GetTimestamp();
        Memory<float> logits;
        try
        {
            // One alone can be cancelled between layers; of several, between steps.
            logits = _engine.Step(_plan.Parts, requests.Length == 1 ? requests[0].CancellationToken : CancellationToken.None);
        }
        catch (Exception error)
        {
            Fail(requests, error);
            return;
        }

        TimeSpan computed = Stopwatch.GetElapsedTime(forward);
        TimeSpan models = computed + _guesses.Forward;
        (int promptTokens, bool writes) = (_plan.PromptTokens, _plan.Writing > 0);
        if (writes)
        {
            _pace.Note(promptTokens, models);
        }

        foreach (GenerationRequest request in requests)
        {
            request.Generation.NotePrompt(computed);
            if (request.Guess.Length == 0)
            {
                Note(request);
            }
        }

        int generated = Draw([.. _plan.Asking], logits);
        TimeSpan all = Stopwatch.GetElapsedTime(begun);
        if (writes && promptTokens == 0)
        {
            NoteWriting(generated, all);
        }

        _counters.NoteStep(promptTokens, generated, models, all);
    }

    /// <summary>Draws the next tokens of each sequence; returns how many in all.</summary>
    int Draw((GenerationRequest Request, int Rows)[] asking, Memory<float> logits)
    {
        int width = _engine.VocabularySize;
        var drawn = new Drawn[asking.Length];
        int[] first = new int[asking.Length];
        for (int i = 1; i < first.Length; i++)
        {
            first[i] = first[i - 1] + asking[i - 1].Rows;
        }

        if (asking.Length == 1)
        {
            Draw(0);
        }
        else
        {
            Parallel.For(0, asking.Length, Draw);
        }

        int count = 0;
        for (int i = 0; i < asking.Length; i++)
        {
            GenerationRequest request = asking[i].Request;
            Drawn result = drawn[i];
            count += result.Updates.Count;
            foreach (GenerationUpdate update in result.Updates)
            {
                request.Emit(update);
            }

            int wrong = request.Guess.Length - result.Right;
            NoteGuess(request, result);
            request.Session.TakeBack(result.Error is null ? wrong : 0);
            Note(request);
            if (result.Error is not null || request.Generation.IsOver)
            {
                End(request, result.Error);
            }
            else
            {
                request.Session.Know(CollectionsMarshal.AsSpan(result.Following));
            }
        }

        return count;

        void Draw(int i)
        {
            GenerationRequest request = asking[i].Request;
            Drawn result = drawn[i] = new Drawn();
            try
            {
                // As long as all was guessed, the row behind it is that of the next token. Tokens that follow without being drawn come where they
                // would come without guesses, as the next draw would be another one.
                do
                {
                    result.Add(request, request.Generation.Next(logits.Span.Slice((first[i] + result.Right) * width, width)));
                    while (request.Generation.TryForce(out GenerationUpdate forced))
                    {
                        result.Add(request, forced);
                    }
                }
                while (!request.Generation.IsOver && result.Following.Count == 0);
            }
            catch (Exception error)
            {
                result.Error = error;
            }
        }
    }

    /// <summary>Whole pages of a sequence become known to others.</summary>
    void Note(GenerationRequest request)
    {
        if (_prefixes is null || !request.SharesPages)
        {
            return;
        }

        (int count, PrefixCache.Block? last) = request.Noted;
        for (; (count + 1) * KvCacheLayout.PageTokens <= request.Session.Computed; count++)
        {
            last = _prefixes.Add(request.Salt, last, request.Session.Tokens.Slice(count * KvCacheLayout.PageTokens, KvCacheLayout.PageTokens), request.Session.Sequence, count);
        }

        request.Noted = (count, last);
    }

    /// <summary>What came of the logits of one sequence.</summary>
    sealed class Drawn
    {
        internal List<GenerationUpdate> Updates { get; } = [];

        /// <summary>Tokens of the guess that came: the first ones.</summary>
        internal int Right { get; private set; }

        /// <summary>What came behind them.</summary>
        internal List<int> Following { get; } = [];

        internal Exception? Error { get; set; }

        internal void Add(GenerationRequest request, in GenerationUpdate update)
        {
            Updates.Add(update);
            int token = request.Generation.Token;
            if (Following.Count == 0 && !request.Generation.IsOver && Right < request.Guess.Length && token == request.Guess[Right])
            {
                Right++;
            }
            else
            {
                Following.Add(token);
            }
        }
    }
}
