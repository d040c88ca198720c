using System.Buffers;

namespace Octet.Output;

/// <summary>
/// A call as Gemma 4 writes it: <c>call:f{city:&lt;|"|&gt;Ulm&lt;|"|&gt;,days:3}</c>, an object whose keys have no quotes and whose texts have a
/// token of their own for them.
/// </summary>
sealed class GemmaCall : CallReader
{
    const string Open = "call:";
    const string Quote = "<|\"|>";

    enum Place
    {
        Open,
        Name,
        Key,
        Value,
        Text,
        Behind,
    }

    static readonly SearchValues<char> s_noKey = SearchValues.Create("{}[],\n\"");

    // The objects and arrays that are open.
    readonly List<bool> _isObject = [];
    Place _place;
    bool _isEmpty;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place is not Place.Text && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            Progress progress = _place switch
            {
                Place.Open => Opening(scanner),
                Place.Name => Name(scanner),
                Place.Key => Key(scanner),
                Place.Value => Value(scanner),
                Place.Text => Text(scanner),
                _ => Behind(scanner),
            };
            if (progress != Progress.Done)
            {
                return progress;
            }

            if (_place == Place.Behind && _isObject.Count == 0)
            {
                scanner.EndCall();
                return Progress.Done;
            }
        }
    }

    Progress Opening(OutputScanner scanner)
    {
        Progress progress = scanner.Mark(Open);
        _place = progress == Progress.Done ? Place.Name : _place;
        return progress;
    }

    Progress Name(OutputScanner scanner)
    {
        Progress progress = ReadName(scanner, ["{"], out string name, out _);
        if (progress == Progress.Done)
        {
            scanner.StartCall(name, null);
            Begin(scanner, isObject: true);
        }

        return progress;
    }

    void Begin(OutputScanner scanner, bool isObject)
    {
        scanner.Emit(OutputKind.CallArguments, isObject ? "{" : "[");
        _isObject.Add(isObject);
        _isEmpty = true;
        _place = isObject ? Place.Key : Place.Value;
    }

    Progress End(OutputScanner scanner)
    {
        scanner.Emit(OutputKind.CallArguments, _isObject[^1] ? "}" : "]");
        _isObject.RemoveAt(_isObject.Count - 1);
        scanner.Skip(1);
        _place = Place.Behind;
        return Progress.Done;
    }

    Progress Key(OutputScanner scanner)
    {
        if (_isEmpty && scanner.Rest is ['}', ..])
        {
            return End(scanner);
        }

        int end = scanner.Find([":"], 0, out int at);
        string key = scanner.Rest[..at].Trim().ToString();
        if (at > MaxName || key.AsSpan().ContainsAny(s_noKey))
        {
            return Progress.Broken;
        }

        if (end < 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        if (key.Length == 0)
        {
            return Progress.Broken;
        }

        scanner.Emit(OutputKind.CallArguments, Quoted(key) + ": ");
        scanner.Skip(at + 1);
        _place = Place.Value;
        return Progress.Done;
    }

    Progress Value(OutputScanner scanner)
    {
        if (scanner.Rest.Length == 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        switch (scanner.Rest[0])
        {
            case ']' when _isEmpty && !_isObject[^1]:
                return End(scanner);
            case '{' or '[' when _isObject.Count < 64:
                bool isObject = scanner.Rest[0] == '{';
                scanner.Skip(1);
                Begin(scanner, isObject);
                return Progress.Done;
            case '<':
                Progress quote = scanner.Mark(Quote);
                if (quote == Progress.Done)
                {
                    scanner.Emit(OutputKind.CallArguments, "\"");
                    _place = Place.Text;
                }

                return quote;
        }

        int at = scanner.Rest.IndexOfAny(",}]");
        if (at < 0)
        {
            return scanner.IsEnd || scanner.Rest.Length > MaxName ? Progress.Broken : Progress.Waits;
        }

        // A number, true, false or null.
        string plain = scanner.Rest[..at].Trim().ToString();
        _ = Parse(plain, out bool isJson);
        if (at > MaxName || !isJson || plain[0] is '"')
        {
            return Progress.Broken;
        }

        scanner.Emit(OutputKind.CallArguments, plain);
        scanner.Skip(at);
        _place = Place.Behind;
        return Progress.Done;
    }

    Progress Text(OutputScanner scanner)
    {
        int end = scanner.Find([Quote], 0, out int at);
        at -= end < 0 && at > 0 && char.IsHighSurrogate(scanner.Rest[at - 1]) ? 1 : 0;
        scanner.Emit(OutputKind.CallArguments, Quoted(scanner.Rest[..at].ToString()).AsSpan()[1..^1]);
        scanner.Skip(at + (end < 0 ? 0 : Quote.Length));
        if (end < 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        scanner.Emit(OutputKind.CallArguments, "\"");
        _place = Place.Behind;
        return Progress.Done;
    }

    Progress Behind(OutputScanner scanner)
    {
        if (scanner.Rest.Length == 0)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        _isEmpty = false;
        char next = scanner.Rest[0];
        if (next == ',')
        {
            scanner.Emit(OutputKind.CallArguments, ", ");
            scanner.Skip(1);
            _place = _isObject[^1] ? Place.Key : Place.Value;
            return Progress.Done;
        }

        return next == (_isObject[^1] ? '}' : ']') ? End(scanner) : Progress.Broken;
    }
}
