using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Octet.Checkpoints;

/// <summary>
/// One JSON object of a configuration file, read key by key. Whatever is wrong becomes a one-line <see cref="ModelException"/>
/// that names the file, the key, what was found and what was expected. A key whose value is null counts as absent, which is how
/// the published files use it.
/// </summary>
sealed class ConfigObject
{
    const int MaxDepth = 64; // System.Text.Json's own

    readonly JsonElement _json;
    readonly string _file;
    readonly string _prefix;

    ConfigObject(JsonElement json, string file, string prefix)
    {
        _json = json;
        _file = file;
        _prefix = prefix;
    }

    internal static ConfigObject Parse(ReadOnlyMemory<byte> json, string file)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (json.Span.StartsWith(mark))
        {
            json = json[mark.Length..];
        }

        json = PythonNumbers.Replace(json);
        if (!Utf8.IsValid(json.Span))
        {
            throw new ModelException(ModelError.Damaged, $"{file} is not UTF-8; {ForeignContent.Describe(json.Span, json.Length, expectsJson: true) ?? "expected a JSON object"}", file);
        }

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ModelException(ModelError.Damaged, $"{file} holds {Show(document.RootElement)}; expected a JSON object", file);
            }

            return new ConfigObject(document.RootElement.Clone(), file, "");
        }
        catch (JsonException e)
        {
            if (ForeignContent.Describe(json.Span, json.Length, expectsJson: true) is { } foreign)
            {
                throw new ModelException(ModelError.Damaged, $"{file} is not valid JSON: {foreign}", file, innerException: e);
            }

            if (DeepPlace(json.Span) is long deep)
            {
                throw new ModelException(ModelError.Damaged, string.Create(CultureInfo.InvariantCulture, $"{file} nests deeper than {MaxDepth} levels at byte {deep + 1}"), file, innerException: e);
            }

            // A repeated key is reported without a position; its message names the key.
            throw e is { LineNumber: long line, BytePositionInLine: long position }
                ? new ModelException(ModelError.Damaged, $"{file} is not valid JSON at line {line + 1}, byte {position + 1}; expected a JSON object", file, innerException: e)
                : new ModelException(ModelError.Damaged, $"{file} is not usable JSON: {Octet.OneLine.Of(e.Message)}", file, innerException: e);
        }
        catch (InvalidOperationException e)
        {
            throw new ModelException(ModelError.Damaged, $"{file} is not usable JSON: {Octet.OneLine.Of(e.Message)}", file, innerException: e);
        }
    }

    /// <summary>Where JSON that is valid up to there nests deeper than is read; null: it does not.</summary>
    static long? DeepPlace(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= MaxDepth)
                {
                    return reader.TokenStartIndex;
                }
            }
        }
        catch (JsonException)
        {
            // Something else is wrong before that.
        }

        return null;
    }

    /// <summary>Reads a whole file; every failure of the file system becomes a <see cref="ModelException"/> too.</summary>
    internal static ConfigObject Load(string path) => Parse(ReadFile(path), path);

    /// <summary>The bytes of a configuration file.</summary>
    /// <exception cref="ModelException">It cannot be read, is none, or is longer than any.</exception>
    internal static byte[] ReadFile(string path)
    {
        try
        {
            RegularFile.Require(path);
            return RegularFile.Read(path) ?? throw new ModelException(ModelError.Damaged, $"{path} is longer than {RegularFile.MaxBytes} bytes, expected a file of less: is it the right one?", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.Inaccessible, $"{path} cannot be read: {Octet.OneLine.Of(e.Message)}", path, innerException: e);
        }
    }

    /// <summary>What messages call the file.</summary>
    internal string File => _file;

    internal bool Has(string key) => TryGet(key, out _);

    /// <summary>The value as it stands; null where the key is absent.</summary>
    internal JsonElement? Find(string key) => TryGet(key, out JsonElement value) ? value : null;

    /// <summary>Whether the key is there and says <c>null</c>, for the few keys of which that means another thing than their absence.</summary>
    internal bool IsNull(string key) => _json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    internal bool IsObject(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    internal bool IsList(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Array;

    internal bool IsString(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>The keys, in the order of the file.</summary>
    internal IEnumerable<string> Names => _json.EnumerateObject().Select(property => property.Name);

    /// <summary>The keys with their values, in the order of the file, without those that count as absent. For lists of any length: a look-up by name goes through all keys.</summary>
    internal IEnumerable<(string Name, JsonElement Value)> Entries
        => _json.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null).Select(property => (property.Name, property.Value));

    /// <summary>As <see cref="Entries"/>, where every value has to be an object.</summary>
    internal IEnumerable<(string Name, ConfigObject Value)> Objects
        => Entries.Select(entry => (entry.Name, entry.Value.ValueKind == JsonValueKind.Object ? Inner(entry.Name, entry.Value) : throw Unexpected(entry.Name, "a JSON object")));

    /// <summary>As <see cref="Entries"/>, those alone whose value is an object.</summary>
    internal IEnumerable<(string Name, ConfigObject Value)> ObjectsAmongOthers
        => Entries.Where(entry => entry.Value.ValueKind == JsonValueKind.Object).Select(entry => (entry.Name, Inner(entry.Name, entry.Value)));

    /// <summary>Whether the key is there and says <c>false</c>; other types of value are somebody else's to judge.</summary>
    internal bool IsFalse(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.False;

    internal int Int32(string key, int minimum, int maximum = int.MaxValue) =>
        TryInt32(key, minimum, maximum) ?? throw Missing(key, WholeNumber(minimum, maximum));

    internal int? TryInt32(string key, int minimum, int maximum = int.MaxValue)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return AsInt32(value) is int number && number >= minimum && number <= maximum
            ? number
            : throw Unexpected(key, WholeNumber(minimum, maximum));
    }

    /// <summary>One whole number or a list of them; null where the key is absent.</summary>
    internal int[]? TryInt32s(string key, int minimum, int maximum = int.MaxValue)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        var numbers = new int[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            numbers[i] = AsInt32(items[i]) is int number && number >= minimum && number <= maximum
                ? number
                : throw Unexpected(key, $"{WholeNumber(minimum, maximum)}, or a list of such numbers");
        }

        return numbers;
    }

    /// <summary>Rows and columns of a block: a list of two, or as early files of llm-compressor have it a string such as <c>128x128</c>; null where the key is absent.</summary>
    internal (int Rows, int Columns)? TryBlock(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        int?[] sides = value.ValueKind switch
        {
            JsonValueKind.Array => [.. value.EnumerateArray().Select(AsInt32)],
            JsonValueKind.String => [.. (AsString(value) ?? "").Split('x').Select(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : (int?)null)],
            _ => [],
        };
        return sides is [int rows and > 0, int columns and > 0] ? (rows, columns) : throw Unexpected(key, "a list of rows and columns such as [128, 128]");
    }

    internal double Double(string key, string expected, Func<double, bool> isValid) =>
        TryDouble(key, expected, isValid) ?? throw Missing(key, expected);

    /// <summary>A finite number that satisfies <paramref name="isValid"/>; null where the key is absent.</summary>
    internal double? TryDouble(string key, string expected, Func<double, bool> isValid)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && isValid(number)
            ? number
            : throw Unexpected(key, expected);
    }

    /// <summary>A list of <paramref name="count"/> finite numbers that satisfy <paramref name="isValid"/>; null where the key is absent.</summary>
    internal double[]? TryDoubles(string key, string expected, int count, Func<double, bool> isValid)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        double[] numbers = value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number) ? number : double.NaN)]
            : [];
        return numbers.Length == count && numbers.All(number => double.IsFinite(number) && isValid(number)) ? numbers : throw Unexpected(key, expected);
    }

    internal bool? TryBoolean(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Unexpected(key, "true or false"),
        };
    }

    internal string String(string key, string expected) => TryString(key) ?? throw Missing(key, expected);

    internal string? TryString(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return AsString(value) ?? throw Unexpected(key, "a string");
    }

    internal string[]? TryStrings(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Unexpected(key, "a list of strings");
        }

        return [.. value.EnumerateArray().Select(item => AsString(item) ?? throw Unexpected(key, "a list of strings"))];
    }

    internal ConfigObject? TryObject(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object
            ? Inner(key, value)
            : throw Unexpected(key, "a JSON object");
    }

    ConfigObject Inner(string key, JsonElement value) => new(value, _file, $"{_prefix}{key}.");

    /// <summary>One object or a list of them; null where the key is absent.</summary>
    internal IReadOnlyList<ConfigObject>? TryObjects(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return items.All(item => item.ValueKind == JsonValueKind.Object)
            ? [.. items.Select(item => new ConfigObject(item, _file, $"{_prefix}{key}."))]
            : throw Unexpected(key, "a JSON object or a list of them");
    }

    internal ModelException Missing(string key, string expected) =>
        new(ModelError.Damaged, $"{_file}: {_prefix}{key} is missing; expected {expected}", _file);

    internal ModelException Unexpected(string key, string expected) =>
        new(ModelError.Damaged, $"{_file}: {_prefix}{key} is {ShowValue(key)}; expected {expected}", _file);

    internal ModelException Unsupported(string key, string supported) =>
        new(ModelError.Unsupported, $"{_file}: {_prefix}{key} is {ShowValue(key)}, which is not implemented; supported: {supported}", _file);

    /// <summary>A value that is known and not read, with the reason.</summary>
    internal ModelException Refused(string key, string reason) =>
        new(ModelError.Unsupported, $"{_file}: {_prefix}{key} is {ShowValue(key)}, which is not read: {reason}", _file);

    /// <summary>Two keys that say different things of one setting.</summary>
    internal ModelException Contradiction(string key, string other, string reason) =>
        new(ModelError.Damaged, $"{_file}: {_prefix}{key} is {ShowValue(key)} and {_prefix}{other} is {ShowValue(other)}; {reason}", _file);

    string ShowValue(string key) => TryGet(key, out JsonElement found) ? Show(found) : "missing";

    bool TryGet(string key, out JsonElement value) =>
        _json.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    static int? AsInt32(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : null;

    /// <summary>The text of a string; null where the value is none.</summary>
    internal static string? AsString(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a surrogate pair: JSON allows it, text does not.
            return null;
        }
    }

    static string WholeNumber(int minimum, int maximum) =>
        string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}");

    static string Show(JsonElement value)
    {
        const int Longest = 80;
        string text = OneLine(value.GetRawText());
        return text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}...";
    }

    static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
