namespace Octet.Tokenizers.Normalizers;

/// <summary>
/// How long normalizers may make a text. A file's steps multiply: 24 of them that double each <c>a</c> make 16 MB of it. Unicode's
/// own forms make at most 11 bytes of one (UAX #15, for U+FDFA), and a blank becomes the 3 of U+2581.
/// </summary>
static class TextLimit
{
    internal const int BytesPerByte = 64;
    internal const int More = 256;

    /// <summary>The longest result for a text of this length.</summary>
    internal static long Of(int length) => ((long)length * BytesPerByte) + More;

    /// <exception cref="TokenizerException">The result would be too long.</exception>
    internal static void Require(long length, long limit)
    {
        if (length > limit)
        {
            throw new TokenizerException(
                $"the normalizer makes a text longer than {BytesPerByte} bytes for each of its bytes and {More} more; expected the growth of published files, which is at most 11");
        }
    }
}
