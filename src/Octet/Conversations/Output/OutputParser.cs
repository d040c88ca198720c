using Octet.Output;

namespace Octet;

/// <summary>
/// Takes a model's output apart as it comes: text, reasoning, calls of tools. How the text was cut makes no difference, no character is lost or
/// comes twice, but the marks and the white space around them, and what is not of the form that it should have is text.
/// </summary>
/// <remarks>
/// Reasoning is one block between marks at the beginning (of harmony every message of its channel); white space around it and around what is in it
/// is left out. White space in front of a call belongs to its mark, and white space between calls and behind the last one.
/// </remarks>
public sealed class OutputParser
{
    enum Place
    {
        Beginning,
        Reasoning,
        BehindReasoning,
        AnswerOpen,
        AnswerBegin,
        AnswerClose,
        Text,
        Call,
        BehindCall,
        Harmony,
    }

    readonly OutputScanner _scanner = new();
    readonly OutputFormat _format;
    readonly ParameterTypes _types;
    readonly HarmonyReader? _harmony;
    readonly bool _separatesReasoning;
    readonly bool _separatesCalls;
    Place _place;
    readonly (string Open, string[] Close)[] _thinking;
    string[] _close = [];
    bool _hasReasoning;

    // What text is looked through for: marks that calls begin with, then the one that the answer ends with, if it has begun with its own.
    string[] _marks;
    bool _hasAnswerMark;

    // How much has been looked at behind the mark that may end the answer.
    int _looked;

    // Whether nothing but reasoning and white space has come: an answer may still be nothing but calls.
    bool _isWhole = true;

    // How much white space is held back at the front of what is pending.
    int _held;
    CallReader? _reader;
    int _closer;

    internal OutputParser(OutputFormat format, OutputParserOptions options)
    {
        _format = format;
        _types = new ParameterTypes(options.Tools);
        _separatesReasoning = options.SeparatesReasoning;
        _separatesCalls = options.SeparatesCalls;
        _thinking = [.. ReasoningMarks.All.Select(static pair => (pair.Open, (string[])[pair.Close])), .. format.Thinking];
        _marks = _separatesCalls ? [.. format.OpenerMarks] : [];
        if (format.IsHarmony)
        {
            _harmony = new HarmonyReader(_separatesReasoning ? OutputKind.Reasoning : OutputKind.Text, _separatesCalls, options.Head.Length > 0);
            _place = Place.Harmony;

            // The role is the prompt's: it does not come again if what follows it is no head.
            _ = Append(options.Head.TrimStart(HarmonyReader.RoleLetters));
        }
        else if (options.LeftOpen is not null)
        {
            _close = [options.LeftOpen];
            _place = Place.Reasoning;
        }
    }

    /// <summary>Takes the next piece of the output; returns what became certain by it.</summary>
    /// <param name="text">What the model wrote next, special tokens included where they are marks of the format.</param>
    public IReadOnlyList<OutputPiece> Append(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _scanner.Append(text);
        return Read();
    }

    /// <summary>The output is at its end: returns what was held back. A call in the middle is none.</summary>
    public IReadOnlyList<OutputPiece> Complete()
    {
        _scanner.End();
        return Read();
    }

    List<OutputPiece> Read()
    {
        while (_place switch
        {
            Place.Beginning => Beginning(),
            Place.Reasoning => Reasoning(),
            Place.BehindReasoning => BehindReasoning(),
            Place.AnswerOpen => AnswerOpen(),
            Place.AnswerBegin => AnswerBegin(),
            Place.AnswerClose => AnswerClose(),
            Place.Text => Text(),
            Place.Call => Call(),
            Place.BehindCall => BehindCall(),
            _ => _harmony!.Read(_scanner),
        })
        {
        }

        return _scanner.TakePieces();
    }

    bool Beginning()
    {
        HoldWhiteSpace();
        ReadOnlySpan<char> rest = _scanner.Rest[_held..];
        bool couldBegin = false;
        foreach ((string open, string[] close) in _thinking)
        {
            couldBegin |= !_scanner.IsEnd && open.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            if (rest.StartsWith(open, StringComparison.Ordinal))
            {
                Leave(OutputKind.Text, _held + open.Length);
                _close = close;
                _place = Place.Reasoning;
                return true;
            }
        }

        if (_format.MayBeginClosed)
        {
            (_, string close) = ReasoningMarks.All[0];
            couldBegin |= !_scanner.IsEnd && close.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            if (rest.StartsWith(close, StringComparison.Ordinal))
            {
                Leave(OutputKind.Text, _held + close.Length);
                _place = Place.BehindReasoning;
                return true;
            }
        }

        if (couldBegin)
        {
            return false;
        }

        _place = HasAnswerMarks ? Place.AnswerOpen : Place.Text;
        return true;
    }

    bool HasAnswerMarks => _separatesReasoning && _format.Answer is not null;

    /// <summary>Passes over what is no part of the reasoning, or takes it as text where reasoning stays there.</summary>
    void Leave(OutputKind kind, int count)
    {
        if (_separatesReasoning)
        {
            _scanner.Skip(count);
        }
        else
        {
            _scanner.Pass(kind, count);
        }

        _held = 0;
    }

    bool Reasoning()
    {
        if (!_hasReasoning)
        {
            HoldWhiteSpace();
            if (_held > 0)
            {
                Leave(OutputKind.Text, _held);
            }
        }

        int mark = _scanner.Find(_close, _held, out int at);
        PassHolding(_separatesReasoning ? OutputKind.Reasoning : OutputKind.Text, at);
        if (mark >= 0)
        {
            Leave(OutputKind.Text, _held + _close[mark].Length);
            _place = Place.BehindReasoning;
            return true;
        }

        if (_scanner.IsEnd)
        {
            Leave(OutputKind.Text, _scanner.Rest.Length);
        }

        return false;
    }

    bool BehindReasoning()
    {
        SkipLineBreaks();
        _place = _scanner.Rest.Length == 0 ? _place : HasAnswerMarks ? Place.AnswerOpen : Place.Text;
        return _scanner.Rest.Length > 0;
    }

    void SkipLineBreaks()
    {
        int length = 0;
        while (_separatesReasoning && length < _scanner.Rest.Length && _scanner.Rest[length] is '\r' or '\n')
        {
            length++;
        }

        _scanner.Skip(length);
    }

    bool AnswerOpen()
    {
        HoldWhiteSpace();
        ReadOnlySpan<char> rest = _scanner.Rest[_held..];
        string open = _format.Answer!.Open;
        if (rest.StartsWith(open, StringComparison.Ordinal))
        {
            _scanner.Skip(_held + open.Length);
            _held = 0;
            _hasAnswerMark = true;
            _marks = [.. _marks, _format.Answer.Close];
            _place = Place.AnswerBegin;
            return true;
        }

        if (!_scanner.IsEnd && open.AsSpan().StartsWith(rest, StringComparison.Ordinal))
        {
            return false;
        }

        _place = Place.Text;
        return true;
    }

    bool AnswerBegin()
    {
        SkipLineBreaks();
        _place = _scanner.Rest.Length > 0 ? Place.Text : _place;
        return _place == Place.Text;
    }

    /// <summary>Whether a mark that ends the answer does: nothing follows it but white space, or a call.</summary>
    bool AnswerClose()
    {
        int close = _held + _format.Answer!.Close.Length;
        _looked = _scanner.CountWhiteSpace(Math.Max(close, _looked));
        bool isLast = _looked == _scanner.Rest.Length && _scanner.IsEnd;
        foreach (string opener in _separatesCalls ? _format.OpenerMarks : [])
        {
            ReadOnlySpan<char> behind = _scanner.Rest[_looked..];
            isLast |= behind.StartsWith(opener, StringComparison.Ordinal);
            if (!isLast && !_scanner.IsEnd && opener.AsSpan().StartsWith(behind, StringComparison.Ordinal))
            {
                return false;
            }
        }

        if (!isLast && !_scanner.IsEnd && _looked == _scanner.Rest.Length)
        {
            return false;
        }

        if (isLast)
        {
            _scanner.Skip(_looked);
            _marks = _marks[..^1];
            _hasAnswerMark = false;
        }
        else
        {
            _scanner.Pass(OutputKind.Text, close);
        }

        (_held, _looked) = (0, 0);
        _place = Place.Text;
        return true;
    }

    bool Text()
    {
        if (_separatesCalls && _isWhole && _format.WholeAnswer is { } whole)
        {
            HoldWhiteSpace();
            if (_held == _scanner.Rest.Length && !_scanner.IsEnd)
            {
                return false;
            }

            _isWhole = false;
            if (_held < _scanner.Rest.Length && _format.BeginsWhole(_scanner.Rest[_held]))
            {
                return BeginCall(whole, 0);
            }
        }

        int mark = _scanner.Find(_marks, _held, out int at);
        PassHolding(OutputKind.Text, at);
        if (mark >= 0 && _hasAnswerMark && mark == _marks.Length - 1)
        {
            _place = Place.AnswerClose;
            return true;
        }

        if (mark >= 0)
        {
            CallOpener opener = _format.Openers[mark];
            if (opener.Reader is null)
            {
                _scanner.Skip(_held + opener.Mark.Length);
                _held = 0;
                return true;
            }

            return BeginCall(opener.Reader, opener.IsPartOfCall ? 0 : opener.Mark.Length);
        }

        if (_scanner.IsEnd)
        {
            _scanner.Pass(OutputKind.Text, _scanner.Rest.Length);
            _held = 0;
        }

        return false;
    }

    bool BeginCall(Func<ParameterTypes, CallReader> reader, int mark)
    {
        _isWhole = false;
        _scanner.IsInCall = true;
        _scanner.Skip(_held + mark);
        _held = 0;
        _reader = reader(_types);
        _place = Place.Call;
        return true;
    }

    bool Call()
    {
        Progress progress = _reader!.Read(_scanner);
        if (progress == Progress.Waits && !_scanner.IsEnd)
        {
            return false;
        }

        _closer = 0;
        _place = Place.BehindCall;
        if (progress != Progress.Done)
        {
            _scanner.BreakCall();
            _place = Place.Text;
        }

        return true;
    }

    bool BehindCall()
    {
        HoldWhiteSpace();
        ReadOnlySpan<char> rest = _scanner.Rest[_held..];
        if (rest.Length == 0)
        {
            if (_scanner.IsEnd)
            {
                _scanner.Skip(_held);
                _held = 0;
            }

            return false;
        }

        bool couldBegin = false;
        for (int i = _closer; i < _format.Closers.Length; i++)
        {
            string closer = _format.Closers[i];
            couldBegin |= !_scanner.IsEnd && closer.AsSpan().StartsWith(rest, StringComparison.Ordinal);
            if (rest.StartsWith(closer, StringComparison.Ordinal))
            {
                _scanner.Skip(_held + closer.Length);
                _held = 0;
                _closer = i + 1;
                return true;
            }
        }

        if (couldBegin)
        {
            return false;
        }

        _place = Place.Text;
        return true;
    }

    void HoldWhiteSpace()
    {
        while (_held < _scanner.Rest.Length && char.IsWhiteSpace(_scanner.Rest[_held]))
        {
            _held++;
        }
    }

    /// <summary>Takes what comes before a place, but white space at its end: what follows tells what that is.</summary>
    void PassHolding(OutputKind kind, int at)
    {
        int length = _scanner.Rest[_held..at].TrimEnd().Length;
        if (length > 0)
        {
            _hasReasoning |= _place == Place.Reasoning;
            length += _held;
            _scanner.Pass(kind, length);
            at -= length;
        }

        _held = at;
    }
}
