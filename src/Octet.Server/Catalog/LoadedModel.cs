using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Octet.Tokenizers;

namespace Octet.Server.Catalog;

/// <summary>A model that is open, of whichever kind it is.</summary>
sealed class LoadedModel : IDisposable
{
    readonly IDisposable _model;

    LoadedModel(IDisposable model, string path, Tokenizer? tokenizer, int maxTokens, string device)
    {
        _model = model;
        Path = path;
        Tokenizer = tokenizer;
        MaxTokens = maxTokens;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Version}|{path}|{device}|{maxTokens}")));
        Fingerprint = $"fp_{Convert.ToHexStringLower(hash.AsSpan(0, 6))}";
    }

    /// <summary>The library's version, as <c>/version</c> tells it.</summary>
    internal static string Version { get; } = (typeof(LoadedModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];

    internal LanguageModel? Language => _model as LanguageModel;

    internal EmbeddingModel? Embedding => _model as EmbeddingModel;

    internal Reranker? Reranker => _model as Reranker;

    internal ServedModelKind Kind => _model switch
    {
        LanguageModel => ServedModelKind.Language,
        EmbeddingModel => ServedModelKind.Embedding,
        _ => ServedModelKind.Reranker,
    };

    internal string Path { get; }

    internal Tokenizer? Tokenizer { get; }

    /// <summary>Of a language model prompt and answer together, of others a text.</summary>
    internal int MaxTokens { get; }

    /// <summary>Tokens whose keys and values the cache holds at most, of all sequences together; 0 where there is none.</summary>
    internal long CacheTokens => Language is { KvCacheBytesPerToken: > 0 } language ? language.KvCacheBytes / language.KvCacheBytesPerToken : 0;

    /// <summary>Changes where answers could (<c>system_fingerprint</c>).</summary>
    internal string Fingerprint { get; }

    internal static LoadedModel Of(LanguageModel model)
    {
        // Read now, so that the first request neither waits for it nor is the one to find a broken file.
        Tokenizer? tokenizer = model.Tokenizer;
        _ = model.EndTokenIds;
        return new LoadedModel(model, model.Path, tokenizer, model.ContextLength, model.Device);
    }

    internal static LoadedModel Of(EmbeddingModel model) => new(model, model.Path, model.Tokenizer, model.MaxTokens, model.Device);

    internal static LoadedModel Of(Reranker model) => new(model, model.Path, model.Tokenizer, model.MaxTokens, model.Device);

    public void Dispose() => _model.Dispose();
}
