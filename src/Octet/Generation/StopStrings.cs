using System.Text;

namespace Octet.Generation;

/// <summary>
/// Finds stop strings in text that arrives in pieces. Text that could still become the beginning of a stop string is held back, so what
/// has been given out never has to be taken back, and how the text was cut into pieces makes no difference. Of several matches the one
/// that starts first counts; of those that start together any does, since the text ends before them all.
/// </summary>
sealed class StopStrings
{
    readonly string[] _stops;
    readonly StringBuilder _held = new();

    /// <param name="stops">Not empty strings, whole Unicode; <see cref="GenerationOptions.Validate"/> sees to that.</param>
    internal StopStrings(IEnumerable<string> stops) => _stops = [.. stops];

    /// <summary>Whether a stop string has come. Nothing is given out after it.</summary>
    internal bool Stopped { get; private set; }

    /// <summary>Takes the next piece and returns what is certain to be in front of every stop string. Never ends inside a surrogate pair.</summary>
    internal string Append(string text, out bool stopped)
    {
        if (!Stopped)
        {
            _held.Append(text);
            text = Release(isEnd: false);
        }
        else
        {
            text = "";
        }

        stopped = Stopped;
        return text;
    }

    /// <summary>
    /// The text is at its end: returns what was held back. A stop string inside it, which had to wait for an earlier one that could still
    /// have come, sets <see cref="Stopped"/>.
    /// </summary>
    internal string Flush() => Stopped ? "" : Release(isEnd: true);

    string Release(bool isEnd)
    {
        string text = _held.ToString();
        int end = _stops.Length == 0 ? text.Length : Certain(text, isEnd);
        _held.Clear();
        if (Stopped)
        {
            return text[..end];
        }

        // A character's first half waits for its second.
        if (!isEnd && end == text.Length && end > 0 && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        _held.Append(text, end, text.Length - end);
        return text[..end];
    }

    /// <summary>The length of the front of the text that no stop string touches or could yet touch.</summary>
    int Certain(string text, bool isEnd)
    {
        for (int start = 0; start < text.Length; start++)
        {
            ReadOnlySpan<char> rest = text.AsSpan(start);
            bool couldStart = false;
            foreach (string stop in _stops)
            {
                if (rest.StartsWith(stop, StringComparison.Ordinal))
                {
                    Stopped = true;
                    return start;
                }

                couldStart |= !isEnd && stop.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            }

            if (couldStart)
            {
                return start;
            }
        }

        return text.Length;
    }
}
