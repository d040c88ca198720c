namespace Octet.Output;

/// <summary>Calls in a block of Markdown, as Command R writes them: a list of JSON objects.</summary>
sealed class FencedCalls : CallReader
{
    const string Open = "```json";

    readonly JsonCalls _calls = new(',', isList: true);
    bool _isOpen;

    internal override Progress Read(OutputScanner scanner)
    {
        if (!_isOpen)
        {
            if (!scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            Progress open = scanner.Mark(Open);
            if (open != Progress.Done)
            {
                return open;
            }

            _isOpen = true;
        }

        return _calls.Read(scanner);
    }
}
