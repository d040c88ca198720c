using System.Runtime.InteropServices;
using Octet.Measurements.Mixtures;

namespace Octet.Measurements.Peers;

/// <summary>
/// The peer's tools (<c>OCTET_PEERS</c>, default <c>../shared/peers</c>), and the folder outside the repository where the peer's
/// libraries and the models are made (<c>OCTET_PEERS_WORK</c>, default <c>octet-peers</c> in the user's cache). What is there is used again.
/// </summary>
sealed class Workshop
{
    // The release that the tools' structures were written for.
    const string PeerVersion = "3.22.1";
    const string Python = "/usr/bin/python3";

    readonly string _tools = Path.GetFullPath(Environment.GetEnvironmentVariable("OCTET_PEERS") is { Length: > 0 } given ? given : Path.Combine(Repository.Root, "..", "shared", "peers"));
    readonly string _work = Path.GetFullPath(Environment.GetEnvironmentVariable("OCTET_PEERS_WORK") is { Length: > 0 } given ? given : Path.Combine(Cache(), "octet-peers"));
    readonly string _platform = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
    readonly CancellationToken _cancellation;

    internal Workshop(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        foreach (string tool in (string[])["peerlib.py", "llama_bench.py", "gen_qwen3_fp8.py", "to_gguf.py"])
        {
            if (!File.Exists(Path.Combine(_tools, tool)))
            {
                throw new MeasurementException($"there is no {tool} in {_tools}: set OCTET_PEERS to the folder with the peer's tools");
            }
        }
    }

    string Libraries => Path.Combine(_work, "node_modules", "@node-llama-cpp", _platform, "bins", _platform);

    string Models => Path.Combine(_work, "models");

    /// <summary>Fetches the peer's libraries where they are missing.</summary>
    internal void RequireLibraries()
    {
        if (Directory.Exists(Libraries) && Directory.EnumerateFiles(Libraries, "libllama*").Any())
        {
            return;
        }

        Console.Error.WriteLine($"fetching llama.cpp's libraries into {_work}");
        Directory.CreateDirectory(_work);
        ChildProcess.Run(
            "npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", _work, $"@node-llama-cpp/{_platform}@{PeerVersion}"], new Dictionary<string, string>(), _cancellation);
        if (!Directory.Exists(Libraries))
        {
            throw new MeasurementException($"npm installed no {Libraries}: this platform has no prebuilt library of the peer");
        }
    }

    /// <summary>A synthetic checkpoint of a shape, made where it is missing.</summary>
    internal string Checkpoint(string shape)
        => Make(shape, partial =>
        {
            if (ComparisonOptions.IsMixture(shape))
            {
                SyntheticCheckpoint.Of(new MixtureOptions { Shape = shape, Directory = partial }).Write(_cancellation);
            }
            else
            {
                Script("gen_qwen3_fp8.py", ["--preset", shape, "--out", partial]);
            }
        });

    /// <summary>The same weights in the peer's format.</summary>
    internal string Gguf(string shape, string type, string? embedding)
    {
        string checkpoint = Checkpoint(shape);
        string[] head = embedding is null ? [] : ["--embd-type", embedding];
        return Make($"{shape}-{type}{(embedding is null ? "" : "-" + embedding)}.gguf", partial =>
        {
            string[] arguments = [checkpoint, partial, "--type", type, .. head];
            _ = ComparisonOptions.IsMixture(shape) ? OwnScript("mixture_gguf.py", arguments) : Script("to_gguf.py", arguments);
        });
    }

    /// <summary>Runs one of the peer's tools; returns its output.</summary>
    internal string Script(string name, IEnumerable<string> arguments) => RunPython(Path.Combine(_tools, name), arguments);

    /// <summary>Runs one of ours, which imports theirs.</summary>
    internal string OwnScript(string name, IEnumerable<string> arguments) => RunPython(Path.Combine(Repository.Root, "bench", "peers", name), arguments);

    string RunPython(string script, IEnumerable<string> arguments)
        => ChildProcess.Run(
            Python,
            [script, .. arguments],
            new Dictionary<string, string> { ["LLAMA_LIBDIR"] = Libraries, ["PYTHONPATH"] = _tools, ["PYTHONDONTWRITEBYTECODE"] = "1" },
            _cancellation);

    string Make(string name, Action<string> make)
    {
        string path = Path.Combine(Models, name);
        if (Path.Exists(path))
        {
            return path;
        }

        string partial = Path.Combine(Models, "partial-" + name);
        Directory.CreateDirectory(Models);
        Remove(partial);
        Console.Error.WriteLine($"making {path}");
        try
        {
            make(partial);
            Directory.Move(partial, path);
            return path;
        }
        finally
        {
            Remove(partial);
        }
    }

    static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        File.Delete(path);
    }

    static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
