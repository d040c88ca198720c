using System.Text;

namespace Octet.Output;

/// <summary>A call as Apertus writes it: a JSON object whose one key is the tool's name, and whose value the arguments.</summary>
sealed class KeyedCall : CallReader
{
    enum Place
    {
        Open,
        Key,
        KeyText,
        Colon,
        Arguments,
        Close,
    }

    readonly StringBuilder _key = new();
    readonly JsonArguments _arguments = new();
    JsonProgress _json;
    Place _place;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_place is not (Place.KeyText or Place.Arguments) && !scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            Progress progress = _place switch
            {
                Place.Open => scanner.Mark("{"),
                Place.Key => scanner.Rest is ['"', ..] ? Progress.Done : Progress.Broken,
                Place.KeyText => KeyText(scanner),
                Place.Colon => scanner.Mark(":"),
                Place.Arguments => _arguments.Read(scanner),
                _ => scanner.Mark("}"),
            };
            if (progress != Progress.Done)
            {
                return progress;
            }

            if (_place == Place.Close)
            {
                scanner.EndCall();
                return Progress.Done;
            }

            _place++;
        }
    }

    Progress KeyText(OutputScanner scanner)
    {
        (int taken, Progress progress) = JsonArguments.Follow(ref _json, scanner.Rest);
        _key.Append(scanner.Rest[..taken]);
        scanner.Skip(taken);
        if (progress != Progress.Done || _key.Length > MaxName)
        {
            return _key.Length > MaxName ? Progress.Broken : progress;
        }

        string name = ParseText(_key.ToString());
        if (name.Length == 0)
        {
            return Progress.Broken;
        }

        scanner.StartCall(name, null);
        return Progress.Done;
    }
}
