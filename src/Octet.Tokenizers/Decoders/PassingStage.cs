namespace Octet.Tokenizers.Decoders;

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
