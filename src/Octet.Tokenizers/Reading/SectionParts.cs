namespace Octet.Tokenizers.Reading;

/// <summary>The sections <c>truncation</c> and <c>padding</c> of the file, which count only where a caller asks for them.</summary>
static class SectionParts
{
    internal static TruncationOptions Truncation(JsonPlace place) => new(place.Get("max_length").Number(0, int.MaxValue))
    {
        Side = place.Find("direction") is { } side ? Side(side) : TokenSide.Right,
        Strategy = place.Find("strategy") is { } strategy ? Strategy(strategy) : TruncationStrategy.LongestFirst,
        Stride = place.Find("stride")?.Number(0, int.MaxValue) ?? 0,
    };

    internal static PaddingOptions Padding(JsonPlace place)
    {
        JsonPlace strategy = place.Get("strategy");
        if (strategy.IsText && strategy.Text() != "BatchLongest")
        {
            throw strategy.Unsupported(strategy.Text(), "BatchLongest, {\"Fixed\": n}");
        }

        return new PaddingOptions(place.Get("pad_id").Id())
        {
            Length = strategy.IsText ? null : strategy.Get("Fixed").Number(0, Vocabulary.MaxId),
            Side = place.Find("direction") is { } side ? Side(side) : TokenSide.Right,
            MultipleOf = place.Find("pad_to_multiple_of")?.Number(0, Vocabulary.MaxId) ?? 0,
            TypeId = place.Find("pad_type_id")?.Id() ?? 0,
        };
    }

    static TokenSide Side(JsonPlace place) => place.Text() switch
    {
        "Left" => TokenSide.Left,
        "Right" => TokenSide.Right,
        string other => throw place.Unsupported(other, "Left, Right"),
    };

    static TruncationStrategy Strategy(JsonPlace place) => place.Text() switch
    {
        "LongestFirst" => TruncationStrategy.LongestFirst,
        "OnlyFirst" => TruncationStrategy.OnlyFirst,
        "OnlySecond" => TruncationStrategy.OnlySecond,
        string other => throw place.Unsupported(other, "LongestFirst, OnlyFirst, OnlySecond"),
    };
}
