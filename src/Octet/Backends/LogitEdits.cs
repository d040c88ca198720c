namespace Octet.Backends;

/// <summary>
/// What the rules of a generation do to the logits of single tokens, in this order: biases, penalties, the bias of end tokens, bans. Ids are below the columns of the row, and no list but
/// the last has one twice.
/// </summary>
sealed class LogitEdits
{
    /// <summary>What is added.</summary>
    internal List<TokenLogit> Biases { get; } = [];

    /// <summary>Tokens that are penalised, with the times that they came in the output.</summary>
    internal List<TokenCount> Seen { get; } = [];

    /// <summary>Of <see cref="Seen"/>, as <see cref="Generation.TokenHistory"/> has it.</summary>
    internal (float Repetition, float Presence, float Frequency) Penalties { get; set; }

    /// <summary>To whose logits so many times their magnitude is added: <see cref="EndShare"/>.</summary>
    internal List<int> Ends { get; } = [];

    internal double EndShare { get; set; }

    /// <summary>What cannot be drawn.</summary>
    internal List<int> Banned { get; } = [];

    internal bool IsEmpty => Biases.Count + Seen.Count + Ends.Count + Banned.Count == 0;

    internal void Clear()
    {
        Biases.Clear();
        Seen.Clear();
        Ends.Clear();
        Banned.Clear();
    }
}
