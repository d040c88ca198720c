namespace Octet.Tokenizers.Models;

/// <summary>WordLevel: a piece is a token, or the unknown one.</summary>
sealed class WordLevelModel(Vocabulary vocabulary, UnknownToken unknown) : TokenModel(vocabulary)
{
    internal override void Take(ReadOnlySpan<byte> piece, int at, TokenWriter writer)
    {
        int id = Vocabulary.FindBytes(piece);
        writer.Add(id >= 0 ? id : unknown.Require(), at, at + piece.Length);
    }
}
