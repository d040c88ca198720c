using System.Runtime.InteropServices;
using Octet.Backends;
using Octet.Generation;

namespace Octet.Scheduling;

/// <summary>
/// Draws the tokens that a step's logits give: of each sequence as many as were guessed right, and the one behind them. Rows of the host are looked at one after another. Of rows of a device
/// all sequences ask for what they need at once, and once more for what turns out to be missing: whole rows, and rows behind a right guess where what may come hinges on it.
/// </summary>
sealed class StepDraw
{
    readonly Engine _engine;
    readonly LogitRows _logits;
    readonly (GenerationRequest Request, int Rows)[] _asking;
    readonly int[] _first;

    // Of rows of a device: what is wanted of each and whether it was found, in the order of the rows; and those that the next look is for.
    readonly RowChoice[] _choices = [];
    readonly bool[] _areFound = [];
    readonly List<RowChoice> _asked = [];

    /// <param name="engine">Whose step it was.</param>
    /// <param name="logits">What came of it.</param>
    /// <param name="asking">The sequences that get tokens, in the order of their rows, and how many rows each has.</param>
    /// <param name="choices">Used again from step to step; grows.</param>
    internal StepDraw(Engine engine, LogitRows logits, (GenerationRequest Request, int Rows)[] asking, List<RowChoice> choices)
    {
        _engine = engine;
        _logits = logits;
        _asking = asking;
        _first = new int[asking.Length];
        for (int i = 1; i < _first.Length; i++)
        {
            _first[i] = _first[i - 1] + asking[i - 1].Rows;
        }

        Results = new Drawn[asking.Length];
        for (int i = 0; i < asking.Length; i++)
        {
            Results[i] = new Drawn();
        }

        if (!logits.AreOnHost && asking.Length > 0)
        {
            int rows = _first[^1] + asking[^1].Rows;
            while (choices.Count < rows)
            {
                choices.Add(new RowChoice());
            }

            _choices = [.. choices.Take(rows)];
            _areFound = new bool[rows];
        }
    }

    /// <summary>Of each sequence that asked, in order.</summary>
    internal Drawn[] Results { get; }

    /// <summary>Has a device do its part, and waits for the step by that. Nothing where rows lie on the host.</summary>
    internal void Begin()
    {
        if (!_logits.AreOnHost)
        {
            int[] all = [.. Enumerable.Range(0, _asking.Length)];
            ForEach(all, i => Try(i, Ask));
            Find(all);
        }
    }

    /// <summary>Draws. What fails is the error of its sequence.</summary>
    internal void Finish()
    {
        int[] open = [.. Enumerable.Range(0, _asking.Length).Where(i => Results[i].Error is null)];
        while (open.Length > 0)
        {
            ForEach(open, i => Try(i, Draw));
            open = [.. open.Where(i => Results[i].IsWaiting)];
            try
            {
                Find(open);
            }
            catch (Exception error)
            {
                Array.ForEach(open, i => Results[i].Error = error);
                return;
            }
        }
    }

    void Draw(int i)
    {
        GenerationRequest request = _asking[i].Request;
        Drawn result = Results[i];
        result.IsWaiting = false;

        // As long as all was guessed, the row behind it is that of the next token. Tokens that follow without being drawn come where they
        // would come without guesses, as the next draw would be another one.
        do
        {
            if (!TryNext(request.Generation, _first[i] + result.Right, out GenerationUpdate update))
            {
                result.IsWaiting = true;
                Ask(i);
                return;
            }

            result.Add(request, update);
            while (request.Generation.TryForce(out GenerationUpdate forced))
            {
                result.Add(request, forced);
            }
        }
        while (!request.Generation.IsOver && result.Following.Count == 0);
    }

    /// <summary>False where more is needed of the row than is there.</summary>
    bool TryNext(TextGeneration generation, int row, out GenerationUpdate update)
    {
        if (_logits.AreOnHost)
        {
            update = generation.Next(_logits.Row(row));
            return true;
        }

        update = default;
        if (!_areFound[row])
        {
            return false;
        }

        if (_choices[row].IsWhole)
        {
            update = generation.Next(_choices[row].Whole);
            return true;
        }

        return generation.TryNext(_choices[row], out update);
    }

    /// <summary>Says what a sequence needs of its next row, all of it where a part was not enough; and of those behind it where they do not hinge on what is drawn.</summary>
    void Ask(int i)
    {
        (GenerationRequest request, int rows) = _asking[i];
        int row = _first[i] + Results[i].Right;
        if (_areFound[row])
        {
            _areFound[row] = false;
            _choices[row].IsWhole = true;
            return;
        }

        int end = request.Generation.LooksBack ? row + 1 : _first[i] + rows;
        for (int at = row; at < end; at++)
        {
            _choices[at].Begin(at);
            request.Generation.Ask(_choices[at], _logits.Width, at - row);
        }
    }

    /// <summary>What sequences ask for that is not there yet.</summary>
    void Find(int[] sequences)
    {
        _asked.Clear();
        foreach (int i in sequences.Where(i => Results[i].Error is null))
        {
            int row = _first[i] + Results[i].Right;
            int end = _choices[row].IsWhole || _asking[i].Request.Generation.LooksBack ? row + 1 : _first[i] + _asking[i].Rows;
            for (int at = row; at < end; at++)
            {
                _asked.Add(_choices[at]);
                _areFound[at] = true;
            }
        }

        if (_asked.Count > 0)
        {
            _engine.Choose(CollectionsMarshal.AsSpan(_asked));
        }
    }

    void Try(int i, Action<int> action)
    {
        try
        {
            action(i);
        }
        catch (Exception error)
        {
            Results[i].Error = error;
            Results[i].IsWaiting = false;
        }
    }

    static void ForEach(int[] sequences, Action<int> action)
    {
        if (sequences.Length == 1)
        {
            action(sequences[0]);
        }
        else
        {
            Parallel.ForEach(sequences, action);
        }
    }
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

    /// <summary>Whether the next token needs more of a row than is there.</summary>
    internal bool IsWaiting { get; set; }

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
