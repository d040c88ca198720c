using System.Text;

namespace Octet.Tokenizers.Decoders;

/// <summary>
/// A step from tokens to text. Tokens come in parts, each as soon as it is known, so that what a stage cannot change any more goes on at
/// once; one object serves one sequence of tokens.
/// </summary>
abstract class DecodeStage
{
    /// <summary>Takes a part of the token at hand, whole characters.</summary>
    internal abstract void Append(ReadOnlySpan<char> part);

    /// <summary>Ends the token at hand, which may have had no part at all.</summary>
    internal abstract void EndToken();

    /// <summary>Ends the sequence.</summary>
    internal abstract void End();
}

/// <summary>A stage with another behind it.</summary>
abstract class PassingStage(DecodeStage next) : DecodeStage
{
    protected DecodeStage Next => next;

    internal override void Append(ReadOnlySpan<char> part) => next.Append(part);

    internal override void EndToken() => next.EndToken();

    internal override void End() => next.End();

    protected void Pass(ReadOnlySpan<char> token)
    {
        next.Append(token);
        next.EndToken();
    }
}

/// <summary>A stage that looks at tokens as wholes.</summary>
abstract class WholeTokenStage(DecodeStage next) : PassingStage(next)
{
    readonly StringBuilder _token = new();

    internal sealed override void Append(ReadOnlySpan<char> part) => _token.Append(part);

    internal sealed override void EndToken()
    {
        string token = _token.ToString();
        _token.Clear();
        Take(token);
    }

    protected abstract void Take(string token);
}

/// <summary>The text at the end of all stages.</summary>
/// <param name="separator">Put between tokens: a space where a file has no decoder.</param>
sealed class TextStage(string separator) : DecodeStage
{
    readonly StringBuilder _text = new();
    bool _any;
    bool _open;

    internal override void Append(ReadOnlySpan<char> part)
    {
        Open();
        _text.Append(part);
    }

    internal override void EndToken()
    {
        Open();
        _open = false;
    }

    internal override void End()
    {
    }

    /// <summary>The text that came since the last time.</summary>
    internal string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }

    void Open()
    {
        if (!_open)
        {
            _text.Append(_any ? separator : "");
            _any = true;
            _open = true;
        }
    }
}
