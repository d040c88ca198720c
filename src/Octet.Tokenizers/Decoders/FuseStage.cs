namespace Octet.Tokenizers.Decoders;

/// <summary>Fuse: all tokens become one.</summary>
sealed class FuseStage(DecodeStage next) : PassingStage(next)
{
    internal override void EndToken()
    {
    }

    internal override void End()
    {
        Next.EndToken();
        Next.End();
    }
}
