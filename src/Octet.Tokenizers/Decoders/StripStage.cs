using System.Text;

namespace Octet.Tokenizers.Decoders;

/// <summary>Strip: takes a character off the beginning of each token, at most so many times, and off its end.</summary>
sealed class StripStage(Rune content, int start, int stop, DecodeStage next) : PassingStage(next)
{
    readonly string _content = content.ToString();
    int _taken; // off the beginning
    bool _inside; // something else came, so the beginning is over
    int _held; // of those that may be the end

    internal override void Append(ReadOnlySpan<char> part)
    {
        while (!part.IsEmpty)
        {
            if (!part.StartsWith(_content, StringComparison.Ordinal))
            {
                int length = part.IndexOf(_content, StringComparison.Ordinal);
                length = length < 0 ? part.Length : length;
                PassHeld(_held);
                Next.Append(part[..length]);
                part = part[length..];
                _inside = true;
                continue;
            }

            part = part[_content.Length..];
            if (!_inside && _taken < start)
            {
                _taken++;
                continue;
            }

            _inside = true;
            _held++;
            PassHeld(_held - stop);
        }
    }

    internal override void EndToken()
    {
        _taken = 0;
        _inside = false;
        _held = 0;
        Next.EndToken();
    }

    void PassHeld(int count)
    {
        for (; count > 0; count--)
        {
            Next.Append(_content);
            _held--;
        }
    }
}
