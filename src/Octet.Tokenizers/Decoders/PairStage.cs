namespace Octet.Tokenizers.Decoders;

/// <summary>BPEDecoder: the suffix that ends words becomes a space, and nothing in the last token.</summary>
sealed class PairStage(string suffix, DecodeStage next) : WholeTokenStage(next)
{
    string? _held;

    internal override void End()
    {
        if (_held is not null)
        {
            Pass(_held.Replace(suffix, "", StringComparison.Ordinal));
        }

        Next.End();
    }

    protected override void Take(string token)
    {
        if (_held is not null)
        {
            Pass(_held.Replace(suffix, " ", StringComparison.Ordinal));
        }

        _held = token;
    }
}
