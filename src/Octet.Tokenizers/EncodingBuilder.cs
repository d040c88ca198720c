using Octet.Tokenizers.PostProcessors;

namespace Octet.Tokenizers;

/// <summary>A text's own tokens and where they come from, before anything is put around them.</summary>
readonly record struct TextTokens(int[] Ids, Range[] Offsets)
{
    internal TextTokens Slice(int start, int stop) => new(Ids[start..stop], Offsets.Length == 0 ? [] : Offsets[start..stop]);
}

/// <summary>From the tokens of one text or two to an encoding: truncation, post-processor, padding.</summary>
static class EncodingBuilder
{
    internal static TokenEncoding Build(PostProcessor processor, TextTokens first, TextTokens? second, EncodingOptions options, string file)
    {
        List<TextTokens> firsts = [first];
        List<TextTokens>? seconds = second is { } other ? [other] : null;
        if (options.Truncation is { } truncation)
        {
            int most = Math.Max(0, truncation.MaxLength - (options.AddSpecialTokens ? processor.Added(second is not null) : 0));
            Truncate(firsts, seconds, truncation, most, file);
        }

        List<TokenEncoding> overflowing = [];
        for (int i = 0; i < firsts.Count; i++)
        {
            for (int j = 0; j < (seconds?.Count ?? 1); j++)
            {
                if (i + j > 0)
                {
                    overflowing.Add(Process(processor, firsts[i], seconds?[j], options, []));
                }
            }
        }

        return Process(processor, firsts[0], seconds?[0], options, overflowing);
    }

    /// <summary>Fills an encoding up to a length, and what overflowed of it.</summary>
    internal static TokenEncoding Pad(TokenEncoding encoding, int length, PaddingOptions padding)
    {
        int missing = length - encoding.Ids.Count;
        if (missing <= 0 && encoding.Overflowing.Count == 0)
        {
            return encoding;
        }

        return new TokenEncoding(
            Filled<int>([.. encoding.Ids], padding.PadId, missing),
            Filled(encoding.Runs, new TokenRun(Math.Max(0, missing), padding.TypeId, IsSpecial: true, IsPadding: true), 1),
            encoding.Offsets.Count == encoding.Ids.Count ? Filled<Range>([.. encoding.Offsets], default, missing) : [],
            [.. encoding.Overflowing.Select(part => Pad(part, length, padding))]);

        T[] Filled<T>(ReadOnlySpan<T> list, T with, int count)
        {
            T[] filled = new T[list.Length + Math.Max(0, count)];
            int before = padding.Side == TokenSide.Left ? filled.Length - list.Length : 0;
            list.CopyTo(filled.AsSpan(before));
            filled.AsSpan(0, before).Fill(with);
            filled.AsSpan(before + list.Length).Fill(with);
            return filled;
        }
    }

    /// <summary>The length that a batch is filled up to.</summary>
    internal static int PaddedLength(PaddingOptions padding, int longest)
    {
        int length = padding.Length ?? longest;
        return padding.MultipleOf > 0 && length % padding.MultipleOf > 0 ? checked(length + padding.MultipleOf - (length % padding.MultipleOf)) : length;
    }

    static void Truncate(List<TextTokens> firsts, List<TextTokens>? seconds, TruncationOptions options, int most, string file)
    {
        int first = firsts[0].Ids.Length;
        int second = seconds?[0].Ids.Length ?? 0;
        int remove = first + second - most;
        if (most == 0)
        {
            CutInto(firsts, 0, options, file);
            CutInto(seconds, 0, options, file);
            return;
        }

        if (remove <= 0)
        {
            return;
        }

        switch (options.Strategy)
        {
            case TruncationStrategy.LongestFirst when seconds is not null:
                (int one, int two) = Shares(first, second, most);
                CutInto(firsts, one, options, file);
                CutInto(seconds, two, options, file);
                break;
            case TruncationStrategy.LongestFirst:
                CutInto(firsts, most, options, file);
                break;
            default:
                List<TextTokens> target = options.Strategy == TruncationStrategy.OnlyFirst ? firsts
                    : seconds ?? throw new TokenizerException($"{file}: truncation: OnlySecond needs a second text");
                int length = target[0].Ids.Length;
                CutInto(target, length > remove ? length - remove : throw new TokenizerException(
                    $"{file}: truncation: {remove} tokens are too many, but the text that {options.Strategy} cuts has {length}"), options, file);
                break;
        }
    }

    /// <summary>How many tokens each of two texts may keep: the shorter all of its own where the other can make room, else half and half.</summary>
    static (int First, int Second) Shares(int first, int second, int most)
    {
        int shorter = Math.Min(first, second);
        int longer = shorter > most ? shorter : Math.Max(shorter, most - shorter);
        if (shorter + longer > most)
        {
            shorter = most / 2;
            longer = shorter + (most % 2);
        }

        return first > second ? (longer, shorter) : (shorter, longer);
    }

    /// <summary>Replaces the one list of tokens by parts of it, the one that is kept first.</summary>
    static void CutInto(List<TextTokens>? parts, int most, TruncationOptions options, string file)
    {
        if (parts is null || parts[0].Ids.Length <= most)
        {
            return;
        }

        TextTokens all = parts[0];
        int length = all.Ids.Length;
        parts.Clear();
        if (most == 0)
        {
            parts.Add(all.Slice(0, 0));
            parts.Add(all);
            return;
        }

        if (options.Stride < 0 || options.Stride >= most)
        {
            throw new TokenizerException($"{file}: truncation: stride {options.Stride} is not below the {most} tokens that a part may have");
        }

        int step = most - options.Stride;
        if (options.Side == TokenSide.Right)
        {
            for (int start = 0; ; start += step)
            {
                int stop = Math.Min(start + most, length);
                parts.Add(all.Slice(start, stop));
                if (stop == length)
                {
                    return;
                }
            }
        }

        for (int stop = length; ; stop -= step)
        {
            int start = Math.Max(0, stop - most);
            parts.Add(all.Slice(start, stop));
            if (start == 0)
            {
                return;
            }
        }
    }

    static TokenEncoding Process(PostProcessor processor, TextTokens first, TextTokens? second, EncodingOptions options, List<TokenEncoding> overflowing)
    {
        ReadOnlySpan<TemplatePart> parts = second is null ? processor.Single : processor.Pair;
        TokenRun[] runs = new TokenRun[parts.Length];
        int length = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = new TokenRun(Ids(parts[i]).Length, parts[i].TypeId, parts[i].Ids is not null, IsPadding: false);
            length += runs[i].Length;
        }

        if (runs.Length == 1 && parts[0].Ids is null)
        {
            TextTokens only = parts[0].IsSecond ? second!.Value : first;
            return new TokenEncoding(only.Ids, runs, only.Offsets, overflowing);
        }

        int[] ids = new int[length];
        Range[] offsets = options.Offsets ? new Range[length] : [];
        int at = 0;
        foreach (TemplatePart part in parts)
        {
            ReadOnlySpan<int> own = Ids(part);
            own.CopyTo(ids.AsSpan(at));
            if (part.Ids is null && options.Offsets)
            {
                (part.IsSecond ? second!.Value : first).Offsets.CopyTo(offsets, at);
            }

            at += own.Length;
        }

        return new TokenEncoding(ids, runs, offsets, overflowing);

        ReadOnlySpan<int> Ids(TemplatePart part) => part.Ids is { } own ? options.AddSpecialTokens ? own : []
            : part.IsSecond ? second!.Value.Ids : first.Ids;
    }
}
