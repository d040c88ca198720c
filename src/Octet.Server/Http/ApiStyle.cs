namespace Octet.Server.Http;

/// <summary>Whose error bodies an endpoint has.</summary>
enum ApiStyle
{
    OpenAI,
    Anthropic,
}
