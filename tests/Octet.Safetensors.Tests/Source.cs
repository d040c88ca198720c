namespace Octet.Safetensors.Tests;

/// <summary>The ways to reach a file's bytes.</summary>
public enum Source
{
    Memory,
    Map,
    Positional,
    Stream,
    ForwardStream,
    Http,
}
