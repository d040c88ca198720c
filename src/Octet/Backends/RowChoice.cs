namespace Octet.Backends;

/// <summary>
/// What is wanted of one row of logits that lies on a device, and what the device finds there. Ids from <see cref="Columns"/> on are left out. NaN and +infinity are
/// never ruled out: where the row has one, it is the best logit. Used again for other rows.
/// </summary>
sealed class RowChoice
{
    float[] _whole = [];

    /// <summary>Which row of the step.</summary>
    internal int Row { get; private set; }

    /// <summary>Whether the row itself is wanted, as the output layer gave it, and nothing else.</summary>
    internal bool IsWhole { get; set; }

    /// <summary>The ids that may be drawn are below it.</summary>
    internal int Columns { get; set; }

    /// <summary>How many of the best tokens are wanted, from 1 to <see cref="LogitRows.MostBest"/>, and no more than there are columns.</summary>
    internal int Best { get; set; }

    /// <summary>1 / temperature, of which the weights are wanted: e^((logit - largest) * rate); 0: they are not.</summary>
    internal float Rate { get; set; }

    /// <summary>Where it is from 0, below 1: the token is wanted at which the weights, in the order of the ids, have reached so much of their sum. Wants a rate.</summary>
    internal double Random { get; set; }

    /// <summary>A bit for each token that may be drawn, lowest first; tokens behind its end may not. Null: all. It does not change any more.</summary>
    internal ulong[]? Mask { get; set; }

    /// <summary>Tokens of which the mask does not decide but <see cref="MayEnd"/>.</summary>
    internal int[] Ends { get; set; } = [];

    /// <summary>Whether <see cref="Ends"/> may be drawn.</summary>
    internal bool MayEnd { get; set; }

    /// <summary>A second mask, as <see cref="Mask"/>.</summary>
    internal ulong[]? Allowed { get; set; }

    /// <summary>What is done to the logits of single tokens, before the masks.</summary>
    internal LogitEdits Edits { get; } = new();

    /// <summary>Of how many tokens the plain logits are wanted, the best of the whole row before masks and edits, padding included; beside them <see cref="PlainTotal"/>. 0: nothing of that.</summary>
    internal int Likeliest { get; set; }

    /// <summary>Found: the best tokens, best first, of equal ones the lower id.</summary>
    internal TokenLogit[] BestTokens { get; } = new TokenLogit[LogitRows.MostBest];

    /// <summary>Found where there is a rate: the sum of the weights of all tokens that may be drawn, to 1e-6 of it.</summary>
    internal double Total { get; set; }

    /// <summary>Found where <see cref="Random"/> asks for it.</summary>
    internal TokenLogit Drawn { get; set; }

    /// <summary>Found where the likeliest are wanted: the plain logits of <see cref="BestTokens"/>, and behind them that of the drawn one.</summary>
    internal float[] PlainLogits { get; } = new float[LogitRows.MostBest + 1];

    /// <summary>Found: the best tokens of the plain row, as many as <see cref="Likeliest"/>.</summary>
    internal TokenLogit[] LikeliestTokens { get; } = new TokenLogit[LogitRows.MostBest];

    /// <summary>Found: the sum of e^(logit - largest) of the plain row, to 1e-6 of it.</summary>
    internal double PlainTotal { get; set; }

    /// <summary>Found where <see cref="IsWhole"/>.</summary>
    internal Span<float> Whole => _whole;

    /// <summary>Asks for nothing of another row.</summary>
    internal void Begin(int row)
    {
        Row = row;
        IsWhole = false;
        Columns = 0;
        Best = 0;
        Rate = 0;
        Random = -1;
        Mask = null;
        Ends = [];
        MayEnd = false;
        Allowed = null;
        Edits.Clear();
        Likeliest = 0;
    }

    /// <summary>Where the whole row goes.</summary>
    internal Span<float> BeginWhole(int width)
    {
        if (_whole.Length != width)
        {
            _whole = new float[width];
        }

        return _whole;
    }

    /// <summary>The plain logit of a token that is among the best, or was drawn.</summary>
    internal float PlainLogit(int token)
        => token == Drawn.Id && Random >= 0 ? PlainLogits[Best] : PlainLogits[Array.FindIndex(BestTokens, 0, Best, best => best.Id == token)];
}

/// <summary>A token and a logit, or what is added to one.</summary>
readonly record struct TokenLogit(int Id, float Logit);

/// <summary>A token and how often it has come.</summary>
readonly record struct TokenCount(int Id, int Count);
