using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Catalog;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Texts in the form of completions, whole or in chunks.</summary>
/// <param name="lease">Who continued them.</param>
/// <param name="answers">The continuations.</param>
/// <param name="echoes">What stands before each.</param>
sealed class CompletionWriter(ModelLease lease, AnswerSet answers, string[] echoes)
{
    readonly string _id = ApiRequest.NewId("cmpl-");
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly bool[] _echoed = new bool[echoes.Length];

    /// <summary>Whether chunks have a place for usage, which the last one fills.</summary>
    internal bool IncludesUsage { get; set; }

    /// <param name="json">Where it goes.</param>
    /// <param name="scores">Of each text; null: none are wanted.</param>
    internal void WriteWhole(Utf8JsonWriter json, TextScores?[] scores)
    {
        Begin(json);
        foreach (Answer answer in answers.Answers)
        {
            string echo = echoes[answer.Index];
            WriteChoice(json, answer.Index, echo + answer.Output.ToTurn().Content, ChatWriter.Word(answer.End), scores[answer.Index]);
        }

        json.WriteEndArray();
        Usage.Write(json, answers);
        json.WriteEndObject();
    }

    /// <summary>Adds the chunk of an update to a stream.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool Add(EventStream stream, Answer answer, GenerationUpdate update)
    {
        string text = _echoed[answer.Index] ? update.Text : echoes[answer.Index] + update.Text;
        _echoed[answer.Index] = true;
        if (text.Length == 0 && answer.End is null)
        {
            return false;
        }

        stream.Add(null, json =>
        {
            Begin(json);
            WriteChoice(json, answer.Index, text, answer.End is null ? null : ChatWriter.Word(answer.End), null);
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
    internal void WriteUsage(Utf8JsonWriter json)
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

    static void WriteChoice(Utf8JsonWriter json, int index, string text, string? reason, TextScores? scores)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteString("text"u8, text);
        if (scores is null)
        {
            json.WriteNull("logprobs"u8);
        }
        else
        {
            json.WritePropertyName("logprobs"u8);
            scores.Write(json);
        }

        json.WriteText("finish_reason"u8, reason);
        json.WriteEndObject();
    }
}
