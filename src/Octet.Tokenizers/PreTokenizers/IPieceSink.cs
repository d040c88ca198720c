namespace Octet.Tokenizers.PreTokenizers;

/// <summary>Takes the pieces of a text in their order.</summary>
interface IPieceSink
{
    void Add(ReadOnlySpan<byte> piece);
}
