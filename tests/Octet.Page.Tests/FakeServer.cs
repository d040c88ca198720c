using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Octet.Page.Tests;

/// <summary>Serves the page with its policy, and the two calls of OpenAI's API that it makes: each answer is what a test has put in.</summary>
sealed class FakeServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ConcurrentQueue<Answer> _answers = new();
    readonly TaskCompletionSource _disconnected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    FakeServer(WebApplication app) => _app = app;

    internal string Address => _app.Urls.First();

    /// <summary>The requests for answers, in order.</summary>
    internal ConcurrentQueue<JsonNode> Requests { get; } = new();

    /// <summary>The authorizations that came with them and with the requests for models.</summary>
    internal ConcurrentQueue<string> Authorizations { get; } = new();

    /// <summary>Complete when a client has gone away in the middle of an answer.</summary>
    internal Task Disconnected => _disconnected.Task;

    internal string[] Models { get; set; } = ["octet-tiny", "other-model"];

    /// <summary>Null: none is needed.</summary>
    internal string? Key { get; set; }

    internal static async Task<FakeServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var server = new FakeServer(app);
        app.MapGet("/", context =>
        {
            context.Response.Headers.ContentSecurityPolicy = PageFile.Policy;
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(PageFile.Html);
        });
        app.MapGet("/v1/models", server.ListModels);
        app.MapPost("/v1/chat/completions", server.Complete);
        await app.StartAsync();
        return server;
    }

    internal void Put(params Answer[] answers)
    {
        foreach (Answer answer in answers)
        {
            _answers.Enqueue(answer);
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    async Task ListModels(HttpContext context)
    {
        if (await IsRefused(context))
        {
            return;
        }

        await context.Response.WriteAsJsonAsync(new { @object = "list", data = Models.Select(static id => new { id, @object = "model" }) });
    }

    async Task Complete(HttpContext context)
    {
        if (await IsRefused(context))
        {
            return;
        }

        Requests.Enqueue((await JsonNode.ParseAsync(context.Request.Body))!);
        Answer answer = _answers.TryDequeue(out Answer? next) ? next : Answer.Refuse(500, "the test has put in no answer");
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.Status != 200)
        {
            response.Headers.RetryAfter = answer.RetryAfter;
            response.ContentType = "application/json";
            await response.WriteAsync(answer.Events[0]);
            return;
        }

        response.ContentType = "text/event-stream";
        try
        {
            foreach (string data in answer.Events)
            {
                await response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
                await response.Body.FlushAsync(context.RequestAborted);
                if (answer.Pause > TimeSpan.Zero)
                {
                    await Task.Delay(answer.Pause, context.RequestAborted);
                }
            }

            if (answer.Until is { } until)
            {
                await until.WaitAsync(context.RequestAborted);
            }

            if (answer.Cut)
            {
                context.Abort();
            }
        }
        catch (OperationCanceledException)
        {
            _disconnected.TrySetResult();
        }
    }

    async Task<bool> IsRefused(HttpContext context)
    {
        string given = context.Request.Headers.Authorization.ToString();
        Authorizations.Enqueue(given);
        if (Key is null || given == $"Bearer {Key}")
        {
            return false;
        }

        context.Response.StatusCode = 401;
        await context.Response.WriteAsJsonAsync(new { error = new { message = "Incorrect API key provided", type = "invalid_request_error" } });
        return true;
    }
}
