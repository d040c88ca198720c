using System.Diagnostics;
using System.Diagnostics.Metrics;
using Octet.Server.Catalog;

namespace Octet.Server.Telemetry;

/// <summary>Spans and measurements for whoever listens (OpenTelemetry), by the conventions for generative AI; without a listener they cost nothing.</summary>
/// <remarks><see href="https://opentelemetry.io/docs/specs/semconv/gen-ai/"/></remarks>
static class ServerTelemetry
{
    const string Name = "Octet.Server";
    const string Provider = "octet";

    static readonly ActivitySource s_source = new(Name, LoadedModel.Version);
    static readonly Meter s_meter = new(Name, LoadedModel.Version);

    // Bounds as the conventions recommend them.
    static readonly Histogram<double> s_duration = Seconds("gen_ai.server.request.duration", "Time from the request to the end of its answer", 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);
    static readonly Histogram<double> s_firstToken = Seconds("gen_ai.server.time_to_first_token", "Time from the request to its first token", 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10);
    static readonly Histogram<double> s_perToken = Seconds("gen_ai.server.time_per_output_token", "Time per token behind the first", 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5);
    static readonly Histogram<int> s_usage = s_meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of a request", null, new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864] });

    /// <summary>The span of an operation; null: nobody listens.</summary>
    internal static Activity? Start(string operation, string model, GenerationOptions? options)
    {
        Activity? activity = s_source.StartActivity($"{operation} {model}", ActivityKind.Server);
        if (activity is null)
        {
            return null;
        }

        activity.SetTag("gen_ai.operation.name", operation).SetTag("gen_ai.provider.name", Provider).SetTag("gen_ai.request.model", model).SetTag("gen_ai.response.model", model);
        Set("gen_ai.request.temperature", options?.Temperature);
        Set("gen_ai.request.top_k", options?.TopK);
        Set("gen_ai.request.top_p", options?.TopP);
        Set("gen_ai.request.max_tokens", options?.MaxTokens);
        Set("gen_ai.request.seed", options?.Seed);
        Set("gen_ai.request.stop_sequences", options?.StopStrings?.ToArray());
        return activity;

        void Set(string name, object? value)
        {
            if (value is not null)
            {
                activity.SetTag(name, value);
            }
        }
    }

    /// <param name="activity">The span, which ends.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="figures">What was counted and timed.</param>
    /// <param name="error">What ended it; null: it came to its end.</param>
    internal static void End(Activity? activity, string operation, string model, in OperationFigures figures, string? error)
    {
        activity?.SetTag("gen_ai.usage.input_tokens", figures.PromptTokens).SetTag("gen_ai.usage.output_tokens", figures.CompletionTokens).SetTag("gen_ai.usage.cache_read.input_tokens", figures.CachedTokens);
        if (figures.FinishReasons is { Length: > 0 } reasons)
        {
            activity?.SetTag("gen_ai.response.finish_reasons", reasons);
        }

        if (error is not null)
        {
            activity?.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error);
        }

        activity?.Dispose();
        if (!s_duration.Enabled && !s_firstToken.Enabled && !s_perToken.Enabled && !s_usage.Enabled)
        {
            return;
        }

        var tags = new TagList { { "gen_ai.operation.name", operation }, { "gen_ai.provider.name", Provider }, { "gen_ai.request.model", model }, { "gen_ai.response.model", model } };
        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        s_duration.Record(figures.Duration.TotalSeconds, tags);
        if (figures.FirstToken is { } first)
        {
            s_firstToken.Record(first.TotalSeconds, tags);
            if (figures.CompletionTokens > 1)
            {
                s_perToken.Record((figures.Duration - first).TotalSeconds / (figures.CompletionTokens - 1), tags);
            }
        }

        Usage("input", figures.PromptTokens);
        Usage("output", figures.CompletionTokens);

        void Usage(string type, int count)
        {
            if (count > 0)
            {
                TagList typed = tags;
                typed.Add("gen_ai.token.type", type);
                s_usage.Record(count, typed);
            }
        }
    }

    static Histogram<double> Seconds(string name, string description, params double[] bounds)
        => s_meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
