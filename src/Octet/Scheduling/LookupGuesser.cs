namespace Octet.Scheduling;

/// <summary>Guesses by <see cref="PromptLookup"/>, a text by itself alone.</summary>
sealed class LookupGuesser : IGuesser
{
    readonly Dictionary<GenerationRequest, PromptLookup> _texts = [];

    public Guesses Guess(IReadOnlyList<GuessTask> tasks)
    {
        int[][] tokens = [.. tasks.Select(Guess)];
        return new Guesses(tokens, tokens.Any(static guess => guess.Length > 0), 0, default);
    }

    public void Note(GenerationRequest request, int guessed, int right) => _texts[request].Length.Note(guessed, right);

    public void NoteStep(int read, TimeSpan duration)
    {
        // Nothing is read but what is there already.
    }

    public void Forget(GenerationRequest request) => _texts.Remove(request);

    public void Dispose() => _texts.Clear();

    int[] Guess(GuessTask task)
    {
        if (!_texts.TryGetValue(task.Request, out PromptLookup? text))
        {
            _texts.Add(task.Request, text = new PromptLookup());
        }

        int[] guess = text.Guess(task.Request.Session.Tokens);
        return guess[..Math.Clamp(task.Most, 0, guess.Length)];
    }
}
