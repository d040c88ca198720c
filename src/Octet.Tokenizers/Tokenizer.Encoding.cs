using System.Runtime.ExceptionServices;
using System.Text;
using Octet.Tokenizers.Patterns;
using Octet.Tokenizers.PostProcessors;

namespace Octet.Tokenizers;

/// <summary>From text to tokens.</summary>
public sealed partial class Tokenizer
{
    /// <summary>Turns text into token ids.</summary>
    /// <param name="text">Any text. A lone surrogate counts as U+FFFD. Added tokens are recognised wherever they stand.</param>
    /// <param name="addSpecialTokens">Whether to add what the post-processor's template puts around a text.</param>
    /// <param name="splitSpecialTokens">
    /// Whether special tokens in the text are text like any other, so that nobody who writes <c>&lt;|im_end|&gt;</c> ends a turn. Added tokens
    /// that are not special are recognised still. Null: as <c>split_special_tokens</c> of <c>tokenizer_config.json</c> says, or false.
    /// </param>
    /// <exception cref="TokenizerException">
    /// The file's normalizer makes a text more than 64 times longer, or the text holds what the vocabulary lacks and the file names no token
    /// for it.
    /// </exception>
    public int[] Encode(string text, bool addSpecialTokens = true, bool? splitSpecialTokens = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        TokenWriter writer = Write(text, tracks: false, splitSpecialTokens);
        int[] ids = new int[Length(writer, addSpecialTokens)];
        Copy(writer, addSpecialTokens, ids);
        writer.Return();
        return ids;
    }

    /// <summary>Turns text into token ids, into memory of the caller.</summary>
    /// <param name="text">Any text, as for <see cref="Encode"/>.</param>
    /// <param name="destination">Takes the ids. A text has at most as many as it has UTF-8 bytes in most models, and mostly a fourth of that.</param>
    /// <param name="written">How many ids were written; where the result is false, how many there would be.</param>
    /// <param name="addSpecialTokens">Whether to add what the post-processor's template puts around a text.</param>
    /// <param name="splitSpecialTokens">Whether special tokens in the text are text like any other; null: as the model's folder says.</param>
    /// <returns>False where <paramref name="destination"/> is too short; it is then left as it was.</returns>
    /// <exception cref="TokenizerException">As for <see cref="Encode"/>.</exception>
    public bool TryEncode(ReadOnlySpan<char> text, Span<int> destination, out int written, bool addSpecialTokens = true, bool? splitSpecialTokens = null)
    {
        TokenWriter writer = Write(text, tracks: false, splitSpecialTokens);
        written = Length(writer, addSpecialTokens);
        bool fits = written <= destination.Length;
        if (fits)
        {
            Copy(writer, addSpecialTokens, destination);
        }

        writer.Return();
        return fits;
    }

    /// <summary>How many ids <see cref="Encode"/> would return. Allocates nothing for the tokens.</summary>
    /// <param name="text">Any text, as for <see cref="Encode"/>.</param>
    /// <param name="addSpecialTokens">Whether to count what the post-processor's template puts around a text.</param>
    /// <param name="splitSpecialTokens">Whether special tokens in the text are text like any other; null: as the model's folder says.</param>
    /// <exception cref="TokenizerException">As for <see cref="Encode"/>.</exception>
    public int CountTokens(ReadOnlySpan<char> text, bool addSpecialTokens = true, bool? splitSpecialTokens = null)
    {
        TokenWriter writer = Write(text, tracks: false, splitSpecialTokens);
        int count = Length(writer, addSpecialTokens);
        writer.Return();
        return count;
    }

    /// <summary>Turns text into tokens with the characters that each comes from, also where a normalizer has changed the text.</summary>
    /// <param name="text">Any text, as for <see cref="Encode"/>.</param>
    /// <param name="options">What else is to be done; null: the defaults. <see cref="EncodingOptions.Offsets"/> is taken as true.</param>
    /// <exception cref="TokenizerException">As for <see cref="Encode"/>, or the text cannot be cut as the options ask.</exception>
    public TokenEncoding EncodeWithOffsets(string text, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Padded(Encoded(text, null, (options ?? EncodingOptions.Default) with { Offsets = true }), options);
    }

    /// <summary>Turns two texts into one encoding, as cross-encoders and other models of pairs take it.</summary>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    /// <param name="options">What else is to be done; null: the defaults.</param>
    /// <exception cref="TokenizerException">
    /// As for <see cref="Encode"/>, the texts cannot be cut as the options ask, or the file has no template for pairs.
    /// </exception>
    public TokenEncoding EncodePair(string first, string second, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Padded(Encoded(first, second, options ?? EncodingOptions.Default), options);
    }

    /// <summary>Turns many texts into tokens, on all cores. Padding without a length fills up to the longest of them.</summary>
    /// <param name="texts">Any texts, as for <see cref="Encode"/>.</param>
    /// <param name="options">What else is to be done; null: the defaults.</param>
    /// <returns>An encoding for each text, in their order.</returns>
    /// <exception cref="TokenizerException">As for <see cref="Encode"/>, or a text cannot be cut as the options ask.</exception>
    public TokenEncoding[] EncodeBatch(IReadOnlyList<string> texts, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        EncodingOptions wanted = options ?? EncodingOptions.Default;
        TokenEncoding[] encodings = new TokenEncoding[texts.Count];
        try
        {
            Parallel.For(0, encodings.Length, i => encodings[i] = Encoded(texts[i], null, wanted));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        if (wanted.Padding is { } padding && encodings.Length > 0)
        {
            int length = EncodingBuilder.PaddedLength(padding, encodings.Max(static encoding => encoding.Ids.Count));
            for (int i = 0; i < encodings.Length; i++)
            {
                encodings[i] = EncodingBuilder.Pad(encodings[i], length, padding);
            }
        }

        return encodings;
    }

    TokenEncoding Encoded(string first, string? second, EncodingOptions options)
    {
        if (second is not null && _postProcessor.Pair.IsEmpty)
        {
            throw new TokenizerException($"{_parts.File}: post_processor: has no template for pairs of texts");
        }

        TextTokens one = Tokens(first, options);
        TextTokens? two = second is null ? null : Tokens(second, options);
        return EncodingBuilder.Build(_postProcessor, one, two, options, _parts.File);
    }

    static TokenEncoding Padded(TokenEncoding encoding, EncodingOptions? options) => options?.Padding is { } padding
        ? EncodingBuilder.Pad(encoding, EncodingBuilder.PaddedLength(padding, encoding.Ids.Count), padding)
        : encoding;

    TextTokens Tokens(string text, EncodingOptions options)
    {
        TokenWriter writer = Write(text, options.Offsets, options.SplitSpecialTokens);
        int[] ids = writer.Ids.ToArray();
        Range[] offsets = options.Offsets ? OffsetTrimmer.Offsets(this, _postProcessor.Trims, writer, text) : [];
        writer.Return();
        return new TextTokens(ids, offsets);
    }

    int Length(TokenWriter writer, bool addSpecialTokens)
    {
        int length = 0;
        foreach (TemplatePart part in _postProcessor.Single)
        {
            length += part.Ids is null ? writer.Count : addSpecialTokens ? part.Ids.Length : 0;
        }

        return length;
    }

    void Copy(TokenWriter writer, bool addSpecialTokens, Span<int> destination)
    {
        foreach (TemplatePart part in _postProcessor.Single)
        {
            ReadOnlySpan<int> ids = part.Ids is null ? writer.Ids : addSpecialTokens ? part.Ids : [];
            ids.CopyTo(destination);
            destination = destination[ids.Length..];
        }
    }

    /// <summary>The text's own tokens, in a writer that the caller returns.</summary>
    TokenWriter Write(ReadOnlySpan<char> text, bool tracks, bool? splitSpecialTokens)
    {
        TokenWriter writer = TokenWriter.Rent(tracks || _needsOrigins);
        try
        {
            Write(writer.Begin(text), splitSpecialTokens ?? _splitsSpecialTokens, writer);
        }
        catch (PatternException e)
        {
            throw new TokenizerException($"{_parts.File}: {e.Message}", e);
        }

        return writer;
    }

    void Write(AlignedText original, bool splitSpecial, TokenWriter writer)
    {
        AddedTokenMatcher.Splits splits = _added.Raw.Split(original.Bytes, splitSpecial);
        while (splits.MoveNext())
        {
            if (splits.Token is { } token)
            {
                writer.BackToOriginal();
                writer.Add(token.Id, splits.Start, splits.Start + splits.Length);
            }
            else
            {
                WritePlain(original, splits.Start, splits.Length, splitSpecial, writer);
            }
        }
    }

    void WritePlain(AlignedText original, int start, int length, bool splitSpecial, TokenWriter writer)
    {
        AlignedText text = original.Slice(start, length);
        TextBuffer? normalized = Normalize(text, writer);
        int at = start; // where the text at hand begins in what the origins belong to
        if (normalized is null)
        {
            writer.BackToOriginal();
        }
        else
        {
            text = normalized.Text;
            at = 0;
            writer.Switch(normalized, atStart: start == 0);
        }

        AddedTokenMatcher.Splits splits = _added.Normalized.Split(text.Bytes, splitSpecial);
        while (splits.MoveNext())
        {
            if (splits.Token is { } token)
            {
                writer.Add(token.Id, at + splits.Start, at + splits.Start + splits.Length);
            }
            else
            {
                _first.Take(text.Bytes.Slice(splits.Start, splits.Length), at + splits.Start, writer);
            }
        }

        writer.ReturnBuffers(0);
    }

    TextBuffer? Normalize(AlignedText text, TokenWriter writer)
    {
        try
        {
            return _parts.Normalizer?.Apply(text, writer);
        }
        catch (TokenizerException e)
        {
            throw new TokenizerException($"{_parts.File}: normalizer: {e.Message}", e);
        }
    }
}
