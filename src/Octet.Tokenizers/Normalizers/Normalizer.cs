namespace Octet.Tokenizers.Normalizers;

/// <summary>Rewrites text before it is cut into pieces.</summary>
abstract class Normalizer
{
    /// <summary>Writes the text anew.</summary>
    /// <param name="text">Valid UTF-8, not empty.</param>
    /// <param name="into">Takes the result; it is empty, and what it takes is limited (<see cref="TextLimit"/>).</param>
    /// <returns>False where the text stays as it is; nothing of what was written then counts.</returns>
    internal abstract bool Rewrite(AlignedText text, TextBuffer into);

    /// <summary>The text after one or more normalizers, in a buffer of the writer; null where it stays as it is.</summary>
    internal virtual TextBuffer? Apply(AlignedText text, TokenWriter writer)
    {
        if (text.Length == 0)
        {
            return null;
        }

        TextBuffer into = writer.RentBuffer();
        into.Clear(TextLimit.Of(text.Length), text.Tracks);
        return Rewrite(text, into) ? into : null;
    }

    /// <summary>The bytes after normalization, for texts of the file itself.</summary>
    internal byte[] Apply(byte[] utf8)
    {
        TokenWriter writer = TokenWriter.Rent(tracks: false);
        byte[] result = Apply(new AlignedText(utf8, default, default), writer) is { } changed ? changed.Text.Bytes.ToArray() : utf8;
        writer.Return();
        return result;
    }
}
