namespace Octet.Output;

/// <summary>
/// The messages of gpt-oss (harmony): each a head with a channel and a recipient, <c>&lt;|message|&gt;</c>, a body and a mark that ends it. The
/// prompt leaves off in the first head, behind the role.
/// </summary>
/// <param name="reasoning">What the analysis channel becomes.</param>
/// <param name="separatesCalls">Whether calls come apart from the text.</param>
/// <param name="hasStarted">Whether the prompt began a message.</param>
sealed class HarmonyReader(OutputKind reasoning, bool separatesCalls, bool hasStarted)
{
    /// <summary>In front of a message's role.</summary>
    internal const string Start = "<|start|>";

    /// <summary>In front of its channel.</summary>
    internal const string Channel = "<|channel|>";

    /// <summary>In front of what its body is written in.</summary>
    internal const string Constrain = "<|constrain|>";

    /// <summary>In front of its body.</summary>
    internal const string Message = "<|message|>";

    /// <summary>Behind a message that is not the last.</summary>
    internal const string End = "<|end|>";

    /// <summary>Behind a call.</summary>
    internal const string CallEnd = "<|call|>";

    /// <summary>In front of whom a message is for.</summary>
    internal const string Recipient = "to=";

    /// <summary>In front of a tool's name.</summary>
    internal const string FunctionPrefix = "functions.";

    const int MaxHead = 300;
    const string Mark = "<|";

    static readonly string[] s_ends = [End, "<|return|>", CallEnd, Start];
    static readonly string[] s_marks = [Message, .. s_ends];

    enum Place
    {
        Head,
        Body,
        Call,
        Between,
    }

    internal static char[] RoleLetters { get; } = [.. "abcdefghijklmnopqrstuvwxyz"];

    internal static string[] Marks { get; } = [.. s_marks, Channel, Constrain];

    Place _place = hasStarted ? Place.Head : Place.Between;
    OutputKind _kind;
    JsonArguments? _arguments;
    int _held;

    /// <summary>Reads on; false where more text is needed.</summary>
    internal bool Read(OutputScanner scanner) => _place switch
    {
        Place.Head => Head(scanner),
        Place.Body => Body(scanner),
        Place.Call => Call(scanner),
        _ => Between(scanner),
    };

    bool Head(OutputScanner scanner)
    {
        scanner.IsInCall = true;
        int mark = scanner.Find(s_marks, 0, out int at);
        if (mark < 0 && at <= MaxHead && !scanner.IsEnd && CouldBeHead(scanner.Rest[..at]))
        {
            return false;
        }

        if (mark != 0 || at > MaxHead || !CouldBeHead(scanner.Rest[..at]))
        {
            scanner.BreakCall();
            _kind = OutputKind.Text;
            _place = Place.Body;
            return true;
        }

        string head = scanner.Rest[..at].ToString();
        scanner.Skip(at + s_marks[0].Length);
        string channel = Word(head, Channel);
        string recipient = Word(head, Recipient);
        if (recipient.StartsWith(FunctionPrefix, StringComparison.Ordinal) && recipient.Length > FunctionPrefix.Length)
        {
            if (separatesCalls)
            {
                scanner.StartCall(recipient[FunctionPrefix.Length..], null);
                _arguments = new JsonArguments();
                _place = Place.Call;
                return true;
            }

            scanner.BreakCall();
        }

        scanner.LeaveCall();
        _kind = channel == "analysis" ? reasoning : OutputKind.Text;
        _place = Place.Body;
        return true;
    }

    /// <summary>A role, a recipient, a channel, a type: no sentence begins like that.</summary>
    static bool CouldBeHead(ReadOnlySpan<char> head)
    {
        ReadOnlySpan<char> rest = head.TrimStart();
        int role = rest.IndexOfAnyExceptInRange('a', 'z');
        rest = role < 0 ? [] : rest.StartsWith(Recipient, StringComparison.Ordinal) ? rest : rest[role..].TrimStart();
        return rest.StartsWith(Mark, StringComparison.Ordinal) || Mark.AsSpan().StartsWith(rest, StringComparison.Ordinal) || rest.StartsWith(Recipient, StringComparison.Ordinal) || Recipient.AsSpan().StartsWith(rest, StringComparison.Ordinal);
    }

    static string Word(string head, string mark)
    {
        int at = head.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
        {
            return "";
        }

        string rest = head[(at + mark.Length)..];
        int end = rest.AsSpan().IndexOfAny(" \t\n<");
        return end < 0 ? rest : rest[..end];
    }

    bool Body(OutputScanner scanner)
    {
        int mark = scanner.Find(s_ends, 0, out int at);
        scanner.Pass(_kind, at);
        if (mark < 0)
        {
            return false;
        }

        _place = Place.Between;
        return true;
    }

    bool Call(OutputScanner scanner)
    {
        Progress progress = _arguments!.Read(scanner);
        switch (progress)
        {
            case Progress.Done:
                scanner.EndCall();
                _place = Place.Between;
                return true;
            case Progress.Waits when !scanner.IsEnd:
                return false;
            default:
                scanner.BreakCall();
                _kind = OutputKind.Text;
                _place = Place.Body;
                return true;
        }
    }

    bool Between(OutputScanner scanner)
    {
        while (_held < scanner.Rest.Length && char.IsWhiteSpace(scanner.Rest[_held]))
        {
            _held++;
        }

        ReadOnlySpan<char> rest = scanner.Rest[_held..];
        if (rest.Length == 0)
        {
            if (scanner.IsEnd)
            {
                scanner.Skip(_held);
                _held = 0;
            }

            return false;
        }

        bool couldBegin = false;
        foreach (string mark in Marks)
        {
            couldBegin |= !scanner.IsEnd && mark.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            if (!rest.StartsWith(mark, StringComparison.Ordinal))
            {
                continue;
            }

            // A head goes on with its channel; any other mark but the one that starts a message ends one.
            bool isHead = mark is Channel or Message or Constrain;
            scanner.Skip(_held);
            scanner.IsInCall = mark == Start;
            scanner.Skip(isHead ? 0 : mark.Length);
            _place = isHead || mark == Start ? Place.Head : Place.Between;
            _held = 0;
            return true;
        }

        if (couldBegin)
        {
            return false;
        }

        _held = 0;
        _kind = OutputKind.Text;
        _place = Place.Body;
        return true;
    }
}
