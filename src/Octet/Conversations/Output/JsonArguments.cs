namespace Octet.Output;

/// <summary>A call's arguments that stand there as a JSON object: passed on as they come.</summary>
sealed class JsonArguments : CallReader
{
    JsonProgress _json;
    bool _hasBegun;

    internal override Progress Read(OutputScanner scanner)
    {
        if (!_hasBegun)
        {
            if (!scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            if (scanner.Rest is not ['{', ..])
            {
                return Progress.Broken;
            }

            _hasBegun = true;
        }

        (int taken, Progress progress) = Follow(ref _json, scanner.Rest);
        scanner.Emit(OutputKind.CallArguments, scanner.Rest[..taken]);
        scanner.Skip(taken);
        return progress;
    }

    /// <summary>How far what comes goes on with the value.</summary>
    internal static (int Taken, Progress Progress) Follow(ref JsonProgress json, ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            Progress progress = json.Take(text[i]);
            if (progress != Progress.Waits)
            {
                return (progress == Progress.Done ? i + 1 : i, progress);
            }
        }

        return (text.Length, Progress.Waits);
    }
}
