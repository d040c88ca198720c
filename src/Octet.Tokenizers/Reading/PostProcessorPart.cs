namespace Octet.Tokenizers.Reading;

/// <summary>The <c>post_processor</c> of the file, as far as it concerns a single text.</summary>
static class PostProcessorPart
{
    // Published templates have at most a handful. A token's list of ids may be named again and again, so lengths multiply.
    const int MostIds = 1000;

    internal static Template Read(JsonPlace place) =>
        StepLimit.Flatten(place, "processors").Select(Step).Aggregate(Template.Empty, (inner, outer) => inner.Within(outer));

    static Template Step(JsonPlace place) => place.TypeName() switch
    {
        "ByteLevel" => Template.Empty, // changes offsets only
        "TemplateProcessing" => Single(place),
        string other => throw place.Unsupported(other, "ByteLevel, TemplateProcessing, Sequence, null"),
    };

    static Template Single(JsonPlace place)
    {
        List<int> before = [];
        List<int> after = [];
        bool text = false;
        int pieces = 0;
        JsonPlace single = place.Get("single");
        foreach (JsonPlace piece in single.Items())
        {
            if (++pieces > MostIds || before.Count + after.Count > MostIds)
            {
                throw single.Problem($"expected at most {MostIds} pieces and ids, found more");
            }

            if (piece.Find("SpecialToken") is { } special)
            {
                (text ? after : before).AddRange(Ids(place, special));
            }
            else if (!text && piece.Find("Sequence")?.Get("id").Text() == "A")
            {
                text = true;
            }
            else
            {
                throw piece.Problem("expected a SpecialToken, or the Sequence \"A\" once");
            }
        }

        return text ? new Template([.. before], [.. after]) : throw single.Problem("expected the Sequence \"A\" once, found none");
    }

    static IEnumerable<int> Ids(JsonPlace place, JsonPlace special)
    {
        string name = special.Get("id").Text();
        JsonPlace tokens = place.Get("special_tokens");
        JsonPlace token = tokens.Find(name) ?? throw tokens.Problem($"has no {JsonPlace.Quote(name)}, which the template names");
        return token.Get("ids").Items().Take(MostIds + 1).Select(id => id.Id());
    }
}
