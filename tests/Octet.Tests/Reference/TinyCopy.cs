using System.Text.Json.Nodes;
using Octet.Testing;

namespace Octet.Tests.Reference;

/// <summary>A copy of octet-tiny whose small files a test may change.</summary>
sealed class TinyCopy : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    internal TinyCopy()
    {
        foreach (string file in Directory.GetFiles(System.IO.Path.Combine(Fixtures.Repository, "models", "octet-tiny")))
        {
            File.Copy(file, System.IO.Path.Combine(Path, System.IO.Path.GetFileName(file)));
        }
    }

    internal string Path => _directory.Path;

    internal TinyCopy With(string name, string text)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, name), text);
        return this;
    }

    internal TinyCopy Without(string name)
    {
        File.Delete(System.IO.Path.Combine(Path, name));
        return this;
    }

    /// <summary>Changes a JSON file; a null value takes its key away.</summary>
    internal TinyCopy Set(string name, string key, JsonNode? value)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(Path, name)))!.AsObject();
        json.Remove(key);
        if (value is not null)
        {
            json.Add(key, value);
        }

        return With(name, json.ToJsonString());
    }

    /// <summary>Adds special tokens to the tokenizer, behind those that it has.</summary>
    internal TinyCopy AddSpecial(params string[] tokens)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(Path, "tokenizer.json")))!.AsObject();
        JsonArray added = json["added_tokens"]!.AsArray();
        int next = 1 + Math.Max(added.Max(static token => (int)token!["id"]!), json["model"]!["vocab"]!.AsObject().Max(static token => (int)token.Value!));
        foreach (string token in tokens)
        {
            added.Add((JsonNode)new JsonObject
            {
                ["id"] = next++,
                ["content"] = token,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            });
        }

        return With("tokenizer.json", json.ToJsonString());
    }

    /// <summary>Marks tokens of the tokenizer as special, as some models' <c>&lt;tool_call&gt;</c> and <c>&lt;think&gt;</c> are.</summary>
    internal TinyCopy MarkSpecial(params string[] tokens)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(Path, "tokenizer.json")))!.AsObject();
        foreach (JsonNode? token in json["added_tokens"]!.AsArray())
        {
            if (tokens.Contains((string?)token!["content"]))
            {
                token["special"] = true;
            }
        }

        return With("tokenizer.json", json.ToJsonString());
    }

    public void Dispose() => _directory.Dispose();
}
