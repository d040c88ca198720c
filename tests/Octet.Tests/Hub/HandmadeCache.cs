using System.Security.Cryptography;
using System.Text;
using Octet.Tests.Reference;

namespace Octet.Tests.Hub;

/// <summary>
/// A cache written by the rules of huggingface_hub's guide to its cache (guides/manage-cache): blobs by their hash, snapshots with relative
/// links to them or, where the system has no links, with the files themselves, and references with nothing but the commit in them.
/// </summary>
sealed class HandmadeCache : IDisposable
{
    internal const string Commit = "2439f60ef33a0d46d85da5001d52aeda5b00ce9f";
    internal const string OtherCommit = "bbc77c8132af1cc5cf678da3f1ddf2de43606d48";

    readonly TemporaryDirectory _directory = new();

    internal string Path => _directory.Path;

    internal static Dictionary<string, string> SmallModel => new() { ["config.json"] = "{}", ["tokenizer.json"] = "{ }", ["model.safetensors"] = "weights" };

    internal static Dictionary<string, string> ShardedModel => new()
    {
        ["config.json"] = "{}",
        ["model.safetensors.index.json"] = """{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}""",
        ["model-00001-of-00002.safetensors"] = "the first half",
        ["model-00002-of-00002.safetensors"] = "the second half",
    };

    public void Dispose() => _directory.Dispose();

    internal ModelHub Hub(bool offline = true) => new(new ModelHubOptions { CacheDirectory = Path, Offline = offline, Token = "" });

    internal string Folder(string repository) => System.IO.Path.Combine(Path, "models--" + repository.Replace("/", "--", StringComparison.Ordinal));

    internal string Snapshot(string repository, string commit) => System.IO.Path.Combine(Folder(repository), "snapshots", commit);

    /// <summary>The name of a blob; which hash it is does not matter to a reader of the cache.</summary>
    internal static string BlobName(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    internal void Add(string repository, string commit, string[] references, Dictionary<string, string> files, bool links = true)
    {
        string folder = Folder(repository);
        string snapshot = Directory.CreateDirectory(Snapshot(repository, commit)).FullName;
        string blobs = Directory.CreateDirectory(System.IO.Path.Combine(folder, "blobs")).FullName;
        foreach ((string name, string content) in files)
        {
            if (links)
            {
                File.WriteAllText(System.IO.Path.Combine(blobs, BlobName(content)), content);
                File.CreateSymbolicLink(System.IO.Path.Combine(snapshot, name), $"../../blobs/{BlobName(content)}");
            }
            else
            {
                File.WriteAllText(System.IO.Path.Combine(snapshot, name), content);
            }
        }

        foreach (string reference in references)
        {
            string path = System.IO.Path.Combine(folder, "refs", reference);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllText(path, commit);
        }
    }
}
