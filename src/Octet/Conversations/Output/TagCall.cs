using System.Text;

namespace Octet.Output;

/// <summary>A call in tags, with a pair of them for each argument. Values are text, and become JSON here.</summary>
/// <param name="syntax">How the format writes it.</param>
/// <param name="types">What is known of the parameters.</param>
sealed class TagCall(TagSyntax syntax, ParameterTypes types) : CallReader
{
    enum Place
    {
        Open,
        Name,
        Key,
        KeyText,
        Kind,
        ValueOpen,
        ValueStart,
        Value,
    }

    readonly StringBuilder _value = new();
    Place _place;
    string _name = "";
    string _key = "";
    string[] _types = [];
    int _arguments;
    bool _streams;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place is Place.Open or Place.Key or Place.ValueOpen && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            Progress progress = _place switch
            {
                Place.Open => Step(scanner.Mark(syntax.NameOpen), Place.Name),
                Place.Name => Name(scanner),
                Place.Key => Key(scanner),
                Place.KeyText => KeyText(scanner),
                Place.Kind => Kind(scanner),
                Place.ValueOpen => Step(scanner.Mark(syntax.ValueOpen), Place.ValueStart),
                Place.ValueStart => ValueStart(scanner),
                _ => Value(scanner),
            };
            if (progress != Progress.Done)
            {
                return progress;
            }

            if (_place == Place.Open)
            {
                scanner.EndCall();
                return Progress.Done;
            }
        }
    }

    Progress Step(Progress progress, Place next)
    {
        _place = progress == Progress.Done ? next : _place;
        return progress;
    }

    Progress Name(OutputScanner scanner)
    {
        Progress progress;
        if (syntax.NameClose.Length > 0)
        {
            progress = ReadName(scanner, [syntax.NameClose], out _name, out _);
        }
        else
        {
            // What ends the name is read again.
            int end = scanner.Find(["\n", syntax.KeyOpen, syntax.CallClose], 0, out int at);
            _name = scanner.Rest[..at].Trim().ToString();
            bool isName = at <= MaxName && (end < 0 || (_name.Length > 0 && !_name.AsSpan().ContainsAny(" \t<{")));
            progress = !isName || (end < 0 && scanner.IsEnd) ? Progress.Broken : end < 0 ? Progress.Waits : Progress.Done;
            if (progress == Progress.Done)
            {
                scanner.Skip(at);
            }
        }

        if (progress == Progress.Done)
        {
            scanner.StartCall(_name, null);
        }

        return Step(progress, Place.Key);
    }

    Progress Key(OutputScanner scanner)
    {
        Progress key = scanner.Mark(syntax.KeyOpen);
        if (key != Progress.Broken)
        {
            return Step(key, Place.KeyText);
        }

        Progress close = scanner.Mark(syntax.CallClose);
        if (close == Progress.Done)
        {
            scanner.Emit(OutputKind.CallArguments, _arguments == 0 ? "{}" : "}");
        }

        return Step(close, Place.Open);
    }

    Progress KeyText(OutputScanner scanner)
    {
        Progress progress = ReadName(scanner, [syntax.KeyClose], out _key, out _);
        if (progress == Progress.Done)
        {
            _types = types.Of(_name, _key);
            scanner.Emit(OutputKind.CallArguments, $"{(_arguments++ == 0 ? "{" : ", ")}{Quoted(_key)}: ");
        }

        return Step(progress, syntax.TextValue is not null ? Place.Kind : syntax.ValueOpen.Length > 0 ? Place.ValueOpen : Place.ValueStart);
    }

    Progress Kind(OutputScanner scanner)
    {
        Progress text = scanner.Mark(syntax.TextValue!);
        Progress other = text == Progress.Broken ? scanner.Mark(syntax.OtherValue!) : text;
        _types = text == Progress.Done ? ["string"] : other == Progress.Done ? [] : _types;
        return Step(other, Place.ValueStart);
    }

    Progress ValueStart(OutputScanner scanner)
    {
        if (scanner.Rest.Length == 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        if (syntax.HasOwnLines && scanner.Rest[0] == '\n')
        {
            scanner.Skip(1);
        }

        // A text can be passed on as it comes; whether anything else is JSON its end tells.
        _value.Clear();
        _streams = _types is ["string"];
        if (_streams)
        {
            scanner.Emit(OutputKind.CallArguments, "\"");
        }

        return Step(Progress.Done, Place.Value);
    }

    Progress Value(OutputScanner scanner)
    {
        int end = scanner.Find([syntax.ValueClose], 0, out int at);
        if (end < 0)
        {
            // The line break in front of the tag may be the last.
            at -= syntax.HasOwnLines && at > 0 && scanner.Rest[at - 1] == '\n' ? 1 : 0;
            at -= at > 0 && char.IsHighSurrogate(scanner.Rest[at - 1]) ? 1 : 0;
            Add(scanner, scanner.Rest[..at]);
            scanner.Skip(at);
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        ReadOnlySpan<char> last = scanner.Rest[..at];
        Add(scanner, syntax.HasOwnLines && last is [.., '\n'] ? last[..^1] : last);
        scanner.Skip(at + syntax.ValueClose.Length);
        scanner.Emit(OutputKind.CallArguments, _streams ? "\"" : ToJson(_value.ToString(), _types));
        return Step(Progress.Done, Place.Key);
    }

    void Add(OutputScanner scanner, ReadOnlySpan<char> text)
    {
        if (_streams)
        {
            scanner.Emit(OutputKind.CallArguments, Quoted(text.ToString()).AsSpan()[1..^1]);
        }
        else
        {
            _value.Append(text);
        }
    }

    /// <summary>The JSON of the value that a text stands for: of the type that the schema says, else what it is as JSON, else a text.</summary>
    static string ToJson(string text, string[] types)
    {
        string plain = text.Trim();
        if (types.Contains("boolean") && plain is "True" or "False")
        {
            return plain == "True" ? "true" : "false";
        }

        // As Python writes it.
        if (types.Contains("null") && plain == "None")
        {
            return "null";
        }

        bool isText = types.Contains("string");
        _ = Parse(plain, out bool isJson);
        return isJson && !(isText && plain.StartsWith('"')) ? plain : Quoted(text);
    }
}
