namespace Octet.Tokenizers.Normalizers;

/// <summary>Normalizers one after the other.</summary>
sealed class SequenceNormalizer(Normalizer[] steps) : Normalizer
{
    internal override ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> text, long limit)
    {
        foreach (Normalizer step in steps)
        {
            text = text.IsEmpty ? text : step.Apply(text, limit);
        }

        return text;
    }
}
