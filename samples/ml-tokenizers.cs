// Octet's tokenizers behind Microsoft.ML.Tokenizers' base class, for code that asks for one: dotnet run samples/ml-tokenizers.cs [TOKENIZER] [TEXT]
#:project ../src/Octet.Tokenizers/Octet.Tokenizers.csproj
#:package Microsoft.ML.Tokenizers@2.0.0
#:property ManagePackageVersionsCentrally=false
#:property NoWarn=$(NoWarn);NU1603

using System.Buffers;
using Microsoft.ML.Tokenizers;

Tokenizer tokenizer = new OctetTokenizer(Octet.Tokenizers.Tokenizer.Load(args.Length > 0 ? args[0] : "models/octet-tiny"));
string text = args.Length > 1 ? args[1] : "What is E4M3? 😀";
foreach (EncodedToken token in tokenizer.EncodeToTokens(text, out _))
{
    Console.WriteLine($"{token.Id,8} {token.Offset,-8} {token.Value}");
}

Console.WriteLine($"{tokenizer.CountTokens(text)} tokens: {tokenizer.Decode(tokenizer.EncodeToIds(text))}");

/// <summary>The ids of a text itself, without what a post-processor puts around it. Normalization and pre-tokenization are always done.</summary>
sealed class OctetTokenizer(Octet.Tokenizers.Tokenizer tokenizer) : Tokenizer
{
    static readonly Octet.Tokenizers.EncodingOptions s_options = new() { AddSpecialTokens = false };

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        string source = text ?? textSpan.ToString();
        Octet.Tokenizers.TokenEncoding encoding = tokenizer.EncodeWithOffsets(source, s_options);
        int count = Math.Min(encoding.Ids.Count, settings.MaxTokenCount);
        EncodedToken[] tokens = new EncodedToken[count];
        for (int i = 0; i < count; i++)
        {
            tokens[i] = new EncodedToken(encoding.Ids[i], tokenizer.GetToken(encoding.Ids[i])!, encoding.Offsets[i]);
        }

        int consumed = count == encoding.Ids.Count ? source.Length : count == 0 ? 0 : encoding.Offsets[count - 1].End.Value;
        return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = consumed };
    }

    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        Math.Min(settings.MaxTokenCount, tokenizer.CountTokens(text is null ? textSpan : text, addSpecialTokens: false));

    public override string Decode(IEnumerable<int> ids) => tokenizer.Decode([.. ids]);

    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        int[] all = [.. ids];
        string text = tokenizer.Decode(all);
        bool fits = text.TryCopyTo(destination);
        (idsConsumed, charsWritten) = fits ? (all.Length, text.Length) : (0, 0);
        return fits ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }
}
