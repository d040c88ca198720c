using System.Diagnostics;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>The step itself, and what its logits become.</summary>
sealed partial class Scheduler
{
    // What was wanted of rows on a device, to be used again.
    readonly List<RowChoice> _choices = [];

    void Step(long begun)
    {
        GenerationRequest[] requests = [.. _plan.Requests];
        (GenerationRequest, int)[] asking = [.. _plan.Asking];
        long forward = Stopwatch.GetTimestamp();
        StepDraw draw;
        try
        {
            // One alone can be cancelled between layers; of several, between steps.
            LogitRows logits = _engine.Step(_plan.Parts, requests.Length == 1 ? requests[0].CancellationToken : CancellationToken.None);
            draw = new StepDraw(_engine, logits, asking, _choices);
            draw.Begin();
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

        draw.Finish();
        int generated = Tell(asking, draw.Results);
        TimeSpan all = Stopwatch.GetElapsedTime(begun);
        if (writes && promptTokens == 0)
        {
            NoteWriting(generated, all);
        }

        _counters.NoteStep(promptTokens, generated, models, all);
    }

    /// <summary>Tells what was drawn of each sequence; returns how many tokens in all.</summary>
    int Tell((GenerationRequest Request, int Rows)[] asking, Drawn[] drawn)
    {
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
}
