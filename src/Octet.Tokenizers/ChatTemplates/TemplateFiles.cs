using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Tokenizers.Reading;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>What a model's folder says of its chat templates: their texts by name, each with the file it came from.</summary>
/// <remarks>
/// As transformers reads it: templates in files of their own (<c>chat_template.jinja</c>, which is <c>default</c>, and
/// <c>additional_chat_templates/NAME.jinja</c>) come before <c>chat_template</c> of <c>tokenizer_config.json</c>. Behind both comes
/// <c>chat_template.json</c>, in which older folders keep the template of a model that takes pictures too.
/// </remarks>
sealed class TemplateFiles
{
    internal const string DefaultName = "default";
    internal const string ToolUseName = "tool_use";

    const string JinjaFile = "chat_template.jinja";
    const string JsonFileName = "chat_template.json";
    const string AdditionalFolder = "additional_chat_templates";

    readonly OrderedDictionary<string, (string Source, string File)> _templates = new(StringComparer.Ordinal);

    TemplateFiles(Dictionary<string, JsonNode?> specialTokens) => SpecialTokens = specialTokens;

    internal Dictionary<string, JsonNode?> SpecialTokens { get; }

    internal bool IsEmpty => _templates.Count == 0;

    internal static TemplateFiles Read(string directory)
    {
        TokenizerConfig config = TokenizerConfig.Read(directory, Refuse);
        TemplateFiles files = new(config.SpecialTokens);
        files.AddFiles(directory);
        if (!files._templates.ContainsKey(DefaultName) && config.File is { } json)
        {
            files.AddKey(json);
        }

        if (!files._templates.ContainsKey(DefaultName) && JsonFile.Find(directory, JsonFileName, Refuse) is { } processor)
        {
            files.AddKey(processor);
        }

        return files;
    }

    /// <summary>A template by its name; null where there is none of that name.</summary>
    internal (string Source, string File)? Find(string name) =>
        _templates.TryGetValue(name, out (string Source, string File) found) ? found : null;

    /// <summary>The text of a template's own file.</summary>
    internal static string ReadFile(string path, bool mayBePipe = false) => Encoding.UTF8.GetString(FileText.Read(path, Refuse, mayBePipe));

    /// <summary>The names, for messages.</summary>
    internal string Names() => string.Join(", ", _templates.Keys.Select(QuotedText.Of));

    internal static ChatTemplateException Refuse(string path, string reason, Exception? innerException = null) =>
        new(path, 0, "ValueError", reason, innerException);

    void AddFiles(string directory)
    {
        string single = Path.Combine(directory, JinjaFile);
        if (File.Exists(single))
        {
            _templates.Add(DefaultName, (ReadFile(single), single));
        }

        string folder = Path.Combine(directory, AdditionalFolder);
        if (!Directory.Exists(folder))
        {
            return;
        }

        string[] additional;
        try
        {
            additional = Directory.GetFiles(folder, "*.jinja");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refuse(folder, $"cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        foreach (string path in additional.Order(StringComparer.Ordinal))
        {
            _templates.TryAdd(Path.GetFileNameWithoutExtension(path), (ReadFile(path), path));
        }
    }

    /// <summary>The key <c>chat_template</c>: one text, a list of <c>{name, template}</c>, or an object of texts by name.</summary>
    void AddKey(JsonFile file)
    {
        const string Key = "chat_template";
        switch (file.Get(Key))
        {
            case null:
                return;
            case { ValueKind: JsonValueKind.Array } named:
                foreach (JsonElement entry in named.EnumerateArray())
                {
                    Add(file, Member(file, entry, "name"), Member(file, entry, "template"));
                }

                return;
            case { ValueKind: JsonValueKind.Object } named:
                foreach (JsonProperty entry in named.EnumerateObject())
                {
                    Add(file, entry.Name, file.Text(entry.Value, $"{Key}.{entry.Name}"));
                }

                return;
            case { } text:
                Add(file, DefaultName, file.Text(text, Key));
                return;
        }

        void Add(JsonFile file, string? name, string? source)
        {
            if (name is null || source is null)
            {
                throw file.Problem($"{Key} is neither a string nor a list of {{\"name\", \"template\"}}");
            }

            _templates.TryAdd(name, (source, file.Path));
        }
    }

    static string? Member(JsonFile file, JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out JsonElement value) ? file.Text(value, $"chat_template's {name}") : null;
}
