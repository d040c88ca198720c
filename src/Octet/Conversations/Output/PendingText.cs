namespace Octet.Output;

/// <summary>Text that has come and is not passed on yet. Adding and taking cost what is added and taken, whatever else is there.</summary>
sealed class PendingText
{
    char[] _text = new char[256];
    int _start;
    int _end;

    internal ReadOnlySpan<char> Rest => _text.AsSpan(_start, _end - _start);

    internal void Append(ReadOnlySpan<char> text)
    {
        if (_text.Length - _end < text.Length)
        {
            int length = _end - _start;
            char[] target = length + text.Length > _text.Length / 2 ? new char[2 * (length + text.Length)] : _text;
            Rest.CopyTo(target);
            (_text, _start, _end) = (target, 0, length);
        }

        text.CopyTo(_text.AsSpan(_end));
        _end += text.Length;
    }

    internal void Take(int count) => _start += count;
}
