namespace Octet.Cli.Measurement;

/// <summary>
/// One line of <c>octet bench</c>: its name, how it is run, and what it costs. <paramref name="FlopsPerToken"/> counts the linear layers
/// and the output layer where its logits are computed, not attention; null for decode of one sequence, which memory bounds.
/// <paramref name="BytesPerToken"/> counts weights, scales, keys and values; null for prefill, which arithmetic bounds.
/// </summary>
sealed record BenchTest(string Name, Func<double> Run, double? FlopsPerToken, double? BytesPerToken)
{
    internal static BenchTest Prefill(LanguageModel model, ModelSpeed speed, int length)
        => new($"pp{length}", () => speed.Prefill(length), 2 * (model.LinearWeights + OutputWeights(model) / length), null);

    internal static BenchTest Decode(LanguageModel model, ModelSpeed speed, int count, int? depth)
    {
        int start = depth ?? ModelSpeed.ShortPrompt;
        return new(depth is null ? $"tg{count}" : $"tg{count}@d{depth}", () => speed.Decode(start, count), null, model.BytesPerToken + ContextBytes(model, start, count));
    }

    internal static BenchTest DecodeTogether(LanguageModel model, ModelSpeed speed, int count, int sequences)
        => new(
            $"tg{count}@b{sequences}",
            () => speed.DecodeTogether(sequences, count),
            2 * (model.LinearWeights + OutputWeights(model)),
            model.BytesPerStep(sequences) / sequences + ContextBytes(model, ModelSpeed.ShortPrompt, count));

    /// <summary>Several generations at once, as a server runs them: scheduled, drawn from and written as they come.</summary>
    internal static BenchTest Streams(LanguageModel model, ModelSpeed speed, int count, int streams)
        => DecodeTogether(model, speed, count, streams) with { Name = $"tg{count}@s{streams}", Run = () => speed.Stream(streams, count) };

    internal static BenchTest Guessed(ModelSpeed speed, int count)
        => new($"tg{count}@guess", () => speed.Generate(count), null, null);

    static double OutputWeights(LanguageModel model) => (double)model.Config.VocabSize * model.Config.HiddenSize;

    /// <summary>A token attends to all before it and itself: the mean over <paramref name="count"/> tokens.</summary>
    static double ContextBytes(LanguageModel model, int start, int count) => model.CacheBytesRead(start + (count + 1) / 2.0);
}
