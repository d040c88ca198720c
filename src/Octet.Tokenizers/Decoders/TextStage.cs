using System.Text;

namespace Octet.Tokenizers.Decoders;

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
