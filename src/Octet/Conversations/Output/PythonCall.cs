namespace Octet.Output;

/// <summary>
/// A call as Python writes it: <c>f(city="Ulm", days=3, options={'dry': True})</c>. Its arguments have names, and their values are literals (<see cref="PythonValue"/>).
/// </summary>
sealed class PythonCall : CallReader
{
    enum Place
    {
        Name,
        Key,
        Value,
        Behind,
    }

    readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    PythonValue? _value;
    Place _place;
    int _looked;

    /// <summary>Whether a name can begin with a character. Tools' names are less strict than Python's.</summary>
    internal static bool IsLetter(char next) => next == '_' || char.IsLetterOrDigit(next);

    /// <summary>Whether a text can be a name.</summary>
    internal static bool IsWord(string text) => text.Length is > 0 and <= MaxName && IsLetter(text[0]) && text.All(IsPart);

    static bool IsPart(char next) => IsLetter(next) || next is '.' or '-';

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place != Place.Value && _looked == 0 && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            Progress progress = _place switch
            {
                Place.Name => Name(scanner),
                Place.Key => Key(scanner),
                Place.Value => Value(scanner),
                _ => Behind(scanner),
            };
            if (progress != Progress.Done)
            {
                return progress;
            }

            if (_place == Place.Name)
            {
                scanner.EndCall();
                return Progress.Done;
            }
        }
    }

    Progress Name(OutputScanner scanner)
    {
        Progress progress = Word(scanner, '(', out string name);
        if (progress == Progress.Done)
        {
            scanner.StartCall(name, null);
            _place = Place.Key;
        }

        return progress;
    }

    Progress Key(OutputScanner scanner)
    {
        // A comma may stand behind the last argument too.
        if (_looked == 0 && scanner.Rest is [')', ..])
        {
            return End(scanner);
        }

        Progress progress = Word(scanner, '=', out string key);
        if (progress != Progress.Done)
        {
            return progress;
        }

        if (!_keys.Add(key))
        {
            return Progress.Broken;
        }

        scanner.Emit(OutputKind.CallArguments, $"{(_keys.Count == 1 ? "{" : ", ")}{Quoted(key)}: ");
        _value = new PythonValue();
        _place = Place.Value;
        return Progress.Done;
    }

    Progress Value(OutputScanner scanner)
    {
        Progress progress = _value!.Read(scanner);
        _place = progress == Progress.Done ? Place.Behind : _place;
        return progress;
    }

    Progress Behind(OutputScanner scanner)
    {
        switch (scanner.Rest)
        {
            case [',', ..]:
                scanner.Skip(1);
                _place = Place.Key;
                return Progress.Done;
            case [')', ..]:
                return End(scanner);
            default:
                return Progress.Broken;
        }
    }

    Progress End(OutputScanner scanner)
    {
        scanner.Skip(1);
        scanner.Emit(OutputKind.CallArguments, _keys.Count == 0 ? "{}" : "}");
        _place = Place.Name;
        return Progress.Done;
    }

    /// <summary>Takes a name and what ends it, with white space between the two.</summary>
    Progress Word(OutputScanner scanner, char end, out string word)
    {
        word = "";
        ReadOnlySpan<char> rest = scanner.Rest;
        while (_looked < rest.Length && (IsPart(rest[_looked]) || rest[_looked] == ' '))
        {
            _looked++;
        }

        if (_looked > MaxName || (rest.Length > 0 && !IsLetter(rest[0])))
        {
            return Progress.Broken;
        }

        if (_looked == rest.Length)
        {
            return scanner.IsEnd ? Progress.Broken : Progress.Waits;
        }

        word = rest[.._looked].TrimEnd().ToString();
        if (rest[_looked] != end || word.Contains(' ', StringComparison.Ordinal))
        {
            return Progress.Broken;
        }

        scanner.Skip(_looked + 1);
        _looked = 0;
        return Progress.Done;
    }
}
