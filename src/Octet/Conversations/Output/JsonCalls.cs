namespace Octet.Output;

/// <summary>Calls that are JSON objects: one, several with a separator between them, or a list of them.</summary>
/// <param name="separator">What stands between calls; null where one stands alone.</param>
/// <param name="isList">Whether they are in brackets.</param>
/// <param name="isOpen">Whether the opening bracket has been read.</param>
/// <param name="isKeyed">Whether a tool's name is the key of its arguments.</param>
sealed class JsonCalls(char? separator, bool isList, bool isOpen = false, bool isKeyed = false) : CallReader
{
    CallReader? _call;
    bool _isOpen = !isList || isOpen;
    bool _isBehind;
    int _white;

    internal override Progress Read(OutputScanner scanner)
    {
        while (true)
        {
            if (_call is not null)
            {
                Progress progress = _call.Read(scanner);
                if (progress != Progress.Done)
                {
                    return progress;
                }

                _call = null;
                _isBehind = true;
                if (separator is null)
                {
                    return Progress.Done;
                }
            }

            // White space behind the last call belongs to what follows it, if nothing of this does.
            _white = scanner.CountWhiteSpace(_white);
            ReadOnlySpan<char> rest = scanner.Rest[_white..];
            if (rest.Length == 0)
            {
                return _isBehind && scanner.IsEnd && !isList ? Progress.Done : scanner.IsEnd ? Progress.Broken : Progress.Waits;
            }

            int before = _white;
            _white = 0;
            if (!_isOpen)
            {
                if (rest[0] != '[')
                {
                    return Progress.Broken;
                }

                scanner.Skip(before + 1);
                _isOpen = true;
            }
            else if (!_isBehind)
            {
                scanner.Skip(before);
                _call = isKeyed ? new KeyedCall() : new JsonCall();
            }
            else if (rest[0] == separator)
            {
                scanner.IsInCall = true;
                scanner.Skip(before + 1);
                _isBehind = false;
            }
            else if (isList && rest[0] == ']')
            {
                scanner.Skip(before + 1);
                return Progress.Done;
            }
            else
            {
                return isList ? Progress.Broken : Progress.Done;
            }
        }
    }
}
