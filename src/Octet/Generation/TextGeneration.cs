using System.Diagnostics;
using Octet.Backends;
using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>One answer: samples tokens from logits, makes text of them and looks for an end. One thread at a time.</summary>
sealed class TextGeneration
{
    readonly GenerationSettings _settings;
    readonly Sampler _sampler;
    readonly AnswerText _answer;
    readonly LogProbabilities? _probabilities;
    readonly Queue<int> _forced = new();
    readonly int _budget;
    readonly long _started = Stopwatch.GetTimestamp();
    long _decode;
    TimeSpan _first;
    TimeSpan _prompt;
    int _count;
    bool _isNoted;

    /// <param name="prompt">What is answered.</param>
    /// <param name="settings">What the generation goes by.</param>
    /// <param name="contextLength">Tokens of prompt and answer together.</param>
    /// <param name="tokenizer">Null: tokens have no text.</param>
    /// <param name="tokenizerSize">Ids from here on are never drawn.</param>
    /// <param name="format">How the model writes calls; null: none.</param>
    internal TextGeneration(int[] prompt, GenerationSettings settings, int contextLength, Tokenizer? tokenizer, int tokenizerSize, OutputFormat? format)
    {
        Prompt = prompt;
        _settings = settings;
        _budget = Math.Min(settings.MaxTokens ?? int.MaxValue, contextLength - prompt.Length);
        _sampler = new Sampler(settings, tokenizerSize);
        _sampler.AddPrompt(prompt);
        _answer = new AnswerText(settings, tokenizer, prompt, format);
        _probabilities = settings.LogProbabilities is { } alternatives ? new LogProbabilities(alternatives) : null;
        Deadline = settings.TimeLimit is { } limit ? _started + (long)Math.Min(limit.TotalSeconds * Stopwatch.Frequency, long.MaxValue / 2) : long.MaxValue;
    }

    internal int[] Prompt { get; }

    /// <summary>Tokens that the answer can still have.</summary>
    internal int Left => _budget - _count;

    /// <summary>Tokens that it has.</summary>
    internal int Count => _count;

    /// <summary>Whether tokens were drawn.</summary>
    internal bool HasBegun => _count > 0;

    internal bool IsOver { get; private set; }

    /// <summary>The token that came last.</summary>
    internal int Token { get; private set; }

    /// <summary>When the time is up, as <see cref="Stopwatch.GetTimestamp"/>.</summary>
    internal long Deadline { get; }

    /// <summary>Since it was asked for.</summary>
    internal TimeSpan Age => Stopwatch.GetElapsedTime(_started);

    /// <summary>Tokens of the prompt that need not be computed.</summary>
    internal int CachedTokens { get; private set; }

    /// <summary>Notes it once: what is found later, after an interruption, was computed here.</summary>
    internal void NoteCached(int tokens)
    {
        if (!_isNoted)
        {
            (CachedTokens, _isNoted) = (tokens, true);
        }
    }

    /// <summary>A step has computed a part of the prompt.</summary>
    internal void NotePrompt(TimeSpan duration) => _prompt += HasBegun ? default : duration;

    /// <summary>Draws the next token from the logits, which it overwrites; the last update carries the finish reason.</summary>
    internal GenerationUpdate Next(Span<float> logits)
    {
        long begun = Stopwatch.GetTimestamp();
        _probabilities?.Read(logits);
        return Take(_sampler.Sample(logits), begun);
    }

    /// <summary>Looks for a while for what the next token may be. Null: that is known; otherwise nothing is to be drawn before the task ends.</summary>
    internal Task? FindMask(long work) => IsOver ? null : _sampler.FindMask(work);

    /// <summary>Whether what may come next hinges on the tokens before it.</summary>
    internal bool LooksBack => _sampler.LooksBack;

    /// <summary>Says what of a row of logits that lies on a device it needs to draw a token.</summary>
    /// <param name="choice">Nothing is asked of it yet.</param>
    /// <param name="width">Length of the row.</param>
    /// <param name="ahead">Tokens that are drawn in between; 0 where it <see cref="LooksBack"/>.</param>
    internal void Ask(RowChoice choice, int width, int ahead)
    {
        _sampler.Ask(choice, width, ahead);
        if (!choice.IsWhole)
        {
            _probabilities?.Ask(choice, width);
        }
    }

    /// <summary>Draws the next token from what was found of such a row; false where that does not tell it, and the row itself is needed.</summary>
    internal bool TryNext(RowChoice found, out GenerationUpdate update)
    {
        long begun = Stopwatch.GetTimestamp();
        update = default;
        if ((_probabilities is not null && !float.IsFinite(found.LikeliestTokens[0].Logit)) || !_sampler.TrySample(found, out int token))
        {
            return false;
        }

        _probabilities?.Read(found);
        update = Take(token, begun);
        return true;
    }

    GenerationUpdate Take(int token, long begun)
    {
        Token = token;
        if (_count++ == 0)
        {
            _prompt += Stopwatch.GetElapsedTime(begun);
            _first = Stopwatch.GetElapsedTime(_started);
            _decode = Stopwatch.GetTimestamp();
        }

        return Accept(token);
    }

    /// <summary>Takes a token that alone may follow, where the constraint of the output leaves no choice: no logits are needed.</summary>
    internal bool TryForce(out GenerationUpdate update)
    {
        update = default;
        if (IsOver || _probabilities is not null)
        {
            return false;
        }

        if (_forced.Count == 0)
        {
            foreach (int forced in _sampler.ForcedTokens())
            {
                _forced.Enqueue(forced);
            }
        }

        if (!_forced.TryDequeue(out int token))
        {
            return false;
        }

        Token = token;
        _count++;
        update = Accept(token);
        return true;
    }

    GenerationUpdate Accept(int token)
    {
        _sampler.Accept(token);
        bool isStop = _settings.IsStop(token);
        AnswerPart part = isStop ? default : _answer.Append(token);
        bool isComplete = _sampler.IsComplete || _answer.HasLastCall;
        if (!isStop && !isComplete && _answer.Stop is null && _count < _budget)
        {
            return Update(part, token, null, null);
        }

        FinishReason reason = isStop || isComplete || _answer.Stop is not null ? FinishReason.Stop : FinishReason.Length;
        return End(isStop ? _answer.Flush() : part.With(_answer.Flush()), token, reason) with { StopString = _answer.Stop, StopTokenId = isStop && _answer.Stop is null ? token : null };
    }

    /// <summary>The end of an answer between two tokens, or before the first.</summary>
    internal GenerationUpdate End(FinishReason reason) => End(_answer.Flush(), null, reason);

    GenerationUpdate End(AnswerPart part, int? token, FinishReason reason)
    {
        IsOver = true;
        TimeSpan decode = HasBegun ? Stopwatch.GetElapsedTime(_decode) : default;
        var statistics = new GenerationStatistics(new TokenUsage(Prompt.Length, _count, CachedTokens), _first, _prompt, decode) { Seed = _sampler.Seed };
        return Update(part, token, reason, statistics);
    }

    GenerationUpdate Update(AnswerPart part, int? token, FinishReason? reason, GenerationStatistics? statistics)
    {
        var update = part.Pieces is null
            ? new GenerationUpdate(part.Text, token, reason, statistics)
            : new GenerationUpdate(part.Text, token, reason, statistics) { Reasoning = part.Reasoning, Pieces = part.Pieces };
        return token is { } drawn && _probabilities is not null ? update with { LogProbability = _probabilities.Of(drawn) } : update;
    }
}
