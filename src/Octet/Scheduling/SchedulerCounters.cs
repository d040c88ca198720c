using System.Diagnostics.Metrics;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>What a <see cref="Scheduler"/> counts; read by any thread, and by who listens to the meter "Octet".</summary>
sealed class SchedulerCounters
{
    const double Recent = 0.1;

    static readonly Meter s_meter = new("Octet");
    static readonly Counter<long> s_prompt = s_meter.CreateCounter<long>("octet.engine.prompt_tokens", "{token}", "Tokens of prompts that were computed");
    static readonly Counter<long> s_cached = s_meter.CreateCounter<long>("octet.engine.cached_prompt_tokens", "{token}", "Tokens of prompts that were found computed");
    static readonly Counter<long> s_generated = s_meter.CreateCounter<long>("octet.engine.generated_tokens", "{token}", "Tokens drawn");
    static readonly Counter<long> s_guessed = s_meter.CreateCounter<long>("octet.engine.guessed_tokens", "{token}", "Tokens that were guessed");
    static readonly Counter<long> s_accepted = s_meter.CreateCounter<long>("octet.engine.accepted_tokens", "{token}", "Tokens that were guessed and then drawn");
    static readonly Counter<long> s_preemptions = s_meter.CreateCounter<long>("octet.engine.preemptions", "{preemption}", "Generations that had to give their pages to another");
    static readonly Histogram<double> s_steps = s_meter.CreateHistogram<double>("octet.engine.step.duration", "s", "Steps of all sequences together");
    static readonly Histogram<double> s_requests = s_meter.CreateHistogram<double>("octet.engine.request.duration", "s", "Generations, from the request to the end");

    readonly Lock _lock = new();
    EngineStatistics _totals;
    double _duration;

    internal EngineStatistics Read(int requests, (int InUse, int Kept, int Most) pages)
    {
        lock (_lock)
        {
            int running = Math.Min(_totals.Running, requests);
            return _totals with { Running = running, Waiting = requests - running, PagesInUse = pages.InUse, PagesCached = pages.Kept, PagesTotal = pages.Most };
        }
    }

    /// <summary>How long a new request would wait for one of those before it to end, in whole seconds, at least one.</summary>
    internal TimeSpan Expected(int requests, int together)
    {
        lock (_lock)
        {
            return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_duration * (requests - together + 1) / together), 1, 3600));
        }
    }

    /// <summary>Tokens of an answer, about; null as long as none has ended.</summary>
    internal double? MeanAnswer
    {
        get
        {
            lock (_lock)
            {
                return _totals.Finished == 0 ? null : (double)_totals.GeneratedTokens / _totals.Finished;
            }
        }
    }

    internal void NoteSequences(int running)
    {
        lock (_lock)
        {
            _totals = _totals with { Running = running };
        }
    }

    internal void NotePreemption()
    {
        s_preemptions.Add(1);
        lock (_lock)
        {
            _totals = _totals with { Preemptions = _totals.Preemptions + 1 };
        }
    }

    internal void NoteGuess(int guessed, int accepted)
    {
        s_guessed.Add(guessed);
        s_accepted.Add(accepted);
        lock (_lock)
        {
            _totals = _totals with { Guesses = _totals.Guesses + 1, GuessedTokens = _totals.GuessedTokens + guessed, AcceptedTokens = _totals.AcceptedTokens + accepted };
        }
    }

    internal void NoteGuessError(Exception error)
    {
        lock (_lock)
        {
            _totals = _totals with { GuessError = error.Message };
        }
    }

    internal void NoteEnd(TextGeneration generation)
    {
        s_cached.Add(generation.CachedTokens);
        s_requests.Record(generation.Age.TotalSeconds);
        lock (_lock)
        {
            _duration = _duration == 0 ? generation.Age.TotalSeconds : (Recent * generation.Age.TotalSeconds) + ((1 - Recent) * _duration);
            _totals = _totals with { Finished = _totals.Finished + 1, CachedPromptTokens = _totals.CachedPromptTokens + generation.CachedTokens };
        }
    }

    internal void NoteStep(int promptTokens, int generated, TimeSpan forward, TimeSpan all)
    {
        s_prompt.Add(promptTokens);
        s_generated.Add(generated);
        s_steps.Record(all.TotalSeconds);
        lock (_lock)
        {
            _totals = _totals with
            {
                PromptTokens = _totals.PromptTokens + promptTokens,
                GeneratedTokens = _totals.GeneratedTokens + generated,
                Steps = _totals.Steps + 1,
                ForwardTime = _totals.ForwardTime + forward,
                StepTime = _totals.StepTime + all,
            };
        }
    }
}
