using Octet.Output;
using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>What tokens become: text in front of the first stop string, taken apart where that is wanted.</summary>
sealed class AnswerText
{
    readonly Tokenizer? _tokenizer;
    readonly StreamingDecoder? _decoder;
    readonly StopStrings _stops;
    readonly OutputParser? _parser;
    readonly OutputFormat _format;
    readonly GenerationSettings _settings;

    /// <param name="settings">What the generation goes by.</param>
    /// <param name="tokenizer">Null: tokens have no text.</param>
    /// <param name="prompt">What the answer follows: it may have opened the reasoning.</param>
    /// <param name="format">How the model writes calls; null: none.</param>
    internal AnswerText(GenerationSettings settings, Tokenizer? tokenizer, ReadOnlySpan<int> prompt, OutputFormat? format = null)
    {
        _settings = settings;
        _tokenizer = tokenizer;
        _format = format ?? OutputFormat.Plain;
        _decoder = tokenizer?.CreateDecoder(settings.SkipSpecialTokens);
        _stops = new StopStrings(settings.StopStrings, settings.SkipSpecialTokens && tokenizer is not null ? HoldsSpecialToken : null);
        if (tokenizer is not null && (SeparatesReasoning || SeparatesCalls || (_format.IsHarmony && settings.Constraint is not null)))
        {
            _parser = new OutputParser(_format, new OutputParserOptions(
                settings.Tools, _format.IsHarmony ? null : ReasoningMarks.LeftOpen(prompt, tokenizer), _format.IsHarmony ? HarmonyHead(prompt, tokenizer) : "", SeparatesReasoning, SeparatesCalls));
        }

        bool HoldsSpecialToken(string stop) => Array.Exists(tokenizer!.Encode(stop, addSpecialTokens: false), tokenizer.IsSpecial);
    }

    /// <summary>The stop string that ended the text; null as long as none has.</summary>
    internal string? Stop => _stops.Found;

    /// <summary>Whether a whole call has come, and ends the text.</summary>
    internal bool HasLastCall { get; private set; }

    bool SeparatesReasoning => _settings.Reasoning != ReasoningMode.Keep;

    bool SeparatesCalls => _settings.ToolCalls == ToolCallMode.Separate;

    /// <summary>Takes the next token; returns what became final.</summary>
    internal AnswerPart Append(int token)
    {
        if (_decoder is null)
        {
            return default;
        }

        string text;
        if (_settings.SkipSpecialTokens && _tokenizer!.IsSpecial(token))
        {
            // Where an answer is taken apart its marks count, even those that are special tokens.
            string special = _tokenizer.GetToken(token)!;
            text = IsMark(special) ? _stops.Append(special, out _) : _stops.AppendHidden(special, out _);
        }
        else
        {
            text = _stops.Append(_decoder.Append(token), out _);
        }

        return _parser is null ? new AnswerPart(text, null) : Part(_parser.Append(text));
    }

    /// <summary>The text is at its end: returns what was held back. A stop string can come to light in it.</summary>
    internal AnswerPart Flush()
    {
        if (HasLastCall)
        {
            return default;
        }

        string text = _stops.Stopped ? "" : _stops.Append(_decoder?.Flush() ?? "", out _) + _stops.Flush();
        return _parser is null ? new AnswerPart(text, null) : Part([.. _parser.Append(text), .. _parser.Complete()]);
    }

    bool IsMark(string special)
        => _parser is not null && ((SeparatesReasoning && ReasoningMarks.IsMark(special)) || ((SeparatesCalls || _format.IsHarmony) && _format.IsMark(special)));

    AnswerPart Part(IReadOnlyList<OutputPiece> pieces)
    {
        for (int i = 0; i < pieces.Count && _settings.EndsBehindCall && !HasLastCall; i++)
        {
            if (pieces[i] is { Kind: OutputKind.CallEnd, IsBroken: false })
            {
                HasLastCall = true;
                pieces = [.. pieces.Take(i + 1)];
            }
        }

        return new("", _settings.Reasoning == ReasoningMode.Hide ? [.. pieces.Where(static piece => piece.Kind != OutputKind.Reasoning)] : pieces);
    }

    /// <summary>What the prompt holds of the answer's own message; empty where it does not begin one.</summary>
    static string HarmonyHead(ReadOnlySpan<int> prompt, Tokenizer tokenizer)
    {
        int start = tokenizer.GetId(HarmonyReader.Start) is { } id ? prompt.LastIndexOf(id) : -1;
        return start < 0 ? "" : tokenizer.Decode(prompt[(start + 1)..]);
    }
}
