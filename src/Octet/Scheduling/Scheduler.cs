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
sealed class Scheduler
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

    internal Scheduler(Engine engine, SchedulerLimits limits)
    {
        _engine = engine;
        _limits = limits with { Sequences = Math.Min(limits.Sequences, engine.BatchCapacity) };

        // What one has computed may differ in its last bits from what another would have.
        _prefixes = limits is { KeepsPrefixes: true, IsDeterministic: false } ? engine.CreatePrefixCache() : null;
        _pace = new PromptPace(limits.Step);
        _plan = new StepPlan(engine.BatchCapacity);
    }

    internal bool KeepsPrefixes => _prefixes is not null;

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
                Fail([.. _running, .. _waiting], error);
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
        foreach (GenerationRequest request in _running.Concat(_waiting))
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

    void TakeArrived()
    {
        lock (_gate)
        {
            _waiting.AddRange(_arrived);
            _arrived.Clear();
        }

        _waiting.Sort(s_inOrder);
    }

    /// <summary>Ends what was cancelled, or has lost its session, and what has no time left.</summary>
    bool EndStopped()
    {
        long now = Stopwatch.GetTimestamp();
        List<GenerationRequest> stopped = [.. _running.Concat(_waiting).Where(request => request.CancellationToken.IsCancellationRequested || request.Session.IsDisposed || request.Generation.Deadline <= now)];
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

    /// <summary>A row for each sequence that writes.</summary>
    void PlanWriting()
    {
        foreach (GenerationRequest request in InOrder(static request => !request.IsPaused && request.IsWriting))
        {
            // One that has given way for another before it is no longer among them.
            if (_running.Contains(request) && TryGrow(request))
            {
                Plan(request, 1);
            }
        }
    }

    /// <summary>Chunks of prompts that were begun.</summary>
    void PlanPrompts()
    {
        foreach (GenerationRequest request in InOrder(static request => !request.IsPaused && !request.IsWriting))
        {
            Plan(request, Room());
        }
    }

    /// <summary>The next chunk or token of one sequence, of each in turn.</summary>
    void PlanOne()
    {
        int next = _running.FindIndex(static request => !request.IsPaused);
        if (next >= 0)
        {
            GenerationRequest request = _running[next];
            _running.RemoveAt(next);
            _running.Add(request);
            Plan(request, _engine.BatchCapacity);
        }
    }

    void Plan(GenerationRequest request, int room)
    {
        if (room > 0)
        {
            _engine.Lengthen(request.Session, request.Session.Known);
            _plan.Add(request, Math.Min(room, request.Session.Known - request.Session.Computed));
        }
    }

    GenerationRequest[] InOrder(Func<GenerationRequest, bool> which) => [.. _running.Where(which).Order(s_inOrder)];

    /// <summary>Prompt tokens that this step can still take.</summary>
    int Room()
    {
        int room = _engine.BatchCapacity - _plan.Rows;
        return _plan.Writing == 0 ? room : Math.Min(room, _pace.Tokens(_engine.BatchCapacity) - _plan.PromptTokens);
    }

    /// <summary>Begins sequences as long as there is room for them and their prompts.</summary>
    void Admit()
    {
        // Not all of a long line that waits for one prompt are looked at in every step.
        for (int i = 0; i < Math.Min(_waiting.Count, _limits.Sequences) && _running.Count < _limits.Sequences && (Room() > 0 || _limits.IsDeterministic);)
        {
            GenerationRequest request = _waiting[i];
            if (WaitsForSameBeginning(request))
            {
                i++;
                continue;
            }

            try
            {
                if (!TryBegin(request))
                {
                    // Nobody who came later goes first.
                    return;
                }
            }
            catch (Exception error)
            {
                End(request, error);
                continue;
            }

            _waiting.RemoveAt(i);
            _running.Add(request);
            if (!_limits.IsDeterministic)
            {
                Plan(request, Room());
            }
        }
    }

    /// <summary>Whether a prompt that begins in the same way is being computed: its pages are worth waiting for.</summary>
    bool WaitsForSameBeginning(GenerationRequest request)
    {
        if (_prefixes is null || !request.SharesPages)
        {
            return false;
        }

        int coming = 0;
        foreach (GenerationRequest other in _running)
        {
            if (other.SharesPages && !other.IsPaused && !other.IsWriting && other.Salt == request.Salt)
            {
                coming = Math.Max(coming, other.Session.Tokens.CommonPrefixLength(request.Session.Tokens[..^1]));
            }
        }

        return coming >= KvCacheLayout.PageTokens && coming / KvCacheLayout.PageTokens * KvCacheLayout.PageTokens > _prefixes.Length(request.Salt, request.Session.Tokens[..^1]);
    }

    bool TryBegin(GenerationRequest request)
    {
        InferenceSession session = request.Session;
        if (_prefixes is not null && request.SharesPages && session.Computed == 0)
        {
            PrefixCache.Block? last = _prefixes.Match(request.Salt, session.Tokens[..^1], session.Sequence);
            int shared = session.Sequence.Capacity;
            session.Adopt(shared);
            request.Noted = (shared / KvCacheLayout.PageTokens, last);
            request.Generation.NoteCached(Math.Min(shared, request.Generation.Prompt.Length));
        }

        // Without others of ours only sessions of callers can have the pages, and those may never give them back.
        int more = _limits.IsDeterministic ? request.Generation.Left : 0;
        if (_engine.TryReserve(session, more, collects: _running.Count == 0))
        {
            return true;
        }

        if (request.SharesPages)
        {
            session.GiveWay();
        }

        if (_running.Count == 0)
        {
            throw Engine.CacheIsFull((long)session.Known + more);
        }

        return false;
    }

    /// <summary>Makes room for the next token of a sequence; where there is none, those that came last give way, in the end itself.</summary>
    bool TryGrow(GenerationRequest request)
    {
        try
        {
            while (!_engine.TryReserve(request.Session, 0, collects: _running.Count == 1))
            {
                GenerationRequest last = _running.Order(s_inOrder).Last();
                if (last == request && _running.Count == 1)
                {
                    throw Engine.CacheIsFull(request.Session.Known);
                }

                GiveWay(last);
                if (last == request)
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception error)
        {
            End(request, error);
            return false;
        }
    }

    void GiveWay(GenerationRequest request)
    {
        _plan.Remove(request);
        request.Session.GiveWay();
        request.Noted = default;
        _running.Remove(request);
        _waiting.Add(request);
        _waiting.Sort(s_inOrder);
        _counters.NotePreemption();
    }

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
        if (_plan.Writing > 0)
        {
            _pace.Note(_plan.PromptTokens, computed);
        }

        foreach (GenerationRequest request in requests)
        {
            request.Generation.NotePrompt(computed);
            Note(request);
        }

        int promptTokens = _plan.PromptTokens;
        int generated = Draw([.. _plan.Asking], logits);
        _counters.NoteStep(promptTokens, generated, computed, Stopwatch.GetElapsedTime(begun));
    }

    /// <summary>Draws a token of each sequence; returns how many.</summary>
    int Draw(GenerationRequest[] requests, Memory<float> logits)
    {
        var updates = new GenerationUpdate[requests.Length];
        var errors = new Exception?[requests.Length];
        int width = _engine.VocabularySize;
        if (requests.Length == 1)
        {
            Draw(0);
        }
        else
        {
            Parallel.For(0, requests.Length, Draw);
        }

        for (int i = 0; i < requests.Length; i++)
        {
            if (errors[i] is { } error)
            {
                End(requests[i], error);
                continue;
            }

            requests[i].Emit(updates[i]);
            if (requests[i].Generation.IsOver)
            {
                End(requests[i], null);
            }
            else
            {
                requests[i].Session.Know([requests[i].Generation.Token]);
            }
        }

        return requests.Length;

        void Draw(int i)
        {
            try
            {
                updates[i] = requests[i].Generation.Next(logits.Span.Slice(i * width, width));
            }
            catch (Exception error)
            {
                errors[i] = error;
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
        _waiting.Remove(request);
        _counters.NoteEnd(request.Generation);
        request.End(error);
        Leave(1);
    }
}
