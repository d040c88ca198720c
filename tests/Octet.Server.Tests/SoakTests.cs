using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Server.Telemetry;

namespace Octet.Server.Tests;

/// <summary>
/// Everything at once and for a long time: answers of every kind, whole and streamed, requests that are none, and clients that leave. Each request gets
/// what it should, and afterwards nothing of them is left: the memory of other tests is no part of it.
/// </summary>
[CollectionDefinition(nameof(SoakTests), DisableParallelization = true)]
[Collection(nameof(SoakTests))]
public class SoakTests(ITestOutputHelper output)
{
    const int Clients = 12;

    /// <summary>Bytes of what is made once, at the first request that needs it.</summary>
    const long Room = 16_000_000;

    /// <summary>Seconds; ten where nothing else is asked for.</summary>
    static readonly TimeSpan s_duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("OCTET_SOAK_SECONDS") ?? "10", CultureInfo.InvariantCulture));

    static readonly (string Path, string Body, int[] Statuses)[] s_requests =
    [
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"What is E4M3?"}],"max_tokens":40}""", [200]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"#"}],"max_tokens":60,"stream":true,"ignore_eos":true}""", [200]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"#"}],"max_tokens":30,"n":3,"logprobs":true,"top_logprobs":4,"temperature":1.5}""", [200]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"#"}],"max_tokens":200,"temperature":2,"response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"},"b":{"enum":["x","y"]}},"required":["a","b"],"additionalProperties":false}}}}""", [200]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"weather?"}],"max_tokens":80,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"required"}""", [200]),
        ("/v1/completions", """{"prompt":["one","two #"],"max_tokens":20,"logprobs":2,"echo":true}""", [200]),
        ("/v1/responses", """{"input":"#","max_output_tokens":30,"stream":true}""", [200]),
        ("/v1/messages", """{"messages":[{"role":"user","content":"#"}],"max_tokens":30,"stream":true}""", [200]),
        ("/v1/embeddings", """{"model":"embedder","input":["one","two #"]}""", [200]),
        ("/v1/rerank", """{"model":"reranker","query":"q","documents":["a","b #"]}""", [200]),
        ("/tokenize", """{"prompt":"some text #"}""", [200]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"#"}],"max_tokens":"x"}""", [400]),
        ("/v1/chat/completions", """{"messages":[{"role":"user","con""", [400]),
        ("/v1/chat/completions", """{"model":"none","messages":[{"role":"user","content":"#"}]}""", [404]),
        ("/v1/chat/completions", $$"""{"messages":{{new string('[', 5000)}}""", [400]),
        ("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"{{new string('a', 40_000)}}"}]}""", [400]),
        ("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"{{new string('a', 1_200_000)}}"}]}""", [413]),
        ("/v1/embeddings", """{"model":"octet-tiny","input":"x"}""", [400]),
    ];

    [Fact]
    public async Task Nothing_of_a_long_time_of_requests_of_every_kind_is_left()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models[0] = options.Models[0] with { Options = new() { Threads = 2, MaxSequences = 6, KvCacheBytes = 24 << 20 } };
            options.Models.Add(TestModels.Embedder);
            options.Models.Add(TestModels.Reranker);
            options.MaxRequestBytes = 1_000_000;
            options.StoredResponses = 20;
        });
        LanguageModel model = server.Catalog.Entries[0].Loaded!.Language!;

        long before = Memory();
        (int requests, int left, SortedDictionary<string, int> answers) = await RunAsync(server, s_duration);
        await IdleAsync(server, model);
        long ended = Stopwatch.GetTimestamp();
        long after = Memory();

        // Pools of arrays keep some for the next request, tens of megabytes, and let go of them half a minute after the last one.
        while (after >= before + Room && Stopwatch.GetElapsedTime(ended) < TimeSpan.FromSeconds(120))
        {
            await Task.Delay(1000);
            after = Memory();
        }


        output.WriteLine($"{requests} requests in {s_duration.TotalSeconds:0} s, {left} of them by clients that left; managed memory {before / 1e6:0.0} MB before, {after / 1e6:0.0} MB {Stopwatch.GetElapsedTime(ended).TotalSeconds:0} s after; "
            + $"{model.Statistics.GeneratedTokens} tokens, {model.Statistics.Preemptions} preemptions; {string.Join(", ", answers.Select(pair => $"{pair.Key}: {pair.Value}"))}");
        Assert.Equal(0, model.Statistics.PagesInUse);
        Assert.True(after < before + Room, $"{before} bytes before, {after} after");
        Assert.True(answers.Count >= s_requests.Length - 2, "every kind was asked");
        JsonObject answer = await server.AskAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"What is E4M3?"}],"max_tokens":5}""");
        Assert.Equal(5, (int)answer["usage"]!["completion_tokens"]!);
    }

    static async Task<(int Requests, int Left, SortedDictionary<string, int> Answers)> RunAsync(TestServer server, TimeSpan duration)
    {
        long begun = Stopwatch.GetTimestamp();
        int requests = 0, left = 0;
        SortedDictionary<string, int> answers = new(StringComparer.Ordinal);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            while (Stopwatch.GetElapsedTime(begun) < duration)
            {
                int which = random.Next(s_requests.Length);
                (string path, string body, int[] statuses) = s_requests[which];
                body = body.Replace("#", random.Next(50).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
                Interlocked.Increment(ref requests);
                if (random.Next(4) == 0)
                {
                    Interlocked.Increment(ref left);
                    await LeaveAsync(server, path, body, random);
                    continue;
                }

                using HttpResponseMessage response = await server.PostAsync(path, body);
                string text = await response.Content.ReadAsStringAsync();
                Assert.True(statuses.Contains((int)response.StatusCode), $"{path} {body[..Math.Min(200, body.Length)]}: {(int)response.StatusCode} {text[..Math.Min(400, text.Length)]}");
                if (body.Contains("json_schema", StringComparison.Ordinal) && JsonNode.Parse(text)!["choices"]![0]! is var choice && (string?)choice["finish_reason"] == "stop")
                {
                    Assert.IsType<JsonObject>(JsonNode.Parse((string)choice["message"]!["content"]!));
                }

                lock (answers)
                {
                    string kind = $"{which:00} {(int)response.StatusCode}";
                    answers[kind] = answers.GetValueOrDefault(kind) + 1;
                }
            }
        })));
        return (requests, left, answers);
    }

    /// <summary>Sends a part of a request, or reads a part of the answer, and resets the connection or merely closes it.</summary>
    static async Task LeaveAsync(TestServer server, string path, string body, Random random)
    {
        // A connection that is kept would let the read of a short answer wait until the server closes it, 130 seconds later.
        byte[] request = Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
        using var client = new TcpClient();
        await client.ConnectAsync(server.Url.Host, server.Url.Port);
        NetworkStream stream = client.GetStream();
        bool sends = random.Next(2) == 0;
        try
        {
            await stream.WriteAsync(request.AsMemory(0, sends ? random.Next(request.Length) : request.Length));
            if (!sends)
            {
                await stream.ReadAtLeastAsync(new byte[2000], random.Next(1, 2000), throwOnEndOfStream: false);
            }
        }
        catch (IOException)
        {
            // A body that is too long is answered before it has been read.
        }

        client.Client.LingerState = new LingerOption(random.Next(2) == 0, 0);
    }

    static async Task IdleAsync(TestServer server, LanguageModel model)
        => await Eventually.HoldsAsync(() => model.Statistics is { Running: 0, Waiting: 0 } && server.State.Get<ServerMetrics>().Models.All(entry => entry.Metrics.Running == 0));

    static long Memory()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
