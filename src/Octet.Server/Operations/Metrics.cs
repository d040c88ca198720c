using System.Globalization;
using System.Text;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.Telemetry;

namespace Octet.Server.Operations;

/// <summary><c>GET /metrics</c> for Prometheus: vLLM's names where it has the same thing, so that its dashboards fit, and <c>octet:</c> before the rest.</summary>
static class Metrics
{
    internal static async Task GetAsync(ApiRequest request)
    {
        byte[] text = Encoding.UTF8.GetBytes(Write(request.Server.Get<ServerMetrics>(), request.Server.Requests, request.Server.Get<ModelCatalog>()));
        request.Context.Response.ContentType = PrometheusText.ContentType;
        request.Context.Response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(request.Context.Request.Method))
        {
            await request.Context.Response.Body.WriteAsync(text, request.Aborted);
        }
    }

    internal static string Write(ServerMetrics metrics, RequestCounts requests, ModelCatalog catalog)
    {
        var text = new PrometheusText();
        (string Model, ModelMetrics Metrics)[] models = [.. metrics.Models];
        (string Model, EngineStatistics Engine)[] engines = [.. catalog.Entries.Where(entry => entry.Loaded?.Language is not null).Select(entry => (entry.Name, entry.Loaded?.Language?.Statistics ?? default))];
        Engines("vllm:num_requests_running", "gauge", "Generations that are computed.", static engine => engine.Running);
        Engines("vllm:num_requests_waiting", "gauge", "Generations that wait.", static engine => engine.Waiting);
        Engines("vllm:kv_cache_usage_perc", "gauge", "The part of the pages of keys and values that is in use, from 0 to 1.", static engine => engine.PagesTotal == 0 ? 0 : (double)engine.PagesInUse / engine.PagesTotal);
        Engines("vllm:num_preemptions_total", "counter", "How often a generation gave its pages to another.", static engine => engine.Preemptions);
        Engines("vllm:spec_decode_num_drafts_total", "counter", "How often tokens of a sequence were guessed.", static engine => engine.Guesses);
        Engines("vllm:spec_decode_num_draft_tokens_total", "counter", "Tokens that were guessed.", static engine => engine.GuessedTokens);
        Engines("vllm:spec_decode_num_accepted_tokens_total", "counter", "Tokens that were guessed and then drawn.", static engine => engine.AcceptedTokens);
        Engines("octet:draft_failed", "gauge", "1 where nothing is guessed any more because the draft model failed.", static engine => engine.GuessError is null ? 0 : 1);
        Engines("octet:pages_cached", "gauge", "Pages that are kept for prompts that begin in the same way.", static engine => engine.PagesCached);
        Engines("octet:engine_steps_total", "counter", "Steps computed.", static engine => engine.Steps);
        Engines("octet:engine_step_seconds_total", "counter", "Seconds that steps took.", static engine => engine.StepTime.TotalSeconds);
        Engines("octet:engine_forward_seconds_total", "counter", "Seconds of those that the model took.", static engine => engine.ForwardTime.TotalSeconds);
        Each("octet:requests_running", "gauge", "Requests that a model is used by, vectors and scores among them.", static model => model.Running);
        Each("vllm:prompt_tokens_total", "counter", "Tokens of prompts.", static model => model.PromptTokens);
        Each("vllm:generation_tokens_total", "counter", "Tokens generated.", static model => model.GeneratedTokens);
        Each("vllm:prefix_cache_queries_total", "counter", "Tokens of prompts that were looked for in the cache.", static model => model.PromptTokens);
        Each("vllm:prefix_cache_hits_total", "counter", "Tokens of prompts that the cache had.", static model => model.CachedTokens);
        text.Family("vllm:request_success_total", "counter", "Answers by what ended them.");
        foreach ((string name, ModelMetrics model) in models)
        {
            foreach ((string reason, long count) in model.Finished)
            {
                text.Sample("vllm:request_success_total", count, ("model_name", name), ("finished_reason", reason));
            }
        }

        Histograms("vllm:time_to_first_token_seconds", "Seconds from a request to its first token.", static model => model.TimeToFirstToken);
        Histograms("vllm:inter_token_latency_seconds", "Seconds between tokens of an answer.", static model => model.InterToken);
        Histograms("vllm:e2e_request_latency_seconds", "Seconds from a request to the end of its answer.", static model => model.Request);
        Histograms("vllm:request_prefill_time_seconds", "Seconds that prompts were computed.", static model => model.Prefill);
        Histograms("vllm:request_decode_time_seconds", "Seconds from the first token of an answer to its last.", static model => model.Decode);
        Histograms("vllm:request_prompt_tokens", "Tokens of a request's prompts.", static model => model.RequestPromptTokens);
        Histograms("vllm:request_generation_tokens", "Tokens of an answer.", static model => model.RequestGeneratedTokens);
        text.Family("octet:http_requests_total", "counter", "Requests by the status of their answers.");
        foreach ((int status, long count) in requests.All)
        {
            text.Sample("octet:http_requests_total", count, ("status", status.ToString(CultureInfo.InvariantCulture)));
        }

        return text.ToString();

        void Each(string name, string type, string help, Func<ModelMetrics, double> value)
        {
            text.Family(name, type, help);
            foreach ((string model, ModelMetrics of) in models)
            {
                text.Sample(name, value(of), ("model_name", model));
            }
        }

        void Engines(string name, string type, string help, Func<EngineStatistics, double> value)
        {
            text.Family(name, type, help);
            foreach ((string model, EngineStatistics engine) in engines)
            {
                text.Sample(name, value(engine), ("model_name", model));
            }
        }

        void Histograms(string name, string help, Func<ModelMetrics, Histogram> histogram)
        {
            text.Family(name, "histogram", help);
            foreach ((string model, ModelMetrics of) in models)
            {
                text.Histogram(name, model, histogram(of));
            }
        }
    }
}
