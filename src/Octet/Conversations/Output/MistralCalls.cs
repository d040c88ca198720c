namespace Octet.Output;

/// <summary>Calls behind Mistral's mark: a list of JSON objects up to its seventh tokenizer, <c>name[ARGS]{...}</c> from the eleventh on.</summary>
sealed class MistralCalls : CallReader
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

            _calls = scanner.Rest is ['[', ..] ? new JsonCalls(',', isList: true) : new NamedCall(null, "[CALL_ID]", "[ARGS]");
        }

        return _calls.Read(scanner);
    }
}
