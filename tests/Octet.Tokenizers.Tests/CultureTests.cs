using System.Globalization;
using System.Text.Json.Nodes;
using Octet.Tokenizers.ChatTemplates;
using Octet.Tokenizers.Tests.ChatTemplates;

namespace Octet.Tokenizers.Tests;

/// <summary>No result depends on the machine's language: not the letters' case, not a number's text, not a date's, not an order.</summary>
public class CultureTests
{
    /// <summary>Turkish has another i, German another decimal point, Arabic and Thai other calendars; the last differs in all a culture can differ in.</summary>
    public static TheoryData<string> Cultures { get; } = ["tr-TR", "de-DE", "ar-SA", "th-TH", "sv-SE", "odd"];

    [Theory]
    [MemberData(nameof(Cultures))]
    public void Templates_render_as_jinja2_renders_them(string culture) => Under(culture, new Jinja2VectorTests().Every_case_renders_as_jinja2_renders_it_or_fails_with_the_same_error);

    [Theory]
    [MemberData(nameof(Cultures))]
    public void Texts_are_cut_and_merged_as_elsewhere(string culture) => Under(culture, static () =>
    {
        new BytePairEncodingTests().A_pair_that_a_merge_makes_can_merge_in_turn();
        new BytePairEncodingTests().The_lowest_rank_merges_first_even_where_it_stands_to_the_right();
        new AddedTokenTests().The_longest_of_those_that_begin_leftmost_is_taken();
        new AddedTokenTests().Raw_tokens_are_matched_before_and_normalized_ones_after_normalization();
        new PipelineTests().Replace_prepend_and_sequence_rewrite_in_their_order();
        new PipelineTests().Long_runs_of_marks_normalise_as_Unicode_says();
    });

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("odd")]
    public void The_published_templates_render_as_elsewhere(string culture) => Under(culture, static () =>
    {
        new PublishedTemplateTests().Every_vector_renders_byte_for_byte_or_fails_with_the_same_error();
        new FamilyTemplateTests().Every_conversation_renders_as_in_jinja2_or_fails_where_it_fails();
    });

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("odd")]
    public void The_published_tokenizers_encode_as_elsewhere(string culture) => Under(culture, static () =>
    {
        new ReferenceVectorTests().Encoding_gives_the_reference_ids();
        new ReferenceVectorTests().Decoding_any_ids_gives_the_reference_text();
        new ReferenceVectorTests().The_pre_tokenizer_cuts_as_the_reference_does();
    });

    [Theory]
    [MemberData(nameof(Cultures))]
    public void A_number_of_the_conversation_keeps_its_text(string culture) => Under(culture, static () =>
    {
        JsonArray messages = [JsonNode.Parse("[-1, -2.5, 1e-7, 1234567.875, -123456789012345678901234567890]")];
        Assert.Equal(
            "[-1, -2.5, 1e-07, 1234567.875, -123456789012345678901234567890] range(-3, -1) -1 -2.0 -2.5e+00",
            ChatTemplate.Parse("{{ messages[0] }} {{ range(-3, -1) }} {{ '-1'|int }} {{ -2.4|round }} {{ '%.1e' % messages[0][1] }}").Render(messages, null, false));
    });

    static void Under(string name, Action test)
    {
        CultureInfo culture = name == "odd" ? Odd() : CultureInfo.GetCultureInfo(name);
        (CultureInfo before, CultureInfo beforeUi) = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, culture);
            test();
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (before, beforeUi);
        }
    }

    static CultureInfo Odd()
    {
        CultureInfo culture = new("tr-TR");
        culture.NumberFormat = new NumberFormatInfo
        {
            NegativeSign = "−",
            PositiveSign = "plus",
            NumberDecimalSeparator = "·",
            NumberGroupSeparator = "'",
            NaNSymbol = "keine Zahl",
            PositiveInfinitySymbol = "∞",
            NegativeInfinitySymbol = "−∞",
        };
        culture.DateTimeFormat.TimeSeparator = "h";
        culture.DateTimeFormat.DateSeparator = "_";
        return culture;
    }
}
