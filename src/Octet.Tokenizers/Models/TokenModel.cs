using Octet.Tokenizers.PreTokenizers;

namespace Octet.Tokenizers.Models;

/// <summary>The model of a tokenizer: the last step of all, which turns pieces into tokens.</summary>
abstract class TokenModel(Vocabulary vocabulary) : PieceStep
{
    internal Vocabulary Vocabulary => vocabulary;
}
