using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Octet.Server.Answers;
using Octet.Server.Http;

namespace Octet.Server.Tests;

public partial class SecurityTests
{
    const string Ask = """{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";

    [Fact]
    public async Task A_key_is_needed_everywhere_but_for_probes_and_the_page()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add("first-key");
            options.ApiKeys.Add("second-key");
        });
        foreach (string path in (string[])["/v1/models", "/v1/responses/x", "/metrics", "/version", "/v1/nothing"])
        {
            using HttpResponseMessage response = await server.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
            Assert.Equal(("authentication_error", "missing_api_key"), ((string?)error["type"], (string?)error["code"]));
        }

        foreach (string path in (string[])["/health", "/"])
        {
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(path)).StatusCode);
        }

        foreach ((string name, string value, int status) in ((string, string, int)[])
            [
                ("Authorization", "Bearer first-key", 200), ("Authorization", "bearer second-key", 200), ("x-api-key", "first-key", 200),
                ("Authorization", "Bearer first-ke", 401), ("Authorization", "Bearer first-keyy", 401), ("Authorization", "Bearer ", 401), ("Authorization", "Basic first-key", 401),
                ("Authorization", "first-key", 401), ("x-api-key", "", 401), ("x-api-key", "FIRST-KEY", 401),
            ])
        {
            using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", Ask, (name, value));
            Assert.True(status == (int)response.StatusCode, $"{name}: {value}: {(int)response.StatusCode}");
        }

        using HttpResponseMessage twice = await server.PostAsync("/v1/chat/completions", Ask, ("Authorization", "Bearer wrong"), ("Authorization", "Bearer first-key"));
        Assert.Equal(HttpStatusCode.Unauthorized, twice.StatusCode);
        using HttpResponseMessage message = await server.PostAsync("/v1/messages", Ask);
        Assert.Equal("error", (string?)JsonNode.Parse(await message.Content.ReadAsStringAsync())!["type"]);
    }

    [Fact]
    public async Task A_stored_response_is_its_owner_s_alone()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add("one");
            options.ApiKeys.Add("two");
        });
        using HttpResponseMessage made = await server.PostAsync("/v1/responses", """{"input":"hi","max_output_tokens":1}""", ("x-api-key", "one"));
        string id = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!;
        foreach ((string key, HttpStatusCode status) in ((string, HttpStatusCode)[])[("two", HttpStatusCode.NotFound), ("one", HttpStatusCode.OK)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/responses/{id}");
            request.Headers.Add("x-api-key", key);
            Assert.Equal(status, (await server.Client.SendAsync(request)).StatusCode);
            using HttpResponseMessage next = await server.PostAsync("/v1/responses", $$"""{"input":"hi","max_output_tokens":1,"previous_response_id":"{{id}}"}""", ("x-api-key", key));
            Assert.Equal(status, next.StatusCode);
        }
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"chat_template_kwargs":{"messages":[]} }""")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"},{"role":"assistant"}],"continue_final_message":true}""")]
    public async Task A_refusal_names_the_template_and_not_where_the_server_keeps_it(string body)
    {
        await using TestServer server = await TestServer.StartAsync();
        string message = (string)(await server.RefusedAsync("/v1/chat/completions", body, 400))["message"]!;
        Assert.Contains(": chat_template.jinja", message, StringComparison.Ordinal);
        Assert.DoesNotContain(TestModels.TinyPath, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_names_the_model_and_not_where_the_server_keeps_it()
    {
        var error = new ModelException(ModelError.Unsupported, "/home/me/models/tiny has no chat template: give the prompt as plain text", "/home/me/models/tiny");
        Assert.Equal("tiny has no chat template: give the prompt as plain text", Refusal.Of(error)!.Message);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("localhost.", 200)]
    [InlineData("LOCALHOST.:8000", 200)]
    [InlineData("friend.example.", 200)]
    [InlineData("127.0.0.1:81", 200)]
    [InlineData("127.3.2.1", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("friend.example:8000", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    public async Task A_name_that_was_made_to_mean_this_machine_is_refused(string host, int status)
    {
        await using TestServer server = await TestServer.StartAsync(options => options.AllowedHosts.Add("Friend.example"));
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", Ask, ("Host", host));
        Assert.Equal(status, (int)response.StatusCode);
        using var page = new HttpRequestMessage(HttpMethod.Get, "/");
        page.Headers.Host = host;
        Assert.Equal(status, (int)(await server.Client.SendAsync(page)).StatusCode);
    }

    [Fact]
    public async Task With_keys_any_name_will_do()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.ApiKeys.Add("key"));
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", Ask, ("Host", "models.example"), ("x-api-key", "key"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task No_page_of_another_origin_is_let_in_unless_it_is_named()
    {
        await using TestServer closed = await TestServer.StartAsync();
        using HttpResponseMessage without = await closed.PostAsync("/v1/chat/completions", Ask, ("Origin", "https://app.example"));
        Assert.False(without.Headers.Contains("Access-Control-Allow-Origin"));

        await using TestServer open = await TestServer.StartAsync(options => options.CorsOrigins.Add("https://app.example"));
        using HttpResponseMessage named = await open.PostAsync("/v1/chat/completions", Ask, ("Origin", "https://app.example"));
        Assert.Equal("https://app.example", named.Headers.GetValues("Access-Control-Allow-Origin").Single());
        using HttpResponseMessage other = await open.PostAsync("/v1/chat/completions", Ask, ("Origin", "https://app.example.evil.example"));
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Contains("Origin", other.Headers.Vary);

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/v1/chat/completions");
        preflight.Headers.Add("Origin", "https://app.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        using HttpResponseMessage asked = await open.Client.SendAsync(preflight);
        Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
        Assert.Equal("authorization,content-type", asked.Headers.GetValues("Access-Control-Allow-Headers").Single());
    }

    [Fact]
    public async Task More_requests_a_minute_than_allowed_are_told_when_to_come_again()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.RequestsPerMinute = 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/models")).StatusCode);
        }

        using HttpResponseMessage refused = await server.Client.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal("rate_limit_error", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!["type"]);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health")).StatusCode);
    }

    [Theory]
    [InlineData(119, 6)]
    [InlineData(6000, 2)]
    public async Task As_many_requests_as_the_limit_says_are_let_in_behind_a_burst(int limit, int seconds)
    {
        using var limits = new RateLimits(Options.Create(new OctetServerOptions { RequestsPerMinute = limit }));
        Assert.InRange(LetIn(limits), limit, limit + (limit / 20));
        long begun = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        int more = LetIn(limits);

        // One that is on its way, and what the timer is late by.
        double expected = Stopwatch.GetElapsedTime(begun).TotalMinutes * limit;
        Assert.InRange(more, Math.Floor(expected * 0.85) - 1, expected + 1 + (limit / 400.0));
    }

    static int LetIn(RateLimits limits)
    {
        for (int count = 0; ; count++)
        {
            try
            {
                limits.Enter("me").Dispose();
            }
            catch (ApiException)
            {
                return count;
            }
        }
    }

    [Fact]
    public void A_salt_of_any_length_is_kept_in_a_few_characters_and_told_from_others()
    {
        string[] salts = [.. ((string[])["a", "b", new string('s', 1_000_000), new string('s', 1_000_001)]).Select(salt => Read($$"""{"cache_salt":"{{salt}}"}""")!)];
        Assert.All(salts, salt => Assert.Equal(64, salt.Length));
        Assert.Equal(salts.Length, salts.Distinct().Count());
        Assert.Equal(salts[0], Read("""{"cache_salt":"a"}"""));
        Assert.Null(Read("""{"cache_salt":""}"""));
        Assert.Null(Read("{}"));

        static string? Read(string json)
        {
            using var request = JsonDocument.Parse(json);
            return SamplingFields.Read(new Fields(request.RootElement, ""), null).CacheSalt;
        }
    }

    [Fact]
    public async Task More_requests_at_once_than_allowed_are_refused_and_the_others_are_answered()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxRequests = 2);
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => server.PostAsync("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"max_tokens":60,"ignore_eos":true}""")));
        Assert.All(responses, response => Assert.True((int)response.StatusCode is 200 or 429));
        Assert.Contains(responses, response => response.StatusCode == HttpStatusCode.OK);
        HttpResponseMessage refused = Assert.IsType<HttpResponseMessage>(responses.FirstOrDefault(response => response.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/chat/completions", Ask)).StatusCode);
    }

    [Fact]
    public async Task The_page_runs_its_own_script_and_nothing_else()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync("/");
        string page = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(response.Headers.CacheControl!.NoStore);
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'sha256-", policy, StringComparison.Ordinal);
        foreach (string part in (string[])["connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
        {
            Assert.Contains(part, policy, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        List<Match> blocks = Block.Matches(page).ToList();
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains($"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(block.Groups[2].Value)))}'", policy, StringComparison.Ordinal));
    }

    [GeneratedRegex("(?s)<(script|style)[^>]*>(.*?)</\\1>")]
    static partial Regex Block { get; }
}
