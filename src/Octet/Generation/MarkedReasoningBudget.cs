using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>A budget of reasoning between marks (<see cref="ReasoningMarks"/>), which the prompt has opened or the answer begins with.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="most">Tokens of reasoning, from 0.</param>
/// <param name="spacing">What stands around it.</param>
sealed class MarkedReasoningBudget(Tokenizer tokenizer, int most, ReasoningSpacing spacing) : ReasoningBudget(tokenizer, most)
{
    // Of the prompt, in which the opening mark and the line break behind it are; where there is more, something has been thought.
    const int HeadTokens = 32;

    enum Place
    {
        /// <summary>White space alone has come: the model may begin to think.</summary>
        Beginning,
        Reasoning,

        /// <summary>The model has done thinking, or has not begun to.</summary>
        Answer,
    }

    Place _place;
    string _close = "";
    string _end = ""; // of what has come: of the answer, then of its reasoning
    bool _isEmpty = true; // of all but white space

    internal override void Begin(ReadOnlySpan<int> prompt)
    {
        if (ReasoningMarks.LeftOpen(prompt, Tokenizer) is { } close)
        {
            string open = Array.Find(ReasoningMarks.All, pair => pair.Close == close).Open;
            string head = Tokenizer.Decode(prompt[^Math.Min(prompt.Length, HeadTokens)..]);
            Enter(close, head[(head.LastIndexOf(open, StringComparison.Ordinal) is >= 0 and var at ? at + open.Length : 0)..]);
        }
    }

    protected override void Read(int token)
    {
        string text = ReasoningMarks.Text(Tokenizer, token);
        switch (_place)
        {
            case Place.Beginning:
                _end = (_end + text).TrimStart();
                _place = Array.Exists(ReasoningMarks.All, pair => pair.Open.StartsWith(_end, StringComparison.Ordinal)) ? Place.Beginning : Place.Answer;
                if (Array.Find(ReasoningMarks.All, pair => _end.StartsWith(pair.Open, StringComparison.Ordinal)) is { Open: { } open, Close: { } close })
                {
                    Enter(close, _end[open.Length..]);
                }

                break;

            case Place.Reasoning:
                _end += text;
                _isEmpty &= string.IsNullOrWhiteSpace(text);
                if (_end.Contains(_close, StringComparison.Ordinal))
                {
                    _place = Place.Answer;
                }
                else if (IsLast(token))
                {
                    Close();
                }

                _end = _end[^Math.Min(_end.Length, Math.Max(_close.Length - 1, ReasoningSpacing.Longest))..];
                break;
        }
    }

    void Enter(string close, string begun)
    {
        (_place, _close, _end) = (Place.Reasoning, close, begun);
        _isEmpty = string.IsNullOrWhiteSpace(begun);
        if (IsSpent)
        {
            Close();
        }
    }

    /// <summary>Ends the reasoning as the model's template writes it.</summary>
    void Close()
    {
        _place = Place.Answer;
        string front = _isEmpty
            ? (_end.Length == 0 ? spacing.BehindOpen : "") + spacing.BeforeClose
            : _end.EndsWith('\n') ? "" : spacing.BeforeClose;
        Force(front + _close + spacing.BehindClose);
    }
}
