using System.Text;

namespace Octet.Generation;

/// <summary>
/// Tells reasoning from the answer in text that arrives in pieces; how it was cut into pieces makes no difference. Reasoning is one block
/// between marks at the beginning; marks behind it are the answer's own text. White space around the block, and around what is in it, is
/// left out.
/// </summary>
sealed class ReasoningSplitter
{
    enum Place
    {
        Beginning,
        Inside,
        Behind,
        Answer,
    }

    readonly StringBuilder _held = new();
    Place _place;
    string _close = "";
    bool _hasReasoning;

    /// <param name="leftOpen">The closing mark of a block that the prompt has opened; null: none.</param>
    internal ReasoningSplitter(string? leftOpen)
    {
        if (leftOpen is not null)
        {
            _close = leftOpen;
            _place = Place.Inside;
        }
    }

    /// <summary>Takes the next piece and returns what became certain of the answer and of the reasoning.</summary>
    internal (string Answer, string Reasoning) Append(string text) => Take(text, isEnd: false);

    /// <summary>The text is at its end: returns what was held back.</summary>
    internal (string Answer, string Reasoning) Flush() => Take("", isEnd: true);

    (string Answer, string Reasoning) Take(string text, bool isEnd)
    {
        if (_place == Place.Answer)
        {
            return (text, "");
        }

        text = _held.Append(text).ToString();
        _held.Clear();
        string reasoning = "";
        if (_place == Place.Beginning && !Begin(ref text, isEnd))
        {
            return ("", "");
        }

        if (_place == Place.Inside)
        {
            reasoning = Inside(ref text, isEnd);
        }

        if (_place == Place.Behind)
        {
            text = text.TrimStart('\r', '\n');
            _place = text.Length > 0 ? Place.Answer : Place.Behind;
        }

        return (_place == Place.Answer ? text : "", reasoning);
    }

    /// <summary>False where more text is needed to tell.</summary>
    bool Begin(ref string text, bool isEnd)
    {
        string start = text.TrimStart();
        foreach ((string open, string close) in ReasoningMarks.All)
        {
            if (start.StartsWith(open, StringComparison.Ordinal))
            {
                text = start[open.Length..];
                _close = close;
                _place = Place.Inside;
                return true;
            }
        }

        if (!isEnd && Array.Exists(ReasoningMarks.All, pair => pair.Open.StartsWith(start, StringComparison.Ordinal)))
        {
            _held.Append(text);
            return false;
        }

        _place = Place.Answer;
        return true;
    }

    /// <summary>Returns what is certain of the reasoning; what is behind it stays in <paramref name="text"/>.</summary>
    string Inside(ref string text, bool isEnd)
    {
        if (!_hasReasoning)
        {
            text = text.TrimStart();
        }

        int close = text.IndexOf(_close, StringComparison.Ordinal);
        string reasoning;
        if (close >= 0)
        {
            reasoning = text[..close].TrimEnd();
            text = text[(close + _close.Length)..];
            _place = Place.Behind;
        }
        else
        {
            // The beginning of the mark, and white space that may turn out to be the block's last.
            int certain = isEnd ? text.Length : text.Length - Overlap(text, _close);
            reasoning = text[..certain].TrimEnd();
            _held.Append(isEnd ? "" : text[reasoning.Length..]);
            text = "";
        }

        _hasReasoning |= reasoning.Length > 0;
        return reasoning;
    }

    /// <summary>How many characters at the end of the text are the beginning of the mark.</summary>
    static int Overlap(string text, string mark)
    {
        int length = Math.Min(text.Length, mark.Length - 1);
        while (length > 0 && !text.AsSpan().EndsWith(mark.AsSpan(0, length), StringComparison.Ordinal))
        {
            length--;
        }

        return length;
    }
}
