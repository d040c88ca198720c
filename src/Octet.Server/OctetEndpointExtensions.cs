using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Octet.Server.Anthropic;
using Octet.Server.Catalog;
using Octet.Server.Http;
using Octet.Server.OpenAI;
using Octet.Server.Operations;
using Octet.Server.Page;
using Octet.Server.Responses;

namespace Octet.Server;

/// <summary>Maps the endpoints of a server whose services <see cref="OctetServiceCollectionExtensions.AddOctet"/> has added.</summary>
public static class OctetEndpointExtensions
{
    /// <summary>
    /// Maps OpenAI's and Anthropic's endpoints: <c>models</c>, <c>chat/completions</c>, <c>completions</c>, <c>responses</c>, <c>embeddings</c>, <c>rerank</c>,
    /// <c>messages</c>. What else is asked for below the prefix is answered with 404 in OpenAI's form.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">What stands before them; clients expect <c>/v1</c>.</param>
    /// <returns>The group, for authorization, rate limits and the like.</returns>
    /// <exception cref="InvalidOperationException"><see cref="OctetServiceCollectionExtensions.AddOctet"/> was not called.</exception>
    public static RouteGroupBuilder MapOctet(this IEndpointRouteBuilder endpoints, string prefix = "/v1")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        RequireServices(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup(prefix);
        Map(group, "/models", ApiStyle.OpenAI, Access.Key, ("GET", ModelList.ListAsync));
        Map(group, "/models/{**id}", ApiStyle.OpenAI, Access.Key, ("GET", ModelList.GetAsync));
        Map(group, "/chat/completions", ApiStyle.OpenAI, Access.Key, ("POST", ChatCompletions.CreateAsync));
        Map(group, "/completions", ApiStyle.OpenAI, Access.Key, ("POST", Completions.CreateAsync));
        Map(group, "/embeddings", ApiStyle.OpenAI, Access.Key, ("POST", EmbeddingVectors.CreateAsync));
        Map(group, "/rerank", ApiStyle.OpenAI, Access.Key, ("POST", Rerank.CreateAsync));
        Map(group, "/responses", ApiStyle.OpenAI, Access.Key, ("POST", ResponseEndpoints.CreateAsync));
        Map(group, "/responses/input_tokens", ApiStyle.OpenAI, Access.Key, ("POST", ResponseEndpoints.CountAsync));
        Map(group, "/responses/{id}", ApiStyle.OpenAI, Access.Key, ("GET", ResponseEndpoints.GetAsync), ("DELETE", ResponseEndpoints.DeleteAsync));
        Map(group, "/responses/{id}/cancel", ApiStyle.OpenAI, Access.Key, ("POST", ResponseEndpoints.CancelAsync));
        Map(group, "/responses/{id}/input_items", ApiStyle.OpenAI, Access.Key, ("GET", ResponseEndpoints.ListInputAsync));
        Map(group, "/messages", ApiStyle.Anthropic, Access.Key, ("POST", Messages.CreateAsync));
        Map(group, "/messages/count_tokens", ApiStyle.Anthropic, Access.Key, ("POST", Messages.CountTokensAsync));
        Map(group, "/{**path}", ApiStyle.OpenAI, Access.Key, [.. UnknownPath.Methods]);
        return group;
    }

    /// <summary>Maps what runs a server: <c>/health</c>, <c>/version</c>, <c>/metrics</c>, and <c>/tokenize</c> and <c>/detokenize</c>.</summary>
    /// <param name="endpoints">The application.</param>
    /// <returns>The group, for authorization, rate limits and the like.</returns>
    /// <exception cref="InvalidOperationException"><see cref="OctetServiceCollectionExtensions.AddOctet"/> was not called.</exception>
    public static RouteGroupBuilder MapOctetOperations(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequireServices(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup("");
        Map(group, "/health", ApiStyle.OpenAI, Access.Open, ("GET", Health.GetAsync));
        Map(group, "/version", ApiStyle.OpenAI, Access.Key, ("GET", VersionInfo.GetAsync));
        Map(group, "/metrics", ApiStyle.OpenAI, Access.Metrics, ("GET", Metrics.GetAsync));
        Map(group, "/tokenize", ApiStyle.OpenAI, Access.Key, ("POST", Tokens.TokenizeAsync));
        Map(group, "/detokenize", ApiStyle.OpenAI, Access.Key, ("POST", Tokens.DetokenizeAsync));
        return group;
    }

    /// <summary>Maps the chat page, which uses the endpoints below <c>/v1</c>.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">Where it is.</param>
    /// <returns>For authorization and the like.</returns>
    /// <exception cref="InvalidOperationException"><see cref="OctetServiceCollectionExtensions.AddOctet"/> was not called.</exception>
    public static IEndpointConventionBuilder MapOctetPage(this IEndpointRouteBuilder endpoints, string path = "/")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequireServices(endpoints);
        return Map(endpoints, path, ApiStyle.OpenAI, Access.Open, ("GET", ChatPage.GetAsync));
    }

    static void RequireServices(IEndpointRouteBuilder endpoints, [CallerMemberName] string caller = "")
    {
        // Asked whether it is there, not for itself: the models' options are checked when the host starts.
        if (endpoints.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(ModelCatalog)) == false)
        {
            throw new InvalidOperationException($"{caller} has no models to serve: call {nameof(OctetServiceCollectionExtensions.AddOctet)} on the application's services before it is built");
        }
    }

    // Every method ends at the endpoint, which knows those that it has: what else is sent is answered in the form of its API.
    static IEndpointConventionBuilder Map(IEndpointRouteBuilder routes, string path, ApiStyle style, Access access, params (string Method, Func<ApiRequest, Task> Handle)[] methods)
        => routes.Map(path, new ApiEndpoint(style, access, methods).InvokeAsync);
}
