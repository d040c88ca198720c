namespace Octet.Tokenizers.Patterns;

/// <summary>
/// Matches a pattern at places of one text by trying what its forks say, one after the other. From where that takes more steps than the text
/// has passed it remembers each fork at each place that led to nothing, and does not try it there again: as no instruction depends on where the
/// match began, that holds for the rest of the text, and the time for all matches together grows with the text and no faster.
/// </summary>
/// <param name="program">The pattern.</param>
/// <param name="stepsPerByte">Forks that are tried without remembering, for each byte passed.</param>
/// <param name="firstSteps">The same at the beginning.</param>
sealed class BacktrackingMatch(PatternProgram program, int stepsPerByte = 32, int firstSteps = 10_000)
{
    const int PageBits = 12;
    const int PageSize = 1 << PageBits;

    // Of what is remembered.
    const long MaxBytes = 256 << 20;

    // Where a look or an atomic group was successful, the way there is remembered at one fork of so many.
    const int Sampling = 16;

    readonly Instruction[] _code = program.Code;
    readonly Alphabet _alphabet = program.Alphabet;
    readonly bool _looksBehind = program.Code.Any(static instruction => instruction.Operation == Operation.LookBehind);

    // What is left to try: an instruction, a place, and how long the way was that leads to it.
    readonly BlockStack<(int Instruction, int At, int Way)> _open = new();

    // The forks that the way to here has passed, while they are remembered.
    readonly BlockStack<(int Fork, int At)> _way = new();
    readonly List<Page?> _pages = [];
    int _dropped;
    long _bytes;
    long _steps;
    bool _remembers;

    /// <summary>Where the match that begins at a place ends; -1 where none begins.</summary>
    /// <param name="text">The same text each time.</param>
    /// <param name="start">No place before one that was asked for earlier.</param>
    /// <exception cref="PatternException">What is to be remembered takes too much memory.</exception>
    internal int Match(ReadOnlySpan<byte> text, int start)
    {
        // Of places that lie behind nothing is asked again, unless the pattern looks back.
        for (; !_looksBehind && _remembers && _dropped < start >> PageBits && _dropped < _pages.Count; _dropped++)
        {
            _bytes -= _pages[_dropped] is null ? 0 : PageBytes;
            _pages[_dropped] = null;
        }

        return Run(text, program.Start, start, isBack: false, isInner: false, (stepsPerByte * (long)start) + firstSteps);
    }

    long PageBytes => (((long)program.Forks << PageBits) / 8) + sizeof(ulong);

    int Run(ReadOnlySpan<byte> text, int instruction, int start, bool isBack, bool isInner, long allowed)
    {
        int open = _open.Count;
        int way = _way.Count;
        int at = start;
        while (true)
        {
            (Operation operation, int next, int other, int value) = _code[instruction];
            bool isGood;
            switch (operation)
            {
                case Operation.Accept:
                    Succeed(open, way, at, isInner);
                    return at;

                case Operation.Take:
                    isGood = program.Set(value)[Read(text, at, isBack, out int length)];
                    at += isBack ? -length : length;
                    instruction = next;
                    break;

                case Operation.Fork:
                    _remembers |= ++_steps > allowed;
                    if (_remembers && Recall(value, at) is { } known)
                    {
                        if (known >= 0)
                        {
                            Succeed(open, way, known, isInner);
                            return known;
                        }

                        isGood = false;
                        break;
                    }

                    int symbol = Read(text, at, isBack, out _);
                    bool isFirst = program.First?[next][symbol] != false;
                    bool isSecond = program.First?[other][symbol] != false;
                    if (isFirst && isSecond)
                    {
                        _open.Push((other, at, _way.Count));
                    }

                    isGood = isFirst || isSecond;
                    instruction = isFirst ? next : other;
                    break;

                case Operation.EdgeAhead:
                    isGood = program.Set(value)[_alphabet.Read(text, at, out _)];
                    instruction = next;
                    break;

                case Operation.EdgeBehind:
                    isGood = program.Set(value)[_alphabet.ReadBack(text, at, out _)];
                    instruction = next;
                    break;

                case Operation.LookAhead or Operation.LookBehind:
                    isGood = Run(text, other, at, operation == Operation.LookBehind, isInner: true, allowed) >= 0 == (value == 0);
                    instruction = next;
                    break;

                default:
                    int end = Run(text, other, at, isBack, isInner: true, allowed);
                    isGood = end >= 0;
                    instruction = end == at ? value : next;
                    at = end;
                    break;
            }

            if (isGood)
            {
                continue;
            }

            if (_open.Count == open)
            {
                Leave(way);
                return -1;
            }

            (instruction, at, int left) = _open.Pop();
            Leave(left);
        }
    }

    int Read(ReadOnlySpan<byte> text, int at, bool isBack, out int length)
        => isBack ? _alphabet.ReadBack(text, at, out length) : _alphabet.Read(text, at, out length);

    /// <summary>Forks that the way has passed since it was so long led to nothing, and stay remembered.</summary>
    void Leave(int way) => _way.ShrinkTo(way);

    /// <summary>
    /// The forks on the way led to a match. Of an inner one it is remembered to where, at some of them: from any other place on the same way
    /// the next is not far.
    /// </summary>
    void Succeed(int open, int way, int end, bool isInner)
    {
        _open.ShrinkTo(open);
        for (int i = way; i < _way.Count; i++)
        {
            (int fork, int at) = _way[i];
            Page page = _pages[at >> PageBits]!;
            int bit = Bit(fork, at);
            page.Tried[bit >> 6] &= ~(1UL << (bit & 63));
            if (isInner && (i - way) % Sampling == 0)
            {
                page.Ends ??= [];
                page.Ends[bit] = end;
            }
        }

        Leave(way);
    }

    /// <summary>What a fork at a place leads to, if it is known: a match that ends somewhere, or -1. Otherwise it is on the way from now on.</summary>
    int? Recall(int fork, int at)
    {
        Page page = PageOf(at);
        int bit = Bit(fork, at);
        ref ulong word = ref page.Tried[bit >> 6];
        if ((word & (1UL << (bit & 63))) != 0)
        {
            return -1;
        }

        if (page.Ends is { } ends && ends.TryGetValue(bit, out int end))
        {
            return end;
        }

        word |= 1UL << (bit & 63);
        _way.Push((fork, at));
        return null;
    }

    int Bit(int fork, int at) => ((at & (PageSize - 1)) * program.Forks) + fork;

    Page PageOf(int at)
    {
        int index = at >> PageBits;
        while (_pages.Count <= index)
        {
            _pages.Add(null);
        }

        if (_pages[index] is not { } page)
        {
            _bytes += PageBytes;
            if (_bytes > MaxBytes)
            {
                throw new PatternException($"the pattern would take more than {MaxBytes >> 20} MB to be matched at byte {at} of the text in a time that grows with the text: expected a simpler pattern");
            }

            page = new Page(new ulong[PageBytes / sizeof(ulong)]);
            _pages[index] = page;
        }

        return page;
    }

    /// <summary>What is remembered of the forks at some places.</summary>
    /// <param name="tried">A bit for each: it led to nothing, or is being tried.</param>
    sealed class Page(ulong[] tried)
    {
        internal ulong[] Tried => tried;

        /// <summary>Where inner matches end that go through a fork.</summary>
        internal Dictionary<int, int>? Ends { get; set; }
    }
}
