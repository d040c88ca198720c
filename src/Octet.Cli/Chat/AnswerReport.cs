using System.Globalization;
using Octet.Cli.IO;

namespace Octet.Cli.Chat;

/// <summary>What is told of a finished answer.</summary>
static class AnswerReport
{
    /// <summary>Times, tokens, speeds and what ended it, a line each.</summary>
    /// <param name="model">The model that answered.</param>
    /// <param name="last">The last update of the answer.</param>
    internal static string Describe(LanguageModel model, GenerationUpdate last)
    {
        GenerationStatistics statistics = last.Statistics.GetValueOrDefault();
        return string.Create(CultureInfo.InvariantCulture, $"""
            device       {model.Device}
            load         {model.LoadDuration.TotalSeconds:0.000} s
            first token  {statistics.TimeToFirstToken.TotalSeconds:0.000} s
            prompt       {statistics.Usage.PromptTokens} tokens, {statistics.PromptTokensPerSecond:0.0} tokens/s
            answer       {statistics.Usage.CompletionTokens} tokens, {statistics.TokensPerSecond:0.0} tokens/s
            finish       {Word(last.FinishReason)}{Stop(last)}
            seed         {statistics.Seed}
            {Guesses(model)}
            """);
    }

    static string Guesses(LanguageModel model)
    {
        EngineStatistics engine = model.Statistics;
        return model.Speculation == Speculation.None ? ""
            : engine.GuessError is { } error ? $"guesses      given up: {error}\n"
            : string.Create(CultureInfo.InvariantCulture, $"guesses      {engine.AcceptedTokens} of {engine.GuessedTokens} tokens right\n");
    }

    static string Stop(GenerationUpdate last)
        => last.StopString is { } text ? $" ({Visible.Text(text)})" : last.StopTokenId is { } id ? $" (token {id})" : "";

    /// <summary>What ended it, as JSON and text name it.</summary>
    internal static string Word(FinishReason? finish) => finish switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.TimeLimit => "time limit",
        _ => "cancelled",
    };
}
