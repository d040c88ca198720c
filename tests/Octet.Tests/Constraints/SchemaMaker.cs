using System.Text.Json.Nodes;

namespace Octet.Tests.Constraints;

/// <summary>Makes schemas by chance, of all keywords that are held to; each has texts that satisfy it.</summary>
sealed class SchemaMaker(int seed)
{
    static readonly string[] s_names = ["a", "ab", "name", "na\"me", "日本", "x", "id", ""];
    static readonly string[] s_patterns = ["^a+$", "[0-9]{2}", "^(ab|c\\d)*$", "^[^a-z]{1,4}$", "\"", "^\\S+@\\S+$", "\\\\|/", "^$"];
    static readonly string[] s_formats = ["date", "time", "date-time", "uuid", "email", "ipv4", "hostname", "uri"];

    readonly Random _random = new(seed);
    readonly JsonObject _definitions = [];

    internal string Make()
    {
        JsonObject root = Schema(3);
        if (_random.Next(3) == 0)
        {
            _definitions["node"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["value"] = Schema(1), ["next"] = new JsonObject { ["anyOf"] = new JsonArray(Reference("node"), new JsonObject { ["type"] = "null" }) } },
                ["required"] = new JsonArray("value", "next"),
                ["additionalProperties"] = false,
            };
            root = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["anyOf"] = new JsonArray(Reference("node"), root) }, ["maxItems"] = 2 };
        }

        if (_definitions.Count > 0)
        {
            root["$defs"] = _definitions;
        }

        return root.ToJsonString();
    }

    JsonObject Schema(int depth) => _random.Next(depth > 0 ? 13 : 8) switch
    {
        0 => Integer(),
        1 => Number(),
        2 or 3 => String(),
        4 => Values(),
        5 => new JsonObject { ["type"] = _random.Next(2) == 0 ? "boolean" : "null" },
        6 => new JsonObject { ["type"] = new JsonArray("string", "null"), ["description"] = "d" },
        7 => new JsonObject { ["const"] = new JsonArray(1, new JsonObject { ["k"] = "v" }) },
        8 => Choice(depth),
        9 => Array(depth),
        10 => Tuple(depth),
        11 => Joined(depth),
        _ => Object(depth),
    };

    static JsonObject Reference(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    JsonObject Integer()
    {
        JsonObject schema = new() { ["type"] = "integer" };
        int low = _random.Next(-1200, 1200);
        if (_random.Next(2) == 0)
        {
            schema[_random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        }

        if (_random.Next(2) == 0)
        {
            schema[_random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = low + _random.Next(12, 3000);
        }

        if (_random.Next(3) == 0)
        {
            schema["multipleOf"] = _random.Next(1, 11);
        }

        return schema;
    }

    JsonObject Number()
    {
        JsonObject schema = new() { ["type"] = "number" };
        decimal low = _random.Next(-5000, 5000) / 100m;
        if (_random.Next(2) == 0)
        {
            schema[_random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        }

        if (_random.Next(2) == 0)
        {
            schema[_random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = low + _random.Next(1, 900) / 1000m;
        }

        return schema;
    }

    JsonObject String()
    {
        JsonObject schema = new() { ["type"] = "string" };
        switch (_random.Next(4))
        {
            case 0:
                schema["pattern"] = s_patterns[_random.Next(s_patterns.Length)];
                break;
            case 1:
                schema["format"] = s_formats[_random.Next(s_formats.Length)];
                break;
            case 2:
                int least = _random.Next(4);
                schema["minLength"] = least;
                schema["maxLength"] = least + _random.Next(6);
                break;
        }

        return schema;
    }

    JsonObject Values()
    {
        JsonNode?[] values = ["red", "reddish", "\"\\\n", 1, 2.5, true, null, "日"];
        _random.Shuffle(values);
        return new JsonObject { ["enum"] = new JsonArray(values[.._random.Next(1, 5)]) };
    }

    JsonObject Choice(int depth)
    {
        if (_random.Next(2) == 0)
        {
            return new JsonObject { ["anyOf"] = new JsonArray(Schema(depth - 1), Schema(depth - 1), Schema(depth - 1)) };
        }

        // Told apart by a constant.
        JsonObject Branch(string kind) => new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["kind"] = new JsonObject { ["const"] = kind }, ["value"] = Schema(depth - 1) },
            ["required"] = new JsonArray("kind"),
            ["additionalProperties"] = false,
        };
        return new JsonObject { ["oneOf"] = new JsonArray(Branch("a"), Branch("ab"), new JsonObject { ["type"] = "integer" }) };
    }

    JsonObject Array(int depth)
    {
        JsonObject schema = new() { ["type"] = "array", ["items"] = Schema(depth - 1) };
        int least = _random.Next(3);
        if (_random.Next(2) == 0)
        {
            schema["minItems"] = least;
        }

        if (_random.Next(2) == 0)
        {
            schema["maxItems"] = least + _random.Next(3);
        }

        return schema;
    }

    JsonObject Tuple(int depth)
    {
        JsonObject schema = new() { ["type"] = "array", ["prefixItems"] = new JsonArray(Schema(depth - 1), Schema(depth - 1)) };
        switch (_random.Next(4))
        {
            case 0:
                schema["items"] = false;
                break;
            case 1:
                schema["items"] = Schema(0);
                schema["minItems"] = 3;
                break;
            case 2:
                schema["maxItems"] = 1;
                break;
        }

        return schema;
    }

    JsonObject Joined(int depth) => new()
    {
        ["allOf"] = new JsonArray(
            new JsonObject { ["properties"] = new JsonObject { ["a"] = Schema(depth - 1) }, ["required"] = new JsonArray("a") },
            new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["b"] = Schema(depth - 1), ["a"] = true } }),
        ["anyOf"] = new JsonArray(new JsonObject { ["required"] = new JsonArray("b") }, new JsonObject { ["properties"] = new JsonObject { ["c"] = new JsonObject { ["type"] = "null" } } }),
    };

    JsonObject Object(int depth)
    {
        string[] names = [.. s_names];
        _random.Shuffle(names);
        names = names[.._random.Next(0, 5)];
        JsonObject properties = [];
        foreach (string name in names)
        {
            properties[name] = Schema(depth - 1);
        }

        JsonObject schema = new() { ["type"] = "object", ["properties"] = properties, ["required"] = new JsonArray([.. names.Where(_ => _random.Next(2) == 0).Select(static name => (JsonNode)name)]) };
        switch (_random.Next(4))
        {
            case 0:
                schema["additionalProperties"] = Schema(0);
                break;
            case 1:
                schema["additionalProperties"] = true;
                break;
            case 2:
                schema["additionalProperties"] = false;
                break;
        }

        return schema;
    }
}
