using System.Text.Json.Nodes;

namespace Octet.Server.Tests;

/// <summary>Server-sent events, read by the rules of the specification and strictly: what is not of its form fails the test.</summary>
static class Events
{
    internal static List<(string? Name, string Data)> Read(string text)
    {
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        List<(string?, string)> events = [];
        foreach (string block in text[..^2].Split("\n\n"))
        {
            string? name = null;
            string? data = null;
            foreach (string line in block.Split('\n'))
            {
                if (line.StartsWith(':'))
                {
                    continue;
                }

                string[] parts = line.Split(": ", 2);
                Assert.Equal(2, parts.Length);
                if (parts[0] == "event")
                {
                    name = parts[1];
                }
                else
                {
                    Assert.Equal("data", parts[0]);
                    Assert.Null(data);
                    data = parts[1];
                }
            }

            if (data is not null)
            {
                events.Add((name, data));
            }
        }

        return events;
    }

    /// <summary>The chunks of a stream of OpenAI's, which must end with its last word.</summary>
    internal static JsonObject[] Chunks(List<(string? Name, string Data)> events)
    {
        Assert.Equal("[DONE]", events[^1].Data);
        return [.. events[..^1].Select(item => JsonNode.Parse(item.Data)!.AsObject())];
    }
}
