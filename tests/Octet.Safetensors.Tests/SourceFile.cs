namespace Octet.Safetensors.Tests;

/// <summary>The same bytes, by any of the sources; refusals come when it is opened.</summary>
sealed class SourceFile : IDisposable
{
    static readonly HttpClient s_client = new();

    readonly TemporaryDirectory _directory = new();
    readonly RangeServer? _server;

    internal SourceFile(Source source, byte[] bytes)
    {
        string path = _directory.At("a.safetensors");
        File.WriteAllBytes(path, bytes);
        try
        {
            switch (source)
            {
                case Source.Memory:
                    Opened = SafetensorsFile.Parse(bytes, "f");
                    break;
                case Source.Map:
                    Opened = SafetensorsFile.Open(path);
                    break;
                case Source.Positional:
                    Opened = SafetensorsFile.Open(path, SafetensorsReadMode.Positional);
                    break;
                case Source.Stream:
                    Opened = SafetensorsFile.Open(File.OpenRead(path), "f");
                    break;
                case Source.ForwardStream:
                    Opened = SafetensorsFile.Open(new ForwardStream(new MemoryStream(bytes)), "f");
                    break;
                default:
                    _server = new RangeServer(bytes);
                    Opened = SafetensorsFile.Open(HttpRangeReader.Open(s_client, _server.Uri), "f");
                    break;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static TheoryData<Source> All => [.. Enum.GetValues<Source>()];

    internal SafetensorsFile Opened { get; } = null!;

    internal static bool IsInPlace(Source source) => source is Source.Memory or Source.Map or Source.ForwardStream;

    public void Dispose()
    {
        Opened?.Dispose();
        _server?.Dispose();
        _directory.Dispose();
    }
}
