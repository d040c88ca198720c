using System.Text;
using System.Text.Json;
using Octet.Numerics;

namespace Octet.Safetensors;

/// <summary>
/// The header's JSON, read in one pass without a document tree: names, dtypes, shapes and offsets as they stand. Where the
/// reference keeps the last of two equal names, and names with a NUL, this refuses them. Unknown fields of an entry are skipped.
/// </summary>
ref struct HeaderReader
{
    internal const string MetadataName = "__metadata__";

    // The depth at which serde_json, the reference's reader, gives up.
    internal const int MaxDepth = 128;

    readonly string _path;
    readonly HashSet<string> _names = [];
    readonly List<long> _shape = [];
    Utf8JsonReader _reader;

    HeaderReader(ReadOnlySpan<byte> json, string path)
    {
        _path = path;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>Reads the whole header. Space before and after the object is accepted, anything else is not.</summary>
    internal static List<HeaderEntry> Read(ReadOnlySpan<byte> json, string path, out Dictionary<string, string> metadata)
    {
        HeaderReader header = new(json, path);
        try
        {
            return header.ReadAll(out metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escape that leaves half a surrogate pair, found when the text is decoded.
            string reason = e is JsonException ? "it is not valid JSON" : "it holds an escape that is not a character";
            throw new SafetensorsException(
                SafetensorsError.InvalidHeaderDeserialization,
                $"{SafetensorsException.Line(path)}: the header cannot be read: {reason} (near byte {header._reader.BytesConsumed} of the header): the file is damaged or not safetensors",
                path,
                innerException: e);
        }
    }

    List<HeaderEntry> ReadAll(out Dictionary<string, string> metadata)
    {
        metadata = [];
        List<HeaderEntry> entries = [];
        bool metadataSeen = false;
        Next();
        Require(JsonTokenType.StartObject, "an object", null);
        for (Next(); _reader.TokenType != JsonTokenType.EndObject; Next())
        {
            string name = _reader.GetString()!;
            Next();
            if (name == MetadataName)
            {
                if (metadataSeen)
                {
                    throw Duplicate("the key", name);
                }

                metadataSeen = true;
                ReadMetadata(metadata);
                continue;
            }

            if (!_names.Add(name))
            {
                throw Duplicate("the tensor", name);
            }

            if (name.Contains('\0'))
            {
                throw new SafetensorsException(
                    SafetensorsError.InvalidTensorName,
                    $"{SafetensorsException.Line(_path)}: the tensor name {SafetensorsException.Quote(name)} contains a NUL character, at which other readers cut it off: write the file again under another name",
                    _path,
                    name);
            }

            entries.Add(ReadEntry(name));
        }

        // Throws where anything but space follows the object.
        _reader.Read();
        return entries;
    }

    void ReadMetadata(Dictionary<string, string> metadata)
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        Require(JsonTokenType.StartObject, "an object of strings", MetadataName);
        for (Next(); _reader.TokenType != JsonTokenType.EndObject; Next())
        {
            string key = _reader.GetString()!;
            Next();
            Require(JsonTokenType.String, $"a string for {SafetensorsException.Quote(key)} (it cannot be the name of a tensor)", MetadataName);
            if (!metadata.TryAdd(key, _reader.GetString()!))
            {
                throw Duplicate("the metadata key", key);
            }
        }
    }

    HeaderEntry ReadEntry(string name)
    {
        DataType? type = null;
        long[]? shape = null;
        (ulong Begin, ulong End)? offsets = null;
        Require(JsonTokenType.StartObject, "an object with dtype, shape and data_offsets", name);
        for (Next(); _reader.TokenType != JsonTokenType.EndObject; Next())
        {
            if (_reader.ValueTextEquals("dtype"u8))
            {
                RequireFirst(type is null, "dtype", name);
                Next();
                type = ReadDataType(name);
            }
            else if (_reader.ValueTextEquals("shape"u8))
            {
                RequireFirst(shape is null, "shape", name);
                Next();
                shape = ReadShape(name);
            }
            else if (_reader.ValueTextEquals("data_offsets"u8))
            {
                RequireFirst(offsets is null, "data_offsets", name);
                Next();
                offsets = ReadOffsets(name);
            }
            else
            {
                _reader.Skip();
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            string missing = type is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Invalid($"has no {missing}", name);
        }

        return new HeaderEntry(name, type.Value, shape, offsets.Value.Begin, offsets.Value.End);
    }

    DataType ReadDataType(string name)
    {
        Require(JsonTokenType.String, "a dtype in quotes", name);
        ReadOnlySpan<byte> text = _reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(_reader.GetString()!) : _reader.ValueSpan;
        return SafetensorsDataType.TryParse(text, out DataType type)
            ? type
            : throw Invalid($"has the dtype {SafetensorsException.Quote(Encoding.UTF8.GetString(text))}, which this version does not know; known are {SafetensorsDataType.Known}", name);
    }

    long[] ReadShape(string name)
    {
        Require(JsonTokenType.StartArray, "a shape in brackets", name);
        _shape.Clear();
        for (Next(); _reader.TokenType != JsonTokenType.EndArray; Next())
        {
            // Above long.MaxValue the dimension turns negative here; the validation walk refuses it in its turn.
            _shape.Add(unchecked((long)ReadUInt64(name)));
        }

        return [.. _shape];
    }

    (ulong Begin, ulong End) ReadOffsets(string name)
    {
        Require(JsonTokenType.StartArray, "data_offsets in brackets", name);
        Next();
        ulong begin = ReadUInt64(name);
        Next();
        ulong end = ReadUInt64(name);
        Next();
        Require(JsonTokenType.EndArray, "two data_offsets", name);
        return (begin, end);
    }

    readonly ulong ReadUInt64(string name)
    {
        Require(JsonTokenType.Number, "a whole number", name);
        return _reader.TryGetUInt64(out ulong value)
            ? value
            : throw Invalid($"has a number that is not a whole number between 0 and {ulong.MaxValue}", name);
    }

    void Next()
    {
        if (!_reader.Read())
        {
            throw new JsonException("the text ends early");
        }
    }

    readonly void RequireFirst(bool first, string field, string name)
    {
        if (!first)
        {
            throw Invalid($"has two fields {field}", name);
        }
    }

    readonly void Require(JsonTokenType expected, string what, string? name)
    {
        if (_reader.TokenType != expected)
        {
            string problem = $"needs {what}, found {_reader.TokenType} at byte {_reader.TokenStartIndex} of the header";
            throw Invalid(problem, name);
        }
    }

    readonly SafetensorsException Invalid(string problem, string? name)
    {
        string subject = name switch
        {
            null => "the header",
            MetadataName => $"the header's {MetadataName}",
            _ => $"tensor {SafetensorsException.Quote(name)}",
        };
        return new SafetensorsException(
            SafetensorsError.InvalidHeaderDeserialization, $"{SafetensorsException.Line(_path)}: {subject} {problem}", _path, name == MetadataName ? null : name);
    }

    readonly SafetensorsException Duplicate(string what, string name) => new(
        SafetensorsError.DuplicateName,
        $"{SafetensorsException.Line(_path)}: the header names {what} {SafetensorsException.Quote(name)} twice: names must differ; write the file again",
        _path,
        what == "the tensor" ? name : null);
}
