namespace Octet.Tokenizers.Reading;

/// <summary>The <c>post_processor</c> of the file, as far as it concerns a single text.</summary>
static class PostProcessorPart
{
    internal static Template Read(JsonPlace place) => place.TypeName() switch
    {
        "ByteLevel" => Template.Empty, // changes offsets only
        "TemplateProcessing" => Single(place),
        "Sequence" => place.Get("processors").Items().Aggregate(Template.Empty, (inner, step) => inner.Within(Read(step))),
        string other => throw place.Unsupported(other, "ByteLevel, TemplateProcessing, Sequence, null"),
    };

    static Template Single(JsonPlace place)
    {
        List<int> before = [];
        List<int> after = [];
        bool text = false;
        JsonPlace single = place.Get("single");
        foreach (JsonPlace piece in single.Items())
        {
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
        return token.Get("ids").Items().Select(id => id.Id());
    }
}
