using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Octet.TestHub;

/// <summary>A model repository: commits, the branches that name them, and who may read it.</summary>
sealed class HubRepository(string id)
{
    readonly Dictionary<string, IReadOnlyList<HubFile>> _commits = [];
    readonly Dictionary<string, string> _branches = [];

    internal string Id { get; } = id;

    /// <summary>Nobody sees it but <see cref="Readers"/>.</summary>
    internal bool IsPrivate { get; set; }

    /// <summary>Everybody sees its listing; only <see cref="Readers"/> get files.</summary>
    internal bool IsGated { get; set; }

    /// <summary>Tokens that may read it.</summary>
    internal HashSet<string> Readers { get; } = [];

    /// <summary>The id under which it lives now; null: this one.</summary>
    internal string? MovedTo { get; set; }

    /// <summary>The latest commit of the main branch.</summary>
    internal string Head => _branches["main"];

    internal IReadOnlyList<HubFile> Files => _commits[Head];

    internal HubFile this[string path] => Files.Single(file => file.Path == path);

    /// <returns>The commit's id.</returns>
    internal string Commit(IEnumerable<HubFile> files, string branch = "main")
    {
        List<HubFile> all = [.. files];
        string content = string.Create(CultureInfo.InvariantCulture, $"{Id} {_commits.Count} {string.Join(' ', all.Select(file => $"{file.Path} {file.Size}"))}");
        string commit = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..40];
        lock (_commits)
        {
            _commits[commit] = all;
            _branches[branch] = commit;
        }

        return commit;
    }

    /// <summary>A new commit in which one file is another.</summary>
    internal string Replace(HubFile file) => Commit(Files.Select(old => old.Path == file.Path ? file : old));

    /// <summary>Of a branch, a commit or the beginning of one.</summary>
    internal (string Commit, IReadOnlyList<HubFile> Files)? Revision(string name)
    {
        lock (_commits)
        {
            string? commit = _branches.GetValueOrDefault(name) ?? _commits.Keys.FirstOrDefault(key => name.Length >= 7 && key.StartsWith(name, StringComparison.Ordinal));
            return commit is null ? null : (commit, _commits[commit]);
        }
    }

    /// <summary>
    /// A model in shards, as they are published: with files that are not needed to run it. The shards are valid safetensors; no
    /// architecture has their tensors.
    /// </summary>
    internal static List<HubFile> Model(long bytes, int shards, int seed = 1)
    {
        List<HubFile> files =
        [
            HubFile.Text(".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"),
            HubFile.Text("README.md", "# A model\n"),
            HubFile.Text("config.json", """{"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3"}"""),
            HubFile.Text("generation_config.json", """{"do_sample":true}"""),
            HubFile.Text("tokenizer.json", """{"version":"1.0"}""", large: true),
            HubFile.Text("tokenizer_config.json", "{}"),
            HubFile.Text("chat_template.jinja", "{{ messages[0].content }}"),
            HubFile.Bytes("pytorch_model.bin", [0x50, 0x4B, 3, 4], large: true),
            HubFile.Bytes("onnx/model.onnx", [8, 7], large: true),
        ];
        var map = new JsonObject();
        for (int i = 1; i <= shards; i++)
        {
            string name = shards == 1 ? "model.safetensors" : string.Create(CultureInfo.InvariantCulture, $"model-{i:00000}-of-{shards:00000}.safetensors");
            string tensor = string.Create(CultureInfo.InvariantCulture, $"t{i}");
            files.Add(HubFile.Safetensors(name, tensor, bytes / shards, seed + i));
            map[tensor] = name;
        }

        if (shards > 1)
        {
            files.Add(HubFile.Text("model.safetensors.index.json", new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = bytes }, ["weight_map"] = map }.ToJsonString()));
        }

        return files;
    }
}
