using System.Text.Json;

namespace Octet.Server.Http;

/// <summary>Where events go: to a client, or where they are kept for one.</summary>
interface IEventSink
{
    /// <summary>Adds an event whose data is JSON.</summary>
    /// <param name="name">The event's name; null: none.</param>
    /// <param name="write">Writes one value.</param>
    void Add(string? name, Action<Utf8JsonWriter> write);
}
