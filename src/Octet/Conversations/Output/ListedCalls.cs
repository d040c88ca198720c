namespace Octet.Output;

/// <summary>
/// Calls in brackets, as objects of JSON or as a program in Python would write them: which of the two a model writes is up to its prompt (LFM2, Llama 4). An object of JSON
/// without brackets is one call.
/// </summary>
sealed class ListedCalls : CallReader
{
    CallReader? _calls;
    bool _isOpen;

    internal override Progress Read(OutputScanner scanner)
    {
        while (_calls is null)
        {
            if (!scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            switch (scanner.Rest)
            {
                case ['[', ..] when !_isOpen:
                    scanner.Skip(1);
                    _isOpen = true;
                    break;
                case ['{', ..]:
                    _calls = _isOpen ? new JsonCalls(',', isList: true, isOpen: true) : new JsonCalls(';', isList: false);
                    break;
                case [_, ..] when _isOpen:
                    _calls = new PythonCalls(isList: true);
                    break;
                default:
                    return Progress.Broken;
            }
        }

        return _calls.Read(scanner);
    }
}
