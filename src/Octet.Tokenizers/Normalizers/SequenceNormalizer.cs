namespace Octet.Tokenizers.Normalizers;

/// <summary>Normalizers one after the other.</summary>
sealed class SequenceNormalizer(Normalizer[] steps) : Normalizer
{
    internal override TextBuffer? Apply(AlignedText text, TokenWriter writer)
    {
        // The limit is that of all steps together.
        long limit = TextLimit.Of(text.Length);
        TextBuffer? written = null;
        TextBuffer into = writer.RentBuffer();
        foreach (Normalizer step in steps)
        {
            if (text.Length == 0)
            {
                break;
            }

            into.Clear(limit, text.Tracks);
            if (step.Rewrite(text, into))
            {
                text = into.Text;
                (written, into) = (into, written ?? writer.RentBuffer());
            }
        }

        return written;
    }

    internal override bool Rewrite(AlignedText text, TextBuffer into) => throw new NotSupportedException("a sequence is applied step by step");
}
