using System.CommandLine;
using Octet.Cli.Options;
using Octet.Cli.Serving;
using Octet.Server;

namespace Octet.Cli.Commands;

/// <summary><c>octet serve</c>: models over HTTP, and a page to talk to them.</summary>
sealed class ServeCommand : Command
{
    const string KeyVariable = "OCTET_API_KEY";

    readonly Argument<string[]> _models = new("MODEL")
    {
        Description = $"Model directories or ids, each as it is or as NAME=MODEL, by which requests call it [default: {ModelPath.BuiltInName}]",
        Arity = ArgumentArity.ZeroOrMore,
    };

    readonly Option<string[]> _rerankers = Repeated("--reranker", "A model that scores documents, where its files do not tell (Qwen3-Reranker); may be repeated", "[NAME=]MODEL");
    readonly Option<string[]> _embedders = Repeated("--embedder", "A model that makes vectors, where its files do not tell; may be repeated", "[NAME=]MODEL");
    readonly Option<string[]> _aliases = Repeated("--alias", "Another name for a model; may be repeated", "ALIAS=NAME");
    readonly Option<string?> _default = new("--default-model") { Description = "The model of requests that name none [default: the first that the endpoint can use]", HelpName = "NAME" };
    readonly Option<string?> _host = new("--host") { Description = "The address to listen at [default: 127.0.0.1]", HelpName = "ADDRESS" };
    readonly Option<int?> _port = Number.Integer("--port", "The port to listen at; 0 is any free one [default: 8000]", 0, 65535);
    readonly Option<string?> _urls = new("--urls") { Description = "Addresses as ASP.NET Core has them, instead of --host and --port, such as https://*:8443;http://localhost:8000", HelpName = "URLS" };
    readonly Option<string?> _config = new("--config") { Description = "A JSON file with ASP.NET Core's settings: Kestrel's endpoints, certificates and limits, Logging", HelpName = "FILE" };
    readonly Option<string[]> _keys = Repeated("--api-key", $"A key that requests must bring; may be repeated [default: {KeyVariable}, or none]", "KEY");
    readonly Option<bool> _openMetrics = new("--open-metrics") { Description = "Let everybody read /metrics, without a key" };
    readonly Option<string[]> _origins = Repeated("--cors-origin", "An origin whose pages may use the server from a browser, or *; may be repeated [default: none]", "ORIGIN");
    readonly Option<string[]> _hosts = Repeated("--allowed-host", "A name that requests to a local server without keys may be addressed to, or *; may be repeated", "NAME");
    readonly Option<int?> _rate = Number.Integer("--rate-limit", "Requests a minute from each client [default: any number]", 1);
    readonly Option<int?> _requests = Number.Integer("--max-requests", "Requests at work and waiting at once; more are refused [default: 1024]", 1);
    readonly Option<long?> _body = ByteSize.Option("--max-body", "The most that a request's body may have [default: 32MiB]");
    readonly Option<int?> _sequences = Number.Integer("--max-sequences", "Answers of a model that are computed together; more wait [default: 64]", 1, 4096);
    readonly Option<int?> _waiting = Number.Integer("--max-waiting", "Answers of a model that wait beside them; more are refused with 429 [default: 1024]", 0);
    readonly Option<int?> _step = Number.Integer("--step-limit", "Milliseconds that a step is to take at most while others wait for their next token: long prompts come in smaller pieces [default: 250]", 1);
    readonly Option<bool> _noCache = new("--no-prefix-cache") { Description = "Compute every prompt from its beginning, whatever was read before" };
    readonly Option<bool> _deterministic = new("--deterministic") { Description = "The same request has the same answer, bit for bit, whatever else runs; several take turns then" };
    readonly Option<string[]> _drafts = Repeated(SpeculationOptions.DraftName, $"{SpeculationOptions.DraftHelp}. NAME says for which of several models; may be repeated", "[NAME=]MODEL");
    readonly Option<bool> _lookup = SpeculationOptions.Lookup();
    readonly Option<int?> _reasoning = Number.Integer("--reasoning-budget", "The most tokens that a model may think for a request that does not say it; 0: none [default: as many as it likes]", 0);
    readonly Option<bool> _lazy = new("--lazy") { Description = "Open models on first use, not at the start" };
    readonly Option<float?> _idle = Number.Real("--idle-unload", "Close a model after so many seconds without a request; the next one opens it again", "a number above 0", static value => value is > 0 and < 1e9f);
    readonly Option<float?> _drain = Number.Real("--drain", "Seconds that running requests have when the server is asked to stop [default: 30]", "a number from 0", static value => value is >= 0 and < 1e6f);
    readonly Option<string?> _log = Choice.Create("--log", "What the log on the error stream tells: a line for each request, or no more than warnings [default: requests]", "requests", "warnings", "none");
    readonly Option<string?> _template = new("--chat-template") { Description = "Another chat template, by its name among the model's (rag, tool_use, ...) or in a file", HelpName = "NAME|FILE" };
    readonly ModelOptions _model;
    readonly DownloadOptions _download;

    internal ServeCommand()
        : base("serve", "Models over HTTP by the APIs of OpenAI and Anthropic, and a chat page. Example: octet serve, then http://127.0.0.1:8000/")
    {
        Arguments.Add(_models);
        foreach (Option option in (Option[])[
            _host, _port, _urls, _config, _keys, _openMetrics, _origins, _hosts, _rate, _requests, _body, _sequences, _waiting, _step, _noCache, _deterministic, _drafts, _lookup, _reasoning, _lazy, _idle, _drain, _log, _default, _aliases, _embedders, _rerankers, _template])
        {
            Options.Add(option);
        }

        _model = new ModelOptions(this);
        _download = new DownloadOptions(this);
        SetAction(RunAsync);
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        List<ServedModel> models = await ModelsAsync(parsed, cancellationToken);
        string[] keys = Values(parsed, _keys);
        if (keys.Length == 0 && Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key)
        {
            keys = [key];
        }

        if (parsed.GetValue(_urls) is not null && (parsed.GetValue(_host) is not null || parsed.GetValue(_port) is not null))
        {
            throw new UsageException("--urls and --host or --port: expected one of them");
        }

        var settings = new ServeSettings
        {
            Host = parsed.GetValue(_host),
            Port = parsed.GetValue(_port),
            Urls = parsed.GetValue(_urls),
            ConfigFile = parsed.GetValue(_config) is not { } file || File.Exists(file) ? parsed.GetValue(_config) : throw new CommandException($"there is no file {file}: expected ASP.NET Core's settings in JSON"),
            Drain = TimeSpan.FromSeconds(parsed.GetValue(_drain) ?? 30),
            Log = parsed.GetValue(_log) ?? "requests",
        };
        await ServeProgram.RunAsync(settings, Configure, cancellationToken);
        return 0;

        void Configure(OctetServerOptions options)
        {
            Add(options.Models, models);
            Add(options.ApiKeys, keys);
            Add(options.CorsOrigins, Values(parsed, _origins));
            Add(options.AllowedHosts, Values(parsed, _hosts));
            options.DefaultModel = parsed.GetValue(_default);
            options.MetricsWithoutKey = parsed.GetValue(_openMetrics);
            options.LoadOnFirstUse = parsed.GetValue(_lazy);
            options.IdleUnload = parsed.GetValue(_idle) is { } idle ? TimeSpan.FromSeconds(idle) : null;
            options.RequestsPerMinute = parsed.GetValue(_rate);
            options.ReasoningBudget = parsed.GetValue(_reasoning);
            options.MaxRequests = parsed.GetValue(_requests) ?? options.MaxRequests;
            options.MaxRequestBytes = parsed.GetValue(_body) ?? options.MaxRequestBytes;
        }
    }

    async Task<List<ServedModel>> ModelsAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        LanguageModelOptions language = Engine(parsed, _model.Read(parsed, template: parsed.GetValue(_template)));
        EncoderOptions encoder = _model.ReadEncoder(parsed);
        (string Given, ServedModelKind? Kind)[] given =
        [
            .. Values(parsed, _models).Select(model => (model, (ServedModelKind?)null)),
            .. Values(parsed, _embedders).Select(model => (model, (ServedModelKind?)ServedModelKind.Embedding)),
            .. Values(parsed, _rerankers).Select(model => (model, (ServedModelKind?)ServedModelKind.Reranker)),
        ];
        List<ServedModel> models = [];
        foreach ((string? text, ServedModelKind? kind) in given.Length == 0 ? [(null, null)] : given.Select(entry => ((string?)entry.Given, entry.Kind)))
        {
            (string name, string? model) = Named(text);
            string path = await _download.ResolveAsync(parsed, model, cancellationToken);
            models.Add(new ServedModel(name, path) { Kind = kind, Options = language, EncoderOptions = encoder });
        }

        foreach (string draft in Values(parsed, _drafts))
        {
            (int of, string model) = DraftOf(draft, models);
            models[of] = models[of] with { Options = language with { Speculation = Speculation.DraftModel, DraftModel = await _download.ResolveAsync(parsed, model, cancellationToken) } };
        }

        foreach (string alias in Values(parsed, _aliases))
        {
            string[] parts = alias.Split('=', 2);
            int of = parts.Length == 2 ? models.FindIndex(model => model.Name == parts[1]) : -1;
            models[of >= 0 ? of : throw new UsageException($"--alias is '{alias}': expected ALIAS=NAME, the name being one of {string.Join(", ", models.Select(model => model.Name))}")]
                = models[of] with { Aliases = [.. models[of].Aliases, parts[0]] };
        }

        return models;
    }

    LanguageModelOptions Engine(ParseResult parsed, LanguageModelOptions options) => options with
    {
        MaxSequences = parsed.GetValue(_sequences) ?? options.MaxSequences,
        MaxWaiting = parsed.GetValue(_waiting) ?? options.MaxWaiting,
        StepLimit = parsed.GetValue(_step) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : options.StepLimit,
        PrefixCache = !parsed.GetValue(_noCache),
        Deterministic = parsed.GetValue(_deterministic) && (parsed.GetValue(_lookup) || Values(parsed, _drafts).Length > 0)
            ? throw new UsageException($"{_deterministic.Name} and {(parsed.GetValue(_lookup) ? _lookup.Name : _drafts.Name)}: expected one of them, as nothing is guessed where answers are to be the same bit for bit")
            : parsed.GetValue(_deterministic),
        Speculation = parsed.GetValue(_lookup) ? Speculation.PromptLookup : Speculation.None,
    };

    /// <summary>Which model a draft model is for, and where that is.</summary>
    static (int Of, string Model) DraftOf(string draft, List<ServedModel> models)
    {
        int equals = Directory.Exists(draft) || File.Exists(draft) ? -1 : draft.IndexOf('=', StringComparison.Ordinal);
        int of = equals >= 0 ? models.FindIndex(model => model.Name == draft[..equals]) : models.Count == 1 ? 0 : -1;
        return of >= 0 ? (of, draft[(equals + 1)..])
            : throw new UsageException($"{SpeculationOptions.DraftName} is '{draft}': expected NAME=MODEL, the name being one of {string.Join(", ", models.Select(model => model.Name))}");
    }

    /// <summary>What exists as it is written is a path, whatever signs are in it.</summary>
    static (string Name, string? Model) Named(string? text)
    {
        int equals = text is null || Directory.Exists(text) || File.Exists(text) ? -1 : text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? (text![..equals], text[(equals + 1)..]) : (ModelPath.Name(text), text);
    }

    static string[] Values(ParseResult parsed, Option<string[]> option) => parsed.GetValue(option) ?? [];

    static string[] Values(ParseResult parsed, Argument<string[]> argument) => parsed.GetValue(argument) ?? [];

    static void Add<T>(IList<T> list, IEnumerable<T> values)
    {
        foreach (T value in values)
        {
            list.Add(value);
        }
    }

    static Option<string[]> Repeated(string name, string description, string help) => new(name) { Description = description, HelpName = help, Arity = ArgumentArity.OneOrMore };
}
