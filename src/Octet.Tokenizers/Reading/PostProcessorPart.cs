using Octet.Tokenizers.PostProcessors;

namespace Octet.Tokenizers.Reading;

/// <summary>The <c>post_processor</c> of the file.</summary>
static class PostProcessorPart
{
    // Published templates have at most a handful. A token's list of ids may be named again and again, so lengths multiply.
    const int MostIds = 1000;

    internal static PostProcessor Read(JsonPlace place)
    {
        PostProcessor all = PostProcessor.None;
        foreach (JsonPlace step in StepLimit.Flatten(place, "processors"))
        {
            all = all.Within(Step(step));
            if (all.Single.Length > MostIds || all.Pair.Length > MostIds)
            {
                throw place.Problem($"expected at most {MostIds} pieces and ids, found more");
            }
        }

        return all;
    }

    static PostProcessor Step(JsonPlace place) => place.TypeName() switch
    {
        "ByteLevel" => Trimming(place, trimAbsent: true),
        "BertProcessing" => Bert(place),
        "RobertaProcessing" => Roberta(place),
        "TemplateProcessing" => Template(place),
        string other => throw place.Unsupported(other, "ByteLevel, BertProcessing, RobertaProcessing, TemplateProcessing, Sequence, null"),
    };

    static PostProcessor Trimming(JsonPlace place, bool trimAbsent) => place.Flag("trim_offsets", trimAbsent)
        ? new PostProcessor([.. PostProcessor.None.Single], [.. PostProcessor.None.Pair], [place.Flag("add_prefix_space", absent: true)])
        : PostProcessor.None;

    static PostProcessor Bert(JsonPlace place)
    {
        int[] begin = Token(place, "cls");
        int[] end = Token(place, "sep");
        return new PostProcessor(
            [new(begin, false, 0), new(null, false, 0), new(end, false, 0)],
            [new(begin, false, 0), new(null, false, 0), new(end, false, 0), new(null, true, 1), new(end, false, 1)],
            []);
    }

    static PostProcessor Roberta(JsonPlace place)
    {
        int[] begin = Token(place, "cls");
        int[] end = Token(place, "sep");
        return new PostProcessor(
            [new(begin, false, 0), new(null, false, 0), new(end, false, 0)],
            [new(begin, false, 0), new(null, false, 0), new(end, false, 0), new(end, false, 0), new(null, true, 0), new(end, false, 0)],
            [.. Trimming(place, trimAbsent: true).Trims]);
    }

    /// <summary>The id of a pair like ["[SEP]", 102].</summary>
    static int[] Token(JsonPlace place, string name)
    {
        JsonPlace[] pair = [.. place.Get(name).Items().Take(3)];
        return pair.Length == 2 ? [pair[1].Id()] : throw place.Get(name).Unexpected("a token and its id");
    }

    static PostProcessor Template(JsonPlace place)
    {
        JsonPlace template = place.Get("single");
        TemplatePart[] single = Parts(place, template, withSecond: false);
        if (!single.Any(static part => part.Ids is null))
        {
            throw template.Problem("expected the Sequence \"A\", found none");
        }

        return new PostProcessor(single, place.Find("pair") is { } pair ? Parts(place, pair, withSecond: true) : [], []);
    }

    static TemplatePart[] Parts(JsonPlace place, JsonPlace template, bool withSecond)
    {
        List<TemplatePart> parts = [];
        int ids = 0;
        int pieces = 0;
        foreach (JsonPlace piece in template.Items())
        {
            if (++pieces > MostIds || ids > MostIds)
            {
                throw template.Problem($"expected at most {MostIds} pieces and ids, found more");
            }

            if (piece.Find("SpecialToken") is { } special)
            {
                int[] own = [.. Ids(place, special)];
                ids += own.Length;
                parts.Add(new TemplatePart(own, false, Type(special)));
            }
            else if (piece.Find("Sequence") is { } sequence && (sequence.Get("id").Text() is var id && (id == "A" || (withSecond && id == "B"))))
            {
                parts.Add(new TemplatePart(null, id == "B", Type(sequence)));
            }
            else
            {
                throw piece.Problem(withSecond ? "expected a SpecialToken, or the Sequence \"A\" or \"B\"" : "expected a SpecialToken, or the Sequence \"A\"");
            }
        }

        return [.. parts];
    }

    static int Type(JsonPlace piece) => piece.Find("type_id")?.Id() ?? 0;

    static IEnumerable<int> Ids(JsonPlace place, JsonPlace special)
    {
        string name = special.Get("id").Text();
        JsonPlace tokens = place.Get("special_tokens");
        JsonPlace token = tokens.Find(name) ?? throw tokens.Problem($"has no {QuotedText.Of(name)}, which the template names");
        return token.Get("ids").Items().Take(MostIds + 1).Select(id => id.Id());
    }
}
