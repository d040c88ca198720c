using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>What tokens become: text in front of the first stop string, with the reasoning told apart where that is wanted.</summary>
sealed class AnswerText
{
    readonly Tokenizer? _tokenizer;
    readonly StreamingDecoder? _decoder;
    readonly StopStrings _stops;
    readonly ReasoningSplitter? _reasoning;
    readonly bool _skipSpecialTokens;
    readonly bool _hideReasoning;

    /// <param name="settings">What the generation goes by.</param>
    /// <param name="tokenizer">Null: tokens have no text.</param>
    /// <param name="prompt">What the answer follows: it may have opened the reasoning.</param>
    internal AnswerText(GenerationSettings settings, Tokenizer? tokenizer, ReadOnlySpan<int> prompt)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = settings.SkipSpecialTokens;
        _hideReasoning = settings.Reasoning == ReasoningMode.Hide;
        _decoder = tokenizer?.CreateDecoder(_skipSpecialTokens);
        _stops = new StopStrings(settings.StopStrings, _skipSpecialTokens && tokenizer is not null ? HoldsSpecialToken : null);
        if (tokenizer is not null && settings.Reasoning != ReasoningMode.Keep)
        {
            _reasoning = new ReasoningSplitter(ReasoningMarks.LeftOpen(prompt, tokenizer));
        }

        bool HoldsSpecialToken(string stop) => Array.Exists(tokenizer!.Encode(stop, addSpecialTokens: false), tokenizer.IsSpecial);
    }

    /// <summary>The stop string that ended the text; null as long as none has.</summary>
    internal string? Stop => _stops.Found;

    /// <summary>Takes the next token; returns what became final.</summary>
    internal (string Answer, string Reasoning) Append(int token)
    {
        if (_decoder is null)
        {
            return ("", "");
        }

        string text;
        if (_skipSpecialTokens && _tokenizer!.IsSpecial(token))
        {
            string special = _tokenizer.GetToken(token)!;

            // Where reasoning is told apart its marks count, even those that are special tokens.
            text = _reasoning is not null && ReasoningMarks.IsMark(special) ? _stops.Append(special, out _) : _stops.AppendHidden(special, out _);
        }
        else
        {
            text = _stops.Append(_decoder.Append(token), out _);
        }

        return Split(text);
    }

    /// <summary>The text is at its end: returns what was held back. A stop string can come to light in it.</summary>
    internal (string Answer, string Reasoning) Flush()
    {
        string text = _stops.Stopped ? "" : _stops.Append(_decoder?.Flush() ?? "", out _) + _stops.Flush();
        (string answer, string reasoning) = Split(text);
        if (_reasoning is null)
        {
            return (answer, reasoning);
        }

        (string lastAnswer, string lastReasoning) = _reasoning.Flush();
        return (answer + lastAnswer, _hideReasoning ? "" : reasoning + lastReasoning);
    }

    (string Answer, string Reasoning) Split(string text)
    {
        if (_reasoning is null)
        {
            return (text, "");
        }

        (string answer, string reasoning) = _reasoning.Append(text);
        return (answer, _hideReasoning ? "" : reasoning);
    }
}
