using System.Text;

namespace Octet.Tokenizers.Decoders;

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
