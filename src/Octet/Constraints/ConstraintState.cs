namespace Octet.Constraints;

/// <summary>How far one generation is in its constraint. For one thread at a time.</summary>
/// <remarks>
/// Where the model thinks first, the constraint begins behind the end of the reasoning: in it every text may come, but not the end; between the
/// two at most <see cref="ThinkingMarks.MostLineBreaks"/> line breaks.
/// </remarks>
sealed class ConstraintState
{
    readonly CompiledConstraint _compiled;
    AutomatonState _state;
    (AutomatonState State, ulong[] Mask)? _found;
    Place _place = Place.Answer;
    string _close = ""; // of the reasoning
    string _thought = ""; // the end of what came of it
    int _lineBreaks; // that may still come
    bool _ended;

    internal ConstraintState(CompiledConstraint compiled)
    {
        _compiled = compiled;
        _state = compiled.Automaton.Start;
    }

    enum Place
    {
        /// <summary>Nothing has come: the model may begin to think.</summary>
        Beginning,
        Reasoning,
        BehindReasoning,
        Answer,
    }

    /// <summary>Whether the text may end here.</summary>
    internal bool Accepts => _ended || (_place != Place.Reasoning && _compiled.Automaton.MayEnd(_state));

    /// <summary>Whether nothing but the end may come.</summary>
    internal bool IsComplete => Accepts && (_ended || _state.Steps is { Length: 0 });

    /// <summary>The tokens that may come next, a bit for each, lowest first; those that end a text are not among them (<see cref="Accepts"/>).</summary>
    /// <exception cref="ConstraintException">The constraint is too ambiguous, or takes too long.</exception>
    internal ReadOnlySpan<ulong> Mask => MaskBits;

    /// <summary>The same, which does not change any more.</summary>
    /// <exception cref="ConstraintException">As of <see cref="Mask"/>.</exception>
    internal ulong[] MaskBits
    {
        get
        {
            if (_place == Place.Reasoning)
            {
                return _compiled.Marks!.AnyText;
            }

            ulong[] mask = _found is { } found && found.State == _state ? found.Mask : _compiled.Masks.Of(_state);
            return _place == Place.Answer ? mask : WithThinking(mask);
        }
    }

    /// <summary>
    /// Looks for <see cref="Mask"/> for a while. Null: it is there, or will be refused. Otherwise another thread looks on, and until it ends this is not to be touched.
    /// </summary>
    /// <param name="work">What it may cost here, as <see cref="TokenMasks.TryFind"/> counts.</param>
    internal Task? FindMask(long work)
    {
        AutomatonState state = _state;
        if (_place == Place.Reasoning || _found?.State == state)
        {
            return null;
        }

        if (_compiled.Masks.TryFind(state, work, out ulong[]? mask))
        {
            _found = mask is null ? null : (state, mask);
            return null;
        }

        return Task.Run(() =>
        {
            try
            {
                _found = (state, _compiled.Masks.Of(state));
            }
            catch (ConstraintException)
            {
                // Remembered with the state, and thrown to who asks for the mask.
            }
        });
    }

    /// <summary>Tells what stands in front of the text, which may have opened the model's reasoning.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="mayThink">Whether the model may open it itself.</param>
    /// <exception cref="ModelException">The prompt has begun a message that cannot go on to such an answer.</exception>
    internal void Begin(ReadOnlySpan<int> prompt, bool mayThink)
    {
        if (_compiled.MessageStart is { } start)
        {
            foreach (int token in prompt[(prompt.LastIndexOf(start) + 1)..])
            {
                Follow(token);
            }

            if (_state.IsDead)
            {
                throw new ModelException(ModelError.InvalidInput, "the prompt has begun the answer's message, which cannot go on to what Constraint asks for; expected one that leaves the whole message to the model");
            }
        }

        if (_compiled.Marks is not { } marks)
        {
            return;
        }

        if (marks.LeftOpen(prompt) is { } close)
        {
            (_place, _close) = (Place.Reasoning, close);
        }
        else if (mayThink && marks.Opening.Length > 0 && !marks.IsClosed(prompt))
        {
            _place = Place.Beginning;
        }
    }

    /// <summary>Takes the next token: one that <see cref="Mask"/> has, or where <see cref="Accepts"/> one that ends the text.</summary>
    /// <exception cref="InvalidOperationException">It is neither.</exception>
    internal void Accept(int token)
    {
        if (_place == Place.Reasoning)
        {
            Think(token);
            return;
        }

        if (_place != Place.Answer && TakesAround(token))
        {
            return;
        }

        AutomatonState before = _state;
        Follow(token);
        if (_state.IsDead || _ended)
        {
            _state = before;
            _ended = Accepts ? true : throw new InvalidOperationException($"token {token} does not go on with what the constraint allows; expected one of its mask");
            return;
        }

        _place = Place.Answer;
    }

    /// <summary>Goes on by the bytes of a token; what is no text leads nowhere.</summary>
    void Follow(int token)
    {
        ReadOnlySpan<byte> bytes = _compiled.Trie.Bytes(token);
        if (bytes.IsEmpty)
        {
            _state = _compiled.Automaton.Dead;
        }

        foreach (byte value in bytes)
        {
            _state = _compiled.Automaton.Next(_state, value);
        }
    }

    /// <summary>The tokens of the only way on, as the tokenizer writes it; empty where there are several. Not taken yet.</summary>
    internal int[] ForcedTokens() => _place == Place.Answer && !_ended ? _compiled.Forced(_state) : [];

    /// <summary>The same place in the same constraint, to go another way from.</summary>
    internal ConstraintState Clone() => (ConstraintState)MemberwiseClone();

    ulong[] WithThinking(ulong[] mask)
    {
        ThinkingMarks marks = _compiled.Marks!;
        ulong[] wider = [.. mask];
        IEnumerable<int> tokens = _place == Place.Beginning
            ? marks.Opening.Select(static mark => mark.Token)
            : marks.LineBreaks.Where(token => _compiled.Trie.Bytes(token).Length <= _lineBreaks);
        foreach (int token in tokens)
        {
            wider[token >> 6] |= 1UL << token;
        }

        return wider;
    }

    /// <summary>Takes what may stand around the answer; false where the token is the answer's.</summary>
    bool TakesAround(int token)
    {
        ThinkingMarks marks = _compiled.Marks!;
        if (_place == Place.Beginning)
        {
            int at = Array.FindIndex(marks.Opening, mark => mark.Token == token);
            if (at >= 0)
            {
                (_place, _close) = (Place.Reasoning, marks.Opening[at].Close);
            }

            return at >= 0;
        }

        int length = _compiled.Trie.Bytes(token).Length;
        if (length <= _lineBreaks && marks.LineBreaks.AsSpan().Contains(token))
        {
            _lineBreaks -= length;
            return true;
        }

        return false;
    }

    void Think(int token)
    {
        _thought += _compiled.Marks!.Text(token);
        int at = _thought.IndexOf(_close, StringComparison.Ordinal);
        if (at >= 0)
        {
            // A mark of several tokens may come with the line breaks behind it.
            string behind = _thought[(at + _close.Length)..];
            _lineBreaks = Math.Max(0, ThinkingMarks.MostLineBreaks - behind.Length);
            _place = Place.BehindReasoning;
            _thought = "";
        }
        else if (_thought.Length >= _close.Length)
        {
            _thought = _thought[^(_close.Length - 1)..];
        }
    }
}
