using System.Text;
using System.Text.Json.Nodes;

namespace Octet.Output;

/// <summary>
/// A call that is a JSON object with its name and its arguments: <c>{"name": "f", "arguments": {...}}</c>. Models differ in what they call
/// the two; an id and a type may stand beside them, and nothing else.
/// </summary>
sealed class JsonCall : CallReader
{
    enum Place
    {
        Open,
        Key,
        KeyText,
        Colon,
        Begin,
        Value,
        Behind,
    }

    readonly StringBuilder _value = new();
    JsonProgress _json;
    Place _place;
    string _key = "";
    string? _name;
    string? _id;

    // Those that came before the name, or as a text.
    string? _arguments;
    bool _hasStarted;
    bool _hasArguments;
    bool _streams;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place is not (Place.KeyText or Place.Value) && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            if (scanner.Rest.Length == 0)
            {
                return scanner.IsEnd ? Progress.Broken : Progress.Waits;
            }

            char next = scanner.Rest[0];
            switch (_place)
            {
                case Place.Open when next == '{':
                    scanner.Skip(1);
                    _place = Place.Key;
                    break;
                case Place.Key when next == '"':
                    BeginValue(Place.KeyText);
                    break;
                case Place.Colon when next == ':':
                    scanner.Skip(1);
                    _place = Place.Begin;
                    break;
                case Place.Begin when next == '"' || (next == '{' && IsArguments(_key)):
                    BeginValue(Place.Value);
                    _streams = next == '{' && _name is not null;
                    if (_streams)
                    {
                        Start(scanner);
                    }

                    break;
                case Place.Behind when next == ',':
                    scanner.Skip(1);
                    _place = Place.Key;
                    break;
                case Place.Behind when next == '}' && _hasStarted:
                    scanner.Skip(1);
                    scanner.EndCall(_id);
                    return Progress.Done;
                case Place.KeyText or Place.Value:
                    Progress progress = Follow(scanner);
                    if (progress == Progress.Waits)
                    {
                        return progress;
                    }

                    if (progress == Progress.Broken || !(_place == Place.KeyText ? Key() : Value(scanner)))
                    {
                        return Progress.Broken;
                    }

                    break;
                default:
                    return Progress.Broken;
            }
        }
    }

    static bool IsArguments(string key) => key is "arguments" or "parameters";

    void BeginValue(Place place)
    {
        _place = place;
        _json = default;
        _value.Clear();
    }

    /// <summary>Follows a value; arguments whose call's name is known are passed on at once.</summary>
    Progress Follow(OutputScanner scanner)
    {
        (int taken, Progress progress) = JsonArguments.Follow(ref _json, scanner.Rest);
        if (_streams)
        {
            scanner.Emit(OutputKind.CallArguments, scanner.Rest[..taken]);
        }
        else
        {
            _value.Append(scanner.Rest[..taken]);
        }

        scanner.Skip(taken);
        bool isLong = _value.Length > MaxName && !(_place == Place.Value && IsArguments(_key));
        return isLong ? Progress.Broken : progress;
    }

    bool Key()
    {
        _key = Text();
        _place = Place.Colon;
        return _key switch
        {
            "name" or "tool_name" => _name is null,
            "arguments" or "parameters" => !_hasArguments,
            "id" or "tool_call_id" => _id is null,
            "type" => true,
            _ => false,
        };
    }

    bool Value(OutputScanner scanner)
    {
        _place = Place.Behind;
        switch (_key)
        {
            case "name" or "tool_name":
                _name = Text();
                if (_hasArguments)
                {
                    Start(scanner);
                }

                return _name.Length > 0;
            case "id" or "tool_call_id":
                _id = Text();
                return true;
            case "type":
                return Text() == "function";
        }

        _hasArguments = true;
        if (!_streams)
        {
            // Some write the object as the text of one.
            _arguments = _value[0] == '{' ? _value.ToString() : Text();
            if (Parse(_arguments, out _) is not JsonObject)
            {
                return false;
            }

            if (_name is not null)
            {
                Start(scanner);
            }
        }

        _streams = false;
        return true;
    }

    /// <summary>The call begins, with what is known of its arguments.</summary>
    void Start(OutputScanner scanner)
    {
        _hasStarted = true;
        scanner.StartCall(_name!, _id);
        _id = null;
        scanner.Emit(OutputKind.CallArguments, _arguments);
    }

    /// <summary>The text that the string is which was read; empty where it holds half of a surrogate pair.</summary>
    string Text() => ParseText(_value.ToString());
}
