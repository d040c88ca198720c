using System.Text;
using System.Text.RegularExpressions;

namespace Octet.Page.Tests;

/// <summary>What can be said of the page without a browser.</summary>
public partial class StaticTests
{
    [Theory]
    [InlineData("innerHTML")]
    [InlineData("outerHTML")]
    [InlineData("insertAdjacentHTML")]
    [InlineData("document.write")]
    [InlineData("DOMParser")]
    [InlineData("createContextualFragment")]
    [InlineData("setHTML")]
    [InlineData("srcdoc")]
    [InlineData("eval(")]
    [InlineData("new Function")]
    [InlineData("import(")]
    [InlineData("javascript:")]
    public void Nothing_makes_markup_or_code_of_a_text(string means) => Assert.DoesNotContain(means, PageFile.Html, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void There_is_one_style_and_one_script_and_no_attribute_is_either()
    {
        Assert.Single(Regex.Matches(PageFile.Html, "<style"));
        Assert.Single(Regex.Matches(PageFile.Html, "<script"));
        Assert.Equal(1, Regex.Count(PageFile.Html, "</script"));
        Assert.NotEmpty(PageFile.Style);
        Assert.NotEmpty(PageFile.Script);
        string markup = PageFile.Html.Replace(PageFile.Script, "", StringComparison.Ordinal).Replace(PageFile.Style, "", StringComparison.Ordinal);
        Assert.DoesNotMatch("<[^>]*\\s(on[a-z]+|style)\\s*=", markup);
    }

    [Fact]
    public void Nothing_comes_from_elsewhere()
    {
        // The namespace of the icon's picture is a name, and what a regular expression looks for is none either.
        string[] addresses = [.. Address().Matches(PageFile.Html).Select(static match => match.Value)];
        Assert.All(addresses, static address => Assert.Equal("http://www.w3.org/2000/svg", address));
        Assert.DoesNotMatch("@import|url\\(", PageFile.Style);
        Assert.DoesNotMatch("<(script|img|iframe|object|embed|video|audio)[^>]*\\ssrc", PageFile.Html);
        Assert.DoesNotMatch("<link(?![^>]*href=\"data:)", PageFile.Html);
    }

    [Fact]
    public void It_is_small_and_what_a_browser_expects()
    {
        Assert.InRange(Encoding.UTF8.GetByteCount(PageFile.Html), 20_000, 68_000);
        Assert.StartsWith("<!doctype html>", PageFile.Html, StringComparison.Ordinal);
        Assert.Contains("<html lang=\"en\">", PageFile.Html, StringComparison.Ordinal);
        Assert.Contains("<meta charset=\"utf-8\">", PageFile.Html, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', PageFile.Html);
    }

    [GeneratedRegex("(https?:|[\"'(=])//[a-z0-9.-]+\\.[a-z]{2,}[^\\s'\"`>)]*", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}
