using System.Buffers;
using System.Text;

namespace Octet.Output;

/// <summary>
/// A value as a literal of Python, which becomes JSON as it comes: texts, numbers, constants, lists, tuples, dicts, sets. Tuples and sets are arrays, keys that are no texts
/// are texts, as Python's own JSON has it.
/// </summary>
sealed class PythonValue : CallReader
{
    // As .NET's reader of JSON.
    const int MaxDepth = 60;

    static readonly SearchValues<char> s_endsOfWords = SearchValues.Create(",)]}:'\" \t\r\n");

    enum Place
    {
        Value,
        Text,
        Behind,
    }

    enum Kind : byte
    {
        List,
        Tuple,
        Dict,
        Set,

        // What the first value's follower tells: a tuple or a value in parentheses; a dict or a set.
        Parenthesis,
        Brace,
    }

    readonly List<Kind> _open = [];

    // The first value within a brace, as JSON.
    readonly StringBuilder _first = new();
    PythonText? _text;
    Place _place;
    bool _isKey;
    bool _isEmpty;
    bool _hasComma;
    int _looked;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place == Place.Behind && _open.Count == 0)
            {
                return Progress.Done;
            }

            if (_place != Place.Text && _looked == 0 && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            if (scanner.Rest.Length == 0)
            {
                return scanner.IsEnd ? Progress.Broken : Progress.Waits;
            }

            Progress progress = _place switch
            {
                Place.Value => Value(scanner),
                Place.Text => Text(scanner),
                _ => Behind(scanner),
            };
            if (progress != Progress.Done)
            {
                return progress;
            }
        }
    }

    bool IsIn(Kind kind) => _open.Count > 0 && _open[^1] == kind;

    Progress Value(OutputScanner scanner)
    {
        char next = scanner.Rest[0];
        switch (next)
        {
            case ')' or ']' or '}' when _looked == 0 && (_isEmpty || _hasComma):
                return Close(scanner, next);
            case '[' or '(' or '{' when _looked == 0:
                if (_isKey || IsIn(Kind.Brace) || IsIn(Kind.Set) || _open.Count == MaxDepth)
                {
                    return Progress.Broken;
                }

                Separate(scanner);
                scanner.Skip(1);
                scanner.Emit(OutputKind.CallArguments, next == '{' ? "" : "[");
                _open.Add(next == '{' ? Kind.Brace : next == '[' ? Kind.List : Kind.Parenthesis);
                _isEmpty = true;
                return Progress.Done;
            case '"' or '\'' when _looked == 0:
                Separate(scanner);
                Emit(scanner, "\"");
                _text = new PythonText(text => Emit(scanner, Quoted(text).AsSpan()[1..^1]), MayFollow());
                _place = Place.Text;
                return Progress.Done;
            default:
                return Word(scanner);
        }
    }

    /// <summary>What may come behind a text where it stands.</summary>
    string MayFollow() => _open.Count == 0 ? ",)" : _open[^1] switch
    {
        Kind.List => ",]",
        Kind.Tuple or Kind.Parenthesis => ",)",
        Kind.Brace => ",:}",
        Kind.Dict when _isKey => ":",
        _ => ",}",
    };

    Progress Text(OutputScanner scanner)
    {
        Progress progress = _text!.Read(scanner);
        if (progress == Progress.Done)
        {
            Emit(scanner, "\"");
            _place = Place.Behind;
        }

        return progress;
    }

    Progress Word(OutputScanner scanner)
    {
        int at = scanner.Rest[_looked..].IndexOfAny(s_endsOfWords);
        _looked = at < 0 ? scanner.Rest.Length : _looked + at;
        if (_looked > MaxName)
        {
            return Progress.Broken;
        }

        if (at < 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        if (PythonLiteral.ToJson(scanner.Rest[.._looked].ToString()) is not { } json)
        {
            return Progress.Broken;
        }

        Separate(scanner);
        Emit(scanner, _isKey ? Quoted(json) : json);
        scanner.Skip(_looked);
        _looked = 0;
        _place = Place.Behind;
        return Progress.Done;
    }

    Progress Behind(OutputScanner scanner)
    {
        char next = scanner.Rest[0];
        if (IsIn(Kind.Brace))
        {
            bool isDict = next == ':';
            _open[^1] = isDict ? Kind.Dict : Kind.Set;
            _isKey = isDict;
            string first = _first.ToString();
            _first.Clear();
            scanner.Emit(OutputKind.CallArguments, !isDict ? "[" : first[0] == '"' ? "{" : "{\"");
            scanner.Emit(OutputKind.CallArguments, first);
            scanner.Emit(OutputKind.CallArguments, isDict && first[0] != '"' ? "\"" : "");
        }

        if (_isKey)
        {
            if (next != ':')
            {
                return Progress.Broken;
            }

            scanner.Emit(OutputKind.CallArguments, ": ");
            _isKey = false;
        }
        else if (next == ',')
        {
            _hasComma = true;
            _isKey = IsIn(Kind.Dict);
            _open[^1] = IsIn(Kind.Parenthesis) ? Kind.Tuple : _open[^1];
        }
        else
        {
            // A value in parentheses is itself, and its bracket has been passed on: nobody writes it so.
            return IsIn(Kind.Parenthesis) ? Progress.Broken : Close(scanner, next);
        }

        scanner.Skip(1);
        _place = Place.Value;
        return Progress.Done;
    }

    Progress Close(OutputScanner scanner, char next)
    {
        Kind kind = _open[^1];
        if (next != (kind switch { Kind.List => ']', Kind.Tuple or Kind.Parenthesis => ')', _ => '}' }))
        {
            return Progress.Broken;
        }

        scanner.Skip(1);
        scanner.Emit(OutputKind.CallArguments, kind switch { Kind.Dict => "}", Kind.Brace => "{}", _ => "]" });
        _open.RemoveAt(_open.Count - 1);
        (_isKey, _isEmpty, _hasComma) = (false, false, false);
        _place = Place.Behind;
        return Progress.Done;
    }

    /// <summary>A value begins.</summary>
    void Separate(OutputScanner scanner)
    {
        scanner.Emit(OutputKind.CallArguments, _hasComma ? ", " : "");
        (_isEmpty, _hasComma) = (false, false);
    }

    void Emit(OutputScanner scanner, ReadOnlySpan<char> json)
    {
        if (IsIn(Kind.Brace))
        {
            _first.Append(json);
        }
        else
        {
            scanner.Emit(OutputKind.CallArguments, json);
        }
    }
}
