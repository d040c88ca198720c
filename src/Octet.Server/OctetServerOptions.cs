namespace Octet.Server;

/// <summary>What a server offers, to whom, and how much at once. Checked when the host starts.</summary>
public sealed class OctetServerOptions
{
    /// <summary>The models, at least one; names and aliases are distinct.</summary>
    public IList<ServedModel> Models { get; } = [];

    /// <summary>The model of requests that name none. Null: the first of the kind that an endpoint needs.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>Models are opened by the first request that names them, which waits for it. Otherwise when the host starts; requests are refused with 503 until then.</summary>
    public bool LoadOnFirstUse { get; set; }

    /// <summary>After how long without a request a model is closed, more than zero; the next one opens it again. Null: never.</summary>
    public TimeSpan? IdleUnload { get; set; }

    /// <summary>
    /// Keys, one of which a request must bring (<c>Authorization: Bearer KEY</c>, or <c>x-api-key</c>), each at least one character, printable ASCII without blanks. Empty: everybody is
    /// let in. <c>/health</c> and the page need none.
    /// </summary>
    public IList<string> ApiKeys { get; } = [];

    /// <summary>Whether <c>/metrics</c> needs no key where other endpoints do.</summary>
    public bool MetricsWithoutKey { get; set; }

    /// <summary>
    /// Host names that a request over the loopback interface may be addressed to while there are no keys, beside <c>localhost</c> and loopback addresses; <c>*</c> is any. Other names are
    /// refused with 403: a page of a stranger whose name was made to mean this machine (DNS rebinding) must not talk to the models.
    /// </summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Origins (<c>https://example.org</c>) whose pages may use the server from a browser; <c>*</c> is any. Empty: none but the server's own.</summary>
    public IList<string> CorsOrigins { get; } = [];

    /// <summary>The most bytes of a request's body, from 1024; 32 MiB by default.</summary>
    public long MaxRequestBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>The most bytes of the bodies of all requests that are at work or wait, at least <see cref="MaxRequestBytes"/>; more are refused with 429. Null: as much as 16 of the longest.</summary>
    public long? MaxHeldBytes { get; set; }

    /// <summary>Requests that may be at work or wait at once, at least 1; more are refused with 429.</summary>
    public int MaxRequests { get; set; } = 1024;

    /// <summary>Requests a minute that each client (key, or address where there are no keys) may send, at least 1; more are refused with 429. Null: any number.</summary>
    public int? RequestsPerMinute { get; set; }

    /// <summary>The most answers to one prompt (<c>n</c>), at least 1.</summary>
    public int MaxChoices { get; set; } = 16;

    /// <summary>The most prompts, texts or documents in one request, at least 1.</summary>
    public int MaxInputs { get; set; } = 2048;

    /// <summary>The most tokens of reasoning of an answer whose request says nothing of it, from 0 (<see cref="GenerationOptions.ReasoningBudget"/>). Null: any number.</summary>
    public int? ReasoningBudget { get; set; }

    /// <summary>Responses (<c>/v1/responses</c>) that are kept for <c>previous_response_id</c>, from 0; the oldest are forgotten.</summary>
    public int StoredResponses { get; set; } = 1000;

    /// <summary>The most bytes that kept responses and their conversations take together, about, from 0.</summary>
    public long StoredResponseBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Responses that may be made at once while nobody waits for them (<c>background</c>), from 0; more are refused with 429. All of them are kept within <see cref="StoredResponseBytes"/> too.</summary>
    public int BackgroundResponses { get; set; } = 64;

    /// <summary>After how long without a token a stream gets a comment, so that connections stay and lost ones show; more than zero.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(15);
}
