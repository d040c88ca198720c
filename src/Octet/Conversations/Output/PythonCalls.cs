namespace Octet.Output;

/// <summary>Calls as a program in Python would write them: in a list whose bracket has been read, or a line each.</summary>
/// <param name="isList">Whether they are in brackets, with commas between them.</param>
sealed class PythonCalls(bool isList) : CallReader
{
    PythonCall? _call = new();
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
            }

            // White space behind the last call belongs to what follows it, if no further call does.
            _white = scanner.CountWhiteSpace(_white);
            if (_white == scanner.Rest.Length)
            {
                return !scanner.IsEnd ? Progress.Waits : isList ? Progress.Broken : Progress.Done;
            }

            char next = scanner.Rest[_white];
            if (isList ? next == ',' : PythonCall.IsLetter(next))
            {
                scanner.IsInCall = true;
                scanner.Skip(_white + (isList ? 1 : 0));
                _white = 0;
                _call = new PythonCall();
            }
            else if (isList && next == ']')
            {
                scanner.Skip(_white + 1);
                return Progress.Done;
            }
            else
            {
                return isList ? Progress.Broken : Progress.Done;
            }
        }
    }
}
