using System.Diagnostics;
using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>
/// Guesses by a smaller model of the same vocabulary: its likeliest tokens, one step of it for the next token of all texts together. A text that it
/// has not read it reads beside the model's steps, in chunks that keep to the limit of a step, and guesses when it has.
/// </summary>
/// <remarks>Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023), with guesses that are taken where they equal what is drawn.</remarks>
sealed class DraftGuesser : IGuesser
{
    // What is read in the step that guesses: a guess and its correction, tokens that a constraint of the output forced.
    const int Few = 16;

    // More than one at a time: while it reads a text, that grows by one with each step.
    const int LeastRead = 8;

    readonly Engine _engine;
    readonly PrefixCache? _prefixes;
    readonly PromptPace _pace;
    readonly int _vocabulary;
    readonly Dictionary<GenerationRequest, DraftText> _texts = [];
    readonly List<StepPart> _parts = [];

    // What is wanted of rows on a device, to be used again.
    readonly List<RowChoice> _choices = [];

    // Those whose logits the next step gives, in the order of its parts.
    readonly List<DraftText> _guessing = [];

    /// <param name="engine">The draft model, whose sequences can be cut.</param>
    /// <param name="vocabulary">Length of a row of the model's logits.</param>
    /// <param name="stepLimit">What a step is to take at most.</param>
    /// <param name="keepsPrefixes">Whether what was read is kept for texts that begin in the same way.</param>
    internal DraftGuesser(Engine engine, int vocabulary, TimeSpan stepLimit, bool keepsPrefixes)
    {
        _engine = engine;
        _vocabulary = Math.Min(vocabulary, engine.VocabularySize);
        _pace = new PromptPace(stepLimit, LeastRead);
        _prefixes = keepsPrefixes ? engine.CreatePrefixCache() : null;
    }

    public Guesses Guess(IReadOnlyList<GuessTask> tasks)
    {
        long begun = Stopwatch.GetTimestamp();
        _parts.Clear();
        _guessing.Clear();
        DraftText?[] texts = [.. tasks.Select(Follow)];
        int read = PlanReading(tasks, texts);
        if (_parts.Count == 0)
        {
            return Guesses.None with { Tokens = [.. tasks.Select(static _ => Array.Empty<int>())] };
        }

        bool tries = _guessing.Count > 0;
        while (_parts.Count > 0)
        {
            Step();
        }

        for (int i = 0; i < texts.Length && _prefixes is not null; i++)
        {
            texts[i]?.Note(_prefixes, tasks[i].Request.Session.Known);
        }

        return new Guesses([.. texts.Select(static text => text?.Guess ?? [])], tries, read, Stopwatch.GetElapsedTime(begun));
    }

    public void Note(GenerationRequest request, int guessed, int right)
    {
        if (_texts.TryGetValue(request, out DraftText? text))
        {
            text.Length.Note(guessed, right);
        }
    }

    public void NoteStep(int read, TimeSpan duration) => _pace.Note(read, duration);

    public void Forget(GenerationRequest request)
    {
        if (_texts.Remove(request, out DraftText? text))
        {
            text.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (DraftText text in _texts.Values)
        {
            text.Dispose();
        }

        _texts.Clear();
    }

    /// <summary>The text of a request, up to date; null where it cannot be guessed on.</summary>
    DraftText? Follow(GuessTask task)
    {
        ReadOnlySpan<int> written = task.Request.Session.Tokens;
        if (written.Length > _engine.ContextLength)
        {
            Forget(task.Request);
            return null;
        }

        if (task.Most <= 0)
        {
            return null;
        }

        if (!_texts.TryGetValue(task.Request, out DraftText? text))
        {
            _texts.Add(task.Request, text = new DraftText(_engine, task.Request.Salt));
            if (_prefixes is not null && written.IndexOfAnyExceptInRange(0, _engine.VocabularySize - 1) < 0)
            {
                text.Begin(_prefixes, written);
            }
        }

        return text.TryFollow(written) ? text : null;
    }

    /// <summary>The first step: what is missing of each text, or a chunk of it; returns how many tokens of those that are not guessed on at once.</summary>
    int PlanReading(IReadOnlyList<GuessTask> tasks, DraftText?[] texts)
    {
        int room = _engine.BatchCapacity;
        int chunk = _pace.Tokens(room);
        int read = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            if (texts[i] is not { } text)
            {
                continue;
            }

            int missing = text.Missing;
            bool isBehind = missing > Few;
            int count = Math.Min(Math.Min(missing, room), isBehind ? chunk - read : missing);
            int wanted = Math.Min(Math.Min(tasks[i].Most, text.Length.Value), _engine.ContextLength - text.Session.Known + 1);
            if (count == 0 || (isBehind && tasks[i].Worth <= _pace.Duration(missing)) || !TryReserve(text, wanted - 1, tasks))
            {
                continue;
            }

            room -= count;
            read += isBehind ? count : 0;
            _parts.Add(new StepPart(text.Session, count, count == missing ? 1 : 0));
            if (count == missing)
            {
                text.BeginGuess(wanted);
                _guessing.Add(text);
            }
        }

        return read;
    }

    /// <summary>Room for a text and a guess; where there is none, texts that are not guessed on now give theirs.</summary>
    bool TryReserve(DraftText text, int more, IReadOnlyList<GuessTask> tasks)
    {
        if (_engine.TryReserve(text.Session, more, collects: false))
        {
            return true;
        }

        GenerationRequest[] others = [.. _texts.Keys.Where(request => tasks.All(task => task.Request != request))];
        Array.ForEach(others, Forget);
        return others.Length > 0 && _engine.TryReserve(text.Session, more, collects: false);
    }

    /// <summary>A step of the draft model, and the next one's parts: the guesses that go on.</summary>
    void Step()
    {
        LogitRows logits = _engine.Step(CollectionsMarshal.AsSpan(_parts), CancellationToken.None);
        _parts.Clear();
        if (!logits.AreOnHost)
        {
            Choose();
        }

        int going = 0;
        for (int i = 0; i < _guessing.Count; i++)
        {
            DraftText text = _guessing[i];
            if (logits.AreOnHost ? text.TryExtend(logits.Row(i)[.._vocabulary]) : text.TryExtend(_choices[i]))
            {
                _parts.Add(new StepPart(text.Session, 1, 1));
                _guessing[going++] = text;
            }
        }

        _guessing.RemoveRange(going, _guessing.Count - going);
    }

    /// <summary>Of every text's row the best token, and what it weighs.</summary>
    void Choose()
    {
        for (int i = 0; i < _guessing.Count; i++)
        {
            if (_choices.Count == i)
            {
                _choices.Add(new RowChoice());
            }

            _choices[i].Begin(i);
            (_choices[i].Columns, _choices[i].Best, _choices[i].Rate) = (_vocabulary, 1, 1);
        }

        if (_guessing.Count > 0)
        {
            _engine.Choose(CollectionsMarshal.AsSpan(_choices)[.._guessing.Count]);
        }
    }
}
