namespace Octet.Output;

/// <summary>Calls behind Llama's mark: JSON objects, or, of the tools that are built in, <c>name.call(key="value")</c>.</summary>
sealed class LlamaCalls : CallReader
{
    CallReader? _calls;

    internal override Progress Read(OutputScanner scanner)
    {
        if (_calls is null)
        {
            if (!scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            _calls = scanner.Rest is ['{', ..] ? new JsonCalls(';', isList: false) : new BuiltInCall();
        }

        return _calls.Read(scanner);
    }

    sealed class BuiltInCall : CallReader
    {
        enum Place
        {
            Name,
            Key,
            Value,
            Behind,
        }

        JsonProgress _json;
        Place _place;
        int _arguments;

        internal override Progress Read(OutputScanner scanner)
        {
            while (true)
            {
                if (_place is Place.Key or Place.Behind && !scanner.SkipWhiteSpace())
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
            Progress progress = ReadName(scanner, [".call("], out string name, out _);
            if (progress == Progress.Done)
            {
                scanner.StartCall(name, null);
                _place = Place.Key;
            }

            return progress;
        }

        Progress Key(OutputScanner scanner)
        {
            if (_arguments == 0 && scanner.Mark(")") == Progress.Done)
            {
                scanner.Emit(OutputKind.CallArguments, "{}");
                _place = Place.Name;
                return Progress.Done;
            }

            Progress progress = ReadName(scanner, ["="], out string key, out _);
            if (progress == Progress.Done)
            {
                scanner.Emit(OutputKind.CallArguments, $"{(_arguments++ == 0 ? "{" : ", ")}{Quoted(key)}: ");
                _json = default;
                _place = Place.Value;
            }

            return progress;
        }

        Progress Value(OutputScanner scanner)
        {
            (int taken, Progress progress) = JsonArguments.Follow(ref _json, scanner.Rest);
            scanner.Emit(OutputKind.CallArguments, scanner.Rest[..taken]);
            scanner.Skip(taken);
            _place = progress == Progress.Done ? Place.Behind : _place;
            return progress;
        }

        Progress Behind(OutputScanner scanner)
        {
            if (scanner.Rest is [',' or ')', ..])
            {
                bool isEnd = scanner.Rest[0] == ')';
                scanner.Skip(1);
                _place = isEnd ? Place.Name : Place.Key;
                if (isEnd)
                {
                    scanner.Emit(OutputKind.CallArguments, "}");
                }

                return Progress.Done;
            }

            return Progress.Broken;
        }
    }
}
