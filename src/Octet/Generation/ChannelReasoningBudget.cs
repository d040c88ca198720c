using Octet.Output;
using Octet.Tokenizers;

namespace Octet.Generation;

/// <summary>A budget of reasoning in messages of its own channel (harmony). Where it is spent, the message ends and the next one is of another channel.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="most">Tokens of reasoning, from 0.</param>
sealed class ChannelReasoningBudget(Tokenizer tokenizer, int most) : ReasoningBudget(tokenizer, most)
{
    const string Analysis = "analysis";

    enum Place
    {
        Between,
        Head,
        Channel,
        Reasoning,
    }

    readonly int[] _names = [.. Enumerable.Range(1, Analysis.Length).Select(length => tokenizer.GetId(Analysis[..length])).OfType<int>()];
    Place _place;
    string _channel = "";

    /// <summary>The channel's name is next, and it must not be that of the reasoning.</summary>
    internal override ReadOnlySpan<int> Banned => _place == Place.Channel && _channel.Length == 0 && IsSpent ? _names : default;

    internal override void Begin(ReadOnlySpan<int> prompt)
    {
        int start = Tokenizer.GetId(HarmonyReader.Start) is { } id ? prompt.LastIndexOf(id) : -1;
        foreach (int token in start < 0 ? [] : prompt[start..])
        {
            Follow(token);
        }

        if (_place == Place.Reasoning && IsSpent)
        {
            Close();
        }
    }

    protected override void Read(int token)
    {
        bool wasReasoning = _place == Place.Reasoning;
        Follow(token);
        if (_place == Place.Reasoning && (wasReasoning ? IsLast(token) : IsSpent))
        {
            Close();
        }
    }

    void Follow(int token)
    {
        string text = ReasoningMarks.Text(Tokenizer, token);
        if (!HarmonyReader.Marks.Contains(text))
        {
            _channel += _place == Place.Channel && _channel.Length <= Analysis.Length ? text : "";
            return;
        }

        (_place, _channel) = text switch
        {
            HarmonyReader.Start => (Place.Head, ""),
            HarmonyReader.Channel => (Place.Channel, ""),
            HarmonyReader.Message => (_channel.Trim() == Analysis ? Place.Reasoning : Place.Between, ""),
            HarmonyReader.Constrain => (_place, _channel),
            _ => (Place.Between, ""),
        };
    }

    void Close() => Force($"{HarmonyReader.End}{HarmonyReader.Start}assistant{HarmonyReader.Channel}");
}
