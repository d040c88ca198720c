namespace Octet.Tokenizers.Reading;

/// <summary>A model's folder: which of the files that may hold a tokenizer is read, and with what others.</summary>
static class TokenizerFolder
{
    const string Json = "tokenizer.json";
    const string Model = "tokenizer.model";

    /// <summary>The file that is read of a folder; null where there is none.</summary>
    internal static string? Find(string directory) =>
        ((string[])[Json, Tekken.Name, Model]).Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists) ?? Tiktoken.Find(directory);

    internal static Tokenizer Load(string directory)
    {
        TokenizerConfig config = TokenizerConfig.Read(directory, static (file, reason, inner) => new TokenizerException($"{file}: {reason}", inner));
        string path = Find(directory)
            ?? throw new TokenizerException($"{directory}: has no tokenizer; expected {Json}, {Tekken.Name}, {Model}, tiktoken.model or *.tiktoken");
        using NativeFile content = Open(path);
        TokenizerParts? parts = Path.GetFileName(path) switch
        {
            Json => null,
            Tekken.Name => Tekken.Read(content.Bytes, path),
            Model => WithTemplate(SentencePieceTokenizer.Read(content.Bytes, path), config, path),
            _ => Tiktoken.Read(content.Bytes, path, config),
        };
        return new Tokenizer(parts is null ? TokenizerJson.Read(content.Bytes, path) : new Tokenizer(parts), config);
    }

    internal static Tokenizer LoadFile(string path)
    {
        using NativeFile content = Open(path);
        string name = Path.GetFileName(path);
        return name == Tekken.Name ? new Tokenizer(Tekken.Read(content.Bytes, path))
            : name.EndsWith(".tiktoken", StringComparison.Ordinal) || name == "tiktoken.model"
                ? throw new TokenizerException($"{path}: load its folder, where tokenizer_config.json says how texts are cut")
            : name.EndsWith(".model", StringComparison.Ordinal) ? new Tokenizer(SentencePieceTokenizer.Read(content.Bytes, path))
            : TokenizerJson.Read(content.Bytes, path);
    }

    static TokenizerParts WithTemplate(TokenizerParts parts, TokenizerConfig config, string path) =>
        parts with { PostProcessor = ClassTemplate.OfModel(config, new Tokenizer(parts).GetId, path) };

    static NativeFile Open(string path)
    {
        try
        {
            RegularFile.Require(path);

            // Not a managed array: published files have 11 MB, which the garbage collector would keep long after they are read.
            return new NativeFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TokenizerException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
