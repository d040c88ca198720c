using System.Text.Json;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.OpenAI;

/// <summary>Answers in the form of one endpoint, whole or as events.</summary>
interface IAnswerWriter
{
    /// <summary>Whether every event has a place for the usage.</summary>
    bool IncludesUsage { get; set; }

    void WriteWhole(Utf8JsonWriter json);

    /// <summary>Adds the events of an update; false where it has none.</summary>
    bool Add(EventStream stream, Answer answer, GenerationUpdate update);

    void WriteUsage(Utf8JsonWriter json);
}
