namespace Octet.Output;

/// <summary>A call as GLM-4 writes it: the tool's name in a line of its own, then the arguments as an object of JSON. Nothing marks it: only the name of a tool is one.</summary>
/// <param name="types">The tools.</param>
sealed class LineCall(ParameterTypes types) : CallReader
{
    readonly JsonArguments _arguments = new();
    bool _hasName;

    internal override Progress Read(OutputScanner scanner)
    {
        if (!_hasName)
        {
            int at = scanner.Rest.IndexOfAny(" \t\r\n");
            if (at < 0 && scanner.Rest.Length <= MaxName && !scanner.IsEnd)
            {
                return Progress.Waits;
            }

            string name = at < 0 ? "" : scanner.Rest[..at].ToString();
            if (at < 0 || scanner.Rest[at] != '\n' || !types.Has(name))
            {
                return Progress.Broken;
            }

            _hasName = true;
            scanner.Skip(at + 1);
            scanner.StartCall(name, null);
        }

        Progress progress = _arguments.Read(scanner);
        if (progress == Progress.Done)
        {
            scanner.EndCall();
        }

        return progress;
    }
}
