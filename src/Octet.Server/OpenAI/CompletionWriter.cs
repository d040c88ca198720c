using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Texts in the form of completions, whole or in chunks.</summary>
/// <param name="lease">Who continued them.</param>
/// <param name="answers">The continuations.</param>
/// <param name="starts">What stands before each.</param>
sealed class CompletionWriter(ModelLease lease, AnswerSet answers, TextStart[] starts) : IAnswerWriter
{
    readonly string _id = ApiRequest.NewId("cmpl-");
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly bool[] _begun = new bool[starts.Length];
    readonly int[] _told = new int[starts.Length];
    readonly int[] _offsets = new int[starts.Length];

    /// <summary>Whether chunks have a place for usage, which the last one fills.</summary>
    public bool IncludesUsage { get; set; }

    /// <summary>All texts, once they are generated.</summary>
    public void WriteWhole(Utf8JsonWriter json)
    {
        Begin(json);
        foreach (Answer answer in answers.Answers)
        {
            WriteChoice(json, answer, starts[answer.Index].Text + answer.Output.ToTurn().Content, TakeScores(answer));
        }

        json.WriteEndArray();
        Usage.Write(json, answers);
        json.WriteEndObject();
    }

    /// <summary>Adds the chunk of an update to a stream.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Add(EventStream stream, Answer answer, GenerationUpdate update)
    {
        string text = _begun[answer.Index] ? update.Text : starts[answer.Index].Text + update.Text;
        if (text.Length == 0 && answer.End is null)
        {
            return false;
        }

        List<ScoredToken>? scores = TakeScores(answer);
        stream.Add(null, json =>
        {
            Begin(json);
            WriteChoice(json, answer, text, scores);
            json.WriteEndArray();
            if (IncludesUsage)
            {
                json.WriteNull("usage"u8);
            }

            json.WriteEndObject();
        });
        return true;
    }

    /// <summary>The chunk behind the last one, which has the counts.</summary>
    public void WriteUsage(Utf8JsonWriter json)
    {
        Begin(json);
        json.WriteEndArray();
        Usage.Write(json, answers);
        json.WriteEndObject();
    }

    void Begin(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("object"u8, "text_completion"u8);
        json.WriteNumber("created"u8, _created);
        json.WriteString("model"u8, lease.Name);
        json.WriteString("system_fingerprint"u8, lease.Model.Fingerprint);
        json.WriteStartArray("choices"u8);
    }

    /// <summary>The tokens that were not told yet, the prompt's first; null: none are wanted.</summary>
    List<ScoredToken>? TakeScores(Answer answer)
    {
        bool begun = _begun[answer.Index];
        _begun[answer.Index] = true;
        if (answer.LogProbabilities is not { } all)
        {
            return null;
        }

        List<ScoredToken> tokens = begun ? [] : [.. starts[answer.Index].Scores ?? []];
        tokens.AddRange(all.Skip(_told[answer.Index]).Select(ScoredToken.Of));
        _told[answer.Index] = all.Count;

        // Harnesses count on a place for every token that was drawn.
        if (answer is { End: not null, EndProbability: { } last })
        {
            tokens.Add(ScoredToken.Of(last));
        }

        return tokens;
    }

    void WriteChoice(Utf8JsonWriter json, Answer answer, string text, List<ScoredToken>? scores)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, answer.Index);
        json.WriteString("text"u8, text);
        _offsets[answer.Index] = CompletionLogProbs.Write(json, lease.Model.Tokenizer, scores, _offsets[answer.Index]);
        json.WriteText("finish_reason"u8, answer.End is null ? null : ChatWriter.Word(answer.End));
        json.WriteEndObject();
    }
}
