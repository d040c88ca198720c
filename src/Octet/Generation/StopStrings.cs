using System.Text;

namespace Octet.Generation;

/// <summary>
/// Finds stop strings in text that arrives in pieces. Text that could still become the beginning of a stop string is held back, so what
/// has been given out never has to be taken back, and how the text was cut into pieces makes no difference. Of several matches the one
/// that starts first counts; of those that start together the first in the list, since the text ends before them all.
/// </summary>
/// <remarks>
/// Pieces can be hidden: part of what the model wrote, but not of what is given out, as special tokens are. Stop strings that contain such
/// pieces are looked for in everything, the others in what is given out.
/// </remarks>
sealed class StopStrings
{
    readonly string[] _stops;
    readonly string[] _hiddenStops;
    readonly StringBuilder _held = new();

    // For each character held whether it is hidden; empty as long as none is.
    readonly List<bool> _isHidden = [];

    /// <param name="stops">Not empty strings, whole Unicode; <see cref="GenerationOptions.Validate"/> sees to that.</param>
    /// <param name="holdsHidden">Whether a stop string contains a piece that can come hidden.</param>
    internal StopStrings(IReadOnlyList<string> stops, Func<string, bool>? holdsHidden = null)
    {
        _hiddenStops = holdsHidden is null ? [] : [.. stops.Where(holdsHidden)];
        _stops = [.. stops.Except(_hiddenStops)];
    }

    /// <summary>The stop string that has come. Nothing is given out after it.</summary>
    internal string? Found { get; private set; }

    /// <summary>Whether a stop string has come.</summary>
    internal bool Stopped => Found is not null;

    /// <summary>Whether hidden pieces make a difference.</summary>
    internal bool WantsHidden => _hiddenStops.Length > 0;

    /// <summary>Takes the next piece and returns what is certain to be in front of every stop string. Never ends inside a surrogate pair.</summary>
    internal string Append(string text, out bool stopped)
    {
        if (!Stopped)
        {
            Hold(text, isHidden: false);
            text = Release(isEnd: false);
        }
        else
        {
            text = "";
        }

        stopped = Stopped;
        return text;
    }

    /// <summary>The same for a piece that is hidden.</summary>
    internal string AppendHidden(string text, out bool stopped)
    {
        if (Stopped || !WantsHidden)
        {
            stopped = Stopped;
            return "";
        }

        Hold(text, isHidden: true);
        text = Release(isEnd: false);
        stopped = Stopped;
        return text;
    }

    /// <summary>
    /// The text is at its end: returns what was held back. A stop string inside it, which had to wait for an earlier one that could still
    /// have come, sets <see cref="Found"/>.
    /// </summary>
    internal string Flush() => Stopped ? "" : Release(isEnd: true);

    void Hold(string text, bool isHidden)
    {
        if (isHidden || _isHidden.Count > 0)
        {
            _isHidden.AddRange(Enumerable.Repeat(false, _held.Length - _isHidden.Count));
            _isHidden.AddRange(Enumerable.Repeat(isHidden, text.Length));
        }

        _held.Append(text);
    }

    string Release(bool isEnd)
    {
        string text = _held.ToString();
        string visible = Visible(text, text.Length);
        (int end, Found) = Certain(visible, _stops, isEnd);
        if (_isHidden.Count > 0)
        {
            end = Position(end, visible.Length);
        }

        if (WantsHidden)
        {
            (int other, string? found) = Certain(text, _hiddenStops, isEnd);
            Found = other < end ? found : Found ?? (other == end ? found : null);
            end = Math.Min(end, other);
        }

        // A character's first half waits for its second.
        if (!Stopped && !isEnd && end == text.Length && end > 0 && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        string released = Visible(text, end);
        _held.Remove(0, end);
        _isHidden.RemoveRange(0, Math.Min(end, _isHidden.Count));
        if (!_isHidden.Contains(true))
        {
            _isHidden.Clear();
        }

        return released;
    }

    /// <summary>What of the first <paramref name="length"/> characters is not hidden.</summary>
    string Visible(string text, int length)
        => _isHidden.Count == 0 ? text[..length] : string.Concat(text.Take(length).Where((_, i) => !_isHidden[i]));

    /// <summary>Where in everything the character stands that is the <paramref name="visible"/>-th not hidden.</summary>
    int Position(int visible, int count)
    {
        if (visible == count)
        {
            return _isHidden.Count;
        }

        int at = -1;
        do
        {
            at = _isHidden.IndexOf(false, at + 1);
        }
        while (visible-- > 0);
        return at;
    }

    /// <summary>The length of the front of the text that no stop string touches or could yet touch, and the one that is behind it.</summary>
    static (int Length, string? Found) Certain(string text, string[] stops, bool isEnd)
    {
        for (int start = 0; stops.Length > 0 && start < text.Length; start++)
        {
            ReadOnlySpan<char> rest = text.AsSpan(start);
            bool couldStart = false;
            foreach (string stop in stops)
            {
                if (rest.StartsWith(stop, StringComparison.Ordinal))
                {
                    return (start, stop);
                }

                couldStart |= !isEnd && stop.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            }

            if (couldStart)
            {
                return (start, null);
            }
        }

        return (text.Length, null);
    }
}
