using System.Diagnostics;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>
/// Generations of many callers at one model: a thread computes one step after the other, each for all sequences that can go on. First come,
/// first served, the higher priority before the lower. Sequences that write have a token in every step; prompts fill what is left of it. The
/// thread ends when there has been nothing to do for a while: it keeps no forgotten model alive.
/// </summary>
/// <remarks>Continuous batching after Orca (Yu et al., 2022), pages, sharing and preemption after vLLM (Kwon et al., 2023).</remarks>
sealed partial class Scheduler
{
    const int IdleMilliseconds = 200;

    static readonly Comparer<GenerationRequest> s_inOrder = Comparer<GenerationRequest>.Create(
        static (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Order.CompareTo(b.Order));

    readonly Engine _engine;
    readonly SchedulerLimits _limits;
    readonly PrefixCache? _prefixes;
    readonly PromptPace _pace;
    readonly StepPlan _plan;
    readonly SchedulerCounters _counters = new();

    // Under the lock: what has come and nobody has looked at.
    readonly object _gate = new();
    readonly List<GenerationRequest> _arrived = [];
    TaskCompletionSource? _drained;
    int _requests;
    long _order;
    bool _signalled;
    bool _hasThread;

    // Of the thread that computes.
    readonly List<GenerationRequest> _waiting = [];
    readonly List<GenerationRequest> _running = [];

    // Those that made room for others while they waited for their readers. Their pages are theirs until somebody needs them.
    readonly List<GenerationRequest> _resting = [];

    TimeSpan _searched; // by this step's plan, for masks

    /// <param name="engine">The model.</param>
    /// <param name="limits">How to go about.</param>
    /// <param name="draft">The model that guesses, where <see cref="SchedulerLimits.Speculation"/> is by one.</param>
    internal Scheduler(Engine engine, SchedulerLimits limits, Engine? draft = null)
    {
        _engine = engine;
        _limits = limits with { Sequences = Math.Min(limits.Sequences, engine.BatchCapacity) };

        // What one has computed may differ in its last bits from what another would have.
        _prefixes = limits is { KeepsPrefixes: true, IsDeterministic: false } ? engine.CreatePrefixCache() : null;
        _pace = new PromptPace(limits.Step);
        (_guesser, _gain) = limits.IsDeterministic || !engine.CanCut ? default : limits.Speculation switch
        {
            Speculation.PromptLookup => ((IGuesser?)new LookupGuesser(), new SpeculationGain()),
            Speculation.DraftModel => (new DraftGuesser(draft!, engine.VocabularySize, limits.Step, limits.KeepsPrefixes), new SpeculationGain(LongestPauseOfDraft)),
            _ => default,
        };
        _plan = new StepPlan(engine.BatchCapacity);
    }

    IEnumerable<GenerationRequest> All => _running.Concat(_resting).Concat(_waiting);

    internal EngineStatistics Statistics
    {
        get
        {
            int requests;
            lock (_gate)
            {
                requests = _requests;
            }

            return _counters.Read(requests, _engine.Pages);
        }
    }

    /// <summary>Takes a generation in; its updates come by the request.</summary>
    /// <exception cref="ModelException">There is no room in the line, or the prompt holds what is no token.</exception>
    /// <exception cref="InvalidOperationException">Another operation on <paramref name="session"/> has not ended.</exception>
    internal GenerationRequest Submit(TextGeneration generation, InferenceSession? session, GenerationSettings settings, CancellationToken cancellationToken)
    {
        _engine.Check(generation.Prompt, generation.Prompt.Length);
        Enter();
        GenerationRequest? request = null;
        try
        {
            InferenceSession own = session ?? new InferenceSession(_engine);
            InferenceSession.Operation operation = own.Begin(nameof(LanguageModel.GenerateAsync));
            try
            {
                // The last token is computed again even when it is known: its logits are wanted.
                operation.KeepPrefix(generation.Prompt.AsSpan(0, generation.Prompt.Length - 1));
                request = new GenerationRequest(generation, own, session is null, settings, cancellationToken);
            }
            finally
            {
                if (request is null)
                {
                    operation.Dispose();
                }
            }
        }
        finally
        {
            if (request is null)
            {
                Leave(1);
            }
        }

        cancellationToken.UnsafeRegister(static scheduler => ((Scheduler)scheduler!).Wake(), this);
        lock (_gate)
        {
            request.Order = _order++;
            _arrived.Add(request);
        }

        Wake();
        return request;
    }

    /// <summary>Something has changed that the thread is to look at.</summary>
    internal void Wake()
    {
        lock (_gate)
        {
            _signalled = true;
            Monitor.Pulse(_gate);
            if (!_hasThread && _requests > 0)
            {
                _hasThread = true;
                new Thread(Run) { IsBackground = true, Name = "octet engine" }.Start();
            }
        }
    }

    /// <summary>Takes no more generations; ends when those that there are have ended.</summary>
    internal Task Drain()
    {
        lock (_gate)
        {
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_requests == 0)
            {
                _drained.TrySetResult();
            }

            return _drained.Task;
        }
    }

    void Enter()
    {
        lock (_gate)
        {
            if (_drained is not null)
            {
                throw new ModelException(ModelError.Busy, "the model takes no more requests: it is about to end");
            }

            if (_requests >= (long)_limits.Sequences + _limits.Waiting)
            {
                TimeSpan wait = _counters.Expected(_requests, _limits.Sequences);
                throw new ModelException(
                    ModelError.Busy, FormattableString.Invariant($"{_limits.Sequences} requests run and {_requests - _limits.Sequences} wait, as many as may: try again in {wait.TotalSeconds:0} s"))
                {
                    RetryAfter = wait,
                };
            }

            _requests++;
        }
    }

    void Leave(int requests)
    {
        lock (_gate)
        {
            _requests -= requests;
            if (_requests == 0)
            {
                _drained?.TrySetResult();
            }
        }
    }

    void Run()
    {
        while (true)
        {
            bool advanced;
            try
            {
                advanced = Advance();
            }
            catch (Exception error)
            {
                // What concerns no request in particular concerns all.
                Fail([.. All], error);
                advanced = true;
            }

            lock (_gate)
            {
                if (!advanced && !_signalled && !Monitor.Wait(_gate, Pause()) && _requests == 0)
                {
                    _hasThread = false;
                    return;
                }

                _signalled = false;
            }
        }
    }

    /// <summary>Milliseconds until something is to be looked at again: a time limit, or whether a caller's session has given pages back.</summary>
    int Pause()
    {
        long now = Stopwatch.GetTimestamp();
        double pause = IdleMilliseconds;
        foreach (GenerationRequest request in All)
        {
            pause = Math.Min(pause, (request.Generation.Deadline - now) * 1000.0 / Stopwatch.Frequency);
        }

        return (int)Math.Ceiling(Math.Max(0, pause));
    }

    /// <summary>One step; false where nothing could go on.</summary>
    bool Advance()
    {
        long begun = Stopwatch.GetTimestamp();
        TakeArrived();
        bool ended = EndStopped();
        _plan.Clear();
        _searched = default;
        if (_limits.IsDeterministic)
        {
            Admit();
            PlanOne();
        }
        else
        {
            PlanWriting();
            PlanPrompts();
            Admit();
        }

        _counters.NoteSequences(_running.Count);
        if (_plan.IsEmpty)
        {
            return ended;
        }

        Step(begun);
        return true;
    }

    /// <summary>Puts into the line what has come, and what has rested and is read again.</summary>
    void TakeArrived()
    {
        lock (_gate)
        {
            _waiting.AddRange(_arrived);
            _arrived.Clear();
        }

        foreach (GenerationRequest request in _resting.Where(static request => !request.IsPaused).ToArray())
        {
            _resting.Remove(request);
            _waiting.Add(request);
        }

        _waiting.Sort(s_inOrder);
    }

    /// <summary>Ends what was cancelled, or has lost its session, and what has no time left.</summary>
    bool EndStopped()
    {
        long now = Stopwatch.GetTimestamp();
        List<GenerationRequest> stopped = [.. All.Where(request => request.CancellationToken.IsCancellationRequested || request.Session.IsDisposed || request.Generation.Deadline <= now)];
        foreach (GenerationRequest request in stopped)
        {
            if (request.CancellationToken.IsCancellationRequested)
            {
                End(request, new OperationCanceledException(request.CancellationToken));
            }
            else if (request.Session.IsDisposed)
            {
                End(request, new ObjectDisposedException(typeof(InferenceSession).FullName));
            }
            else
            {
                request.Emit(request.Generation.End(FinishReason.TimeLimit));
                End(request, null);
            }
        }

        return stopped.Count > 0;
    }

    void Fail(GenerationRequest[] requests, Exception error)
    {
        foreach (GenerationRequest request in requests)
        {
            End(request, error);
        }
    }

    void End(GenerationRequest request, Exception? error)
    {
        if (request.HasEnded)
        {
            return;
        }

        _plan.Remove(request);
        _running.Remove(request);
        _resting.Remove(request);
        _waiting.Remove(request);
        _guesser?.Forget(request);
        _counters.NoteEnd(request.Generation);
        request.End(error);
        Leave(1);
    }
}
