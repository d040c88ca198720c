using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>What is guessed, whether that pays, and what comes of it.</summary>
sealed partial class Scheduler
{
    // With more sequences a step's rows are not idle without guesses.
    const int MostGuessing = 4;

    // A try of a draft model costs its steps, and the reading of what was written since the last one.
    const int LongestPauseOfDraft = 1024;

    readonly SpeculationGain? _gain;
    IGuesser? _guesser;

    // Those of the step that is planned, and whether it tells something about what they save.
    Guesses _guesses = Guesses.None;
    bool _isMeasured;

    /// <inheritdoc cref="SpeculationGain.IsForced"/>
    internal bool AlwaysGuesses
    {
        set => _gain!.IsForced = value;
    }

    /// <summary>More rows for sequences whose next tokens can be guessed, where there are few and it pays. Called when only those that write are planned.</summary>
    void PlanGuesses()
    {
        _guesses = Guesses.None;
        _isMeasured = _guesser is not null && _plan.Writing is > 0 and <= MostGuessing;
        if (!_isMeasured || !_gain!.Pays(_plan.Writing))
        {
            return;
        }

        // Prompts of the model go before what a draft model has not read.
        bool promptsCome = _running.Exists(static request => !request.IsPaused && !request.IsWriting);
        int room = (_engine.BatchCapacity - _plan.Rows) / _plan.Writing;
        GuessTask[] tasks = [.. _plan.Requests.Select(request => new GuessTask(
            request, Math.Min(request.Generation.Left - 1, room), promptsCome ? default : _gain.Worth(Expected(request.Generation))))];
        try
        {
            _guesses = _guesser!.Guess(tasks);
        }
        catch (Exception error)
        {
            // The answers need no guesses.
            _counters.NoteGuessError(error);
            _guesser!.Dispose();
            _guesser = null;
            _isMeasured = false;
            return;
        }

        for (int i = 0; i < tasks.Length; i++)
        {
            if (_guesses.Tokens[i].Length > 0)
            {
                PlanGuess(tasks[i].Request, _guesses.Tokens[i]);
            }
        }
    }

    void PlanGuess(GenerationRequest request, int[] guess)
    {
        _plan.Remove(request);
        request.Session.Know(guess);
        if (_engine.TryReserve(request.Session, 0, collects: false))
        {
            request.Guess = guess;
        }
        else
        {
            request.Session.TakeBack(guess.Length);
        }

        _plan.Add(request, 1 + request.Guess.Length);
    }

    /// <summary>Tokens that an answer is likely to go on for: as long as answers were, and as it has been by now.</summary>
    double Expected(TextGeneration answer)
        => Math.Min(answer.Left, Math.Max(answer.Count, _counters.MeanAnswer ?? answer.Left));

    /// <summary>What came of a request's guess.</summary>
    void NoteGuess(GenerationRequest request, Drawn drawn)
    {
        if (request.Guess.Length > 0 && drawn.Error is null)
        {
            _guesser?.Note(request, request.Guess.Length, drawn.Right);
            _counters.NoteGuess(request.Guess.Length, drawn.Right);
        }

        request.Guess = [];
    }

    /// <summary>What a step took in which nobody's prompt was read.</summary>
    void NoteWriting(int generated, TimeSpan duration)
    {
        _guesser?.NoteStep(_guesses.Read, duration);

        // What is read for guesses to come belongs to neither kind of steps: whether it is worth that was asked before.
        if (_isMeasured && _guesses.Read == 0)
        {
            _gain!.Note(generated, duration, _guesses.Tried);
        }
    }
}
