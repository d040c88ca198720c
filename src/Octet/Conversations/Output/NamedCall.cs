namespace Octet.Output;

/// <summary>A call that is its name, a mark, and its arguments as a JSON object.</summary>
/// <param name="callMark">The mark that it begins with; null: none.</param>
/// <param name="idMark">The mark between a name and an id, where a model writes one; null: none.</param>
/// <param name="argumentsMark">The mark in front of the arguments.</param>
sealed class NamedCall(string? callMark, string? idMark, string argumentsMark) : CallReader
{
    // What Kimi puts in front of a name and behind it; together that is the id.
    const string KimiPrefix = "functions.";

    // DeepSeek's first form: the mark stands between this word and the name, and the arguments are a block of Markdown.
    const string TypeWord = "function";
    const string MarkdownOpen = "```json\n";

    readonly JsonArguments _arguments = new();
    string? _name;
    string? _id;
    bool _hasMark = callMark is null;
    bool _hasId;
    bool _hasType;
    bool _hasHead;

    internal override Progress Read(OutputScanner scanner)
    {
        if (!_hasHead)
        {
            Progress head = Head(scanner);
            if (head != Progress.Done)
            {
                return head;
            }

            _hasHead = true;
            scanner.StartCall(_name!, _id);
        }

        Progress progress = _arguments.Read(scanner);
        if (progress == Progress.Done)
        {
            scanner.EndCall();
        }

        return progress;
    }

    Progress Head(OutputScanner scanner)
    {
        if (_name is null)
        {
            if (!scanner.SkipWhiteSpace())
            {
                return Progress.Waits;
            }

            if (!_hasMark)
            {
                Progress mark = scanner.Mark(callMark!);
                _hasMark = mark == Progress.Done;
                return _hasMark ? Head(scanner) : mark;
            }

            Progress progress = ReadName(scanner, idMark is null ? [argumentsMark] : [argumentsMark, idMark], out string name, out int end);
            if (progress != Progress.Done)
            {
                return progress;
            }

            _name = name;
            _hasId = end == 1;
        }

        if (_hasId && _id is null)
        {
            Progress progress = ReadName(scanner, [argumentsMark], out string id, out _);
            if (progress != Progress.Done)
            {
                return progress;
            }

            _id = id;
        }

        if (_name == TypeWord && !_hasType)
        {
            // A tool may have that name: then the object follows.
            if (scanner.Rest is ['{', ..] or [] && !(scanner.Rest.Length == 0 && !scanner.IsEnd))
            {
                return Progress.Done;
            }

            int end = scanner.Find([MarkdownOpen], 0, out int at);
            if (end < 0)
            {
                return scanner.IsEnd || at > MaxName ? Progress.Broken : Progress.Waits;
            }

            string name = scanner.Rest[..at].Trim().ToString();
            if (name.Length == 0 || name.Any(char.IsWhiteSpace) || at > MaxName)
            {
                return Progress.Broken;
            }

            _name = name;
            _hasType = true;
            scanner.Skip(at + MarkdownOpen.Length);
        }
        else if (_name.StartsWith(KimiPrefix, StringComparison.Ordinal) && _name.LastIndexOf(':') is int colon and > 0)
        {
            _id = _name;
            _name = _name[KimiPrefix.Length..colon];
            return _name.Length > 0 ? Progress.Done : Progress.Broken;
        }

        return scanner.Rest.Length > 0 || scanner.IsEnd ? Progress.Done : Progress.Waits;
    }
}
