using System.Diagnostics;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>Who has what part of the next step, who begins, and who gives way.</summary>
sealed partial class Scheduler
{
    // Steps and states of a constraint that one look for a mask may cost, and what all of a step may take.
    const long MaskWork = 200_000;
    static readonly TimeSpan s_mostSearch = TimeSpan.FromMilliseconds(20);

    // Who has given its pages away has all of its tokens to compute again.
    static readonly Func<GenerationRequest, bool> s_hasPages = static request => request.Session.Computed > 0;

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

        PlanGuesses();
    }

    /// <summary>Chunks of prompts that were begun.</summary>
    void PlanPrompts()
    {
        // Room for them was made at their beginning, but for those that go on with tokens that were not drawn.
        foreach (GenerationRequest request in InOrder(static request => !request.IsPaused && !request.IsWriting))
        {
            if (Room() > 0 && _running.Contains(request) && TryGrow(request))
            {
                Plan(request, Room());
            }
        }
    }

    /// <summary>The next chunk or token of one sequence, of each in turn.</summary>
    void PlanOne()
    {
        foreach (GenerationRequest request in _running.Where(static request => !request.IsPaused).ToArray())
        {
            Plan(request, _engine.BatchCapacity);
            if (!_plan.IsEmpty)
            {
                _running.Remove(request);
                _running.Add(request);
                return;
            }
        }
    }

    void Plan(GenerationRequest request, int room)
    {
        int missing = request.Session.Known - request.Session.Computed;
        int tokens = Math.Min(room, missing);

        // Behind the last of them one is drawn. What is computed together is always the same where results have to be.
        if (tokens > 0 && tokens == missing && !HasMask(request))
        {
            tokens = _limits.IsDeterministic ? 0 : tokens - 1;
        }

        if (tokens > 0)
        {
            _engine.Lengthen(request.Session, request.Session.Known);
            _plan.Add(request, tokens);
        }
    }

    /// <summary>Whether it is known what the next token of a request may be. What takes longer to find out is left to another thread, and the others go on.</summary>
    bool HasMask(GenerationRequest request)
    {
        if (request.MaskSearch is { } search)
        {
            request.MaskSearch = search.IsCompleted ? null : search;
            return search.IsCompleted;
        }

        long begun = Stopwatch.GetTimestamp();
        search = request.Generation.FindMask(_searched < s_mostSearch ? MaskWork : 0);
        _searched += Stopwatch.GetElapsedTime(begun);
        request.MaskSearch = search;
        _ = search?.ContinueWith(static (_, scheduler) => ((Scheduler)scheduler!).Wake(), this, TaskScheduler.Default);
        return search is null;
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
        RestPaused();

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

    /// <summary>A sequence that waits for its reader has no place that others wait for.</summary>
    void RestPaused()
    {
        int missing = Math.Min(_running.Count + _waiting.Count - _limits.Sequences, _running.Count);
        if (missing <= 0)
        {
            return;
        }

        foreach (GenerationRequest request in _running.Where(static request => request.IsPaused).OrderDescending(s_inOrder).Take(missing).ToArray())
        {
            _running.Remove(request);
            _resting.Add(request);
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

        // Without others of ours only sessions of callers can have the pages, and those may never give them back. What is computed again may differ in its last bits.
        int more = _limits.IsDeterministic ? request.Generation.Left : 0;
        while (!_engine.TryReserve(session, more, collects: WithPages() == 0))
        {
            if (!_limits.IsDeterministic && TryTakeFromPaused())
            {
                continue;
            }

            if (request.SharesPages)
            {
                session.GiveWay();
            }

            if (WithPages() > 0)
            {
                return false;
            }

            throw Engine.CacheIsFull((long)session.Known + more);
        }

        return true;
    }

    /// <summary>Makes room for the next token of a sequence; where there is none, those that wait for their readers give way, then those that came last, in the end itself.</summary>
    bool TryGrow(GenerationRequest request)
    {
        try
        {
            while (!_engine.TryReserve(request.Session, 0, collects: WithPages() == 1))
            {
                if (TryTakeFromPaused())
                {
                    continue;
                }

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

    /// <summary>How many sequences of ours may give pages back some day.</summary>
    int WithPages() => _running.Count + _resting.Count(s_hasPages);

    /// <summary>Takes the pages of the one that came last of those that wait for their readers; false where none of them has pages.</summary>
    bool TryTakeFromPaused()
    {
        if (_running.Where(static request => request.IsPaused).Concat(_resting).Where(s_hasPages).Max(s_inOrder) is not { } last)
        {
            return false;
        }

        if (_running.Remove(last))
        {
            _resting.Add(last);
        }

        TakePages(last);
        return true;
    }

    void GiveWay(GenerationRequest request)
    {
        TakePages(request);
        _running.Remove(request);
        _waiting.Add(request);
        _waiting.Sort(s_inOrder);
    }

    void TakePages(GenerationRequest request)
    {
        _plan.Remove(request);
        request.Session.TakeBack(request.Guess.Length);
        request.Guess = [];
        request.Session.GiveWay();
        request.Noted = default;
        _counters.NotePreemption();
    }
}
