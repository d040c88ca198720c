using System.Globalization;
using Octet.Tokenizers.ChatTemplates;

namespace Octet.Tokenizers.Tests.ChatTemplates;

/// <summary>Days on which the ways to count weeks differ, against Python's <c>datetime.strftime</c>.</summary>
public class StrftimeTests
{
    [Theory]
    [InlineData("2023-01-01", "01 00 52 2022 22 7 0 001", "Sun Jan  1 08:05:09 2023")]
    [InlineData("2024-01-01", "00 01 01 2024 24 1 1 001", "Mon Jan  1 08:05:09 2024")]
    [InlineData("2022-12-31", "52 52 52 2022 22 6 6 365", "Sat Dec 31 08:05:09 2022")]
    [InlineData("2026-11-28", "47 47 48 2026 26 6 6 332", "Sat Nov 28 08:05:09 2026")]
    [InlineData("2021-01-03", "01 00 53 2020 20 7 0 003", "Sun Jan  3 08:05:09 2021")]
    [InlineData("2021-01-02", "00 00 53 2020 20 6 6 002", "Sat Jan  2 08:05:09 2021")]
    [InlineData("2020-12-31", "52 52 53 2020 20 4 4 366", "Thu Dec 31 08:05:09 2020")]
    [InlineData("2025-01-05", "01 00 01 2025 25 7 0 005", "Sun Jan  5 08:05:09 2025")]
    [InlineData("2025-01-04", "00 00 01 2025 25 6 6 004", "Sat Jan  4 08:05:09 2025")]
    [InlineData("2016-01-01", "00 00 53 2015 15 5 5 001", "Fri Jan  1 08:05:09 2016")]
    [InlineData("2018-12-31", "52 53 01 2019 19 1 1 365", "Mon Dec 31 08:05:09 2018")]
    [InlineData("1999-03-07", "10 09 09 1999 99 7 0 066", "Sun Mar  7 08:05:09 1999")]
    public void Weeks_are_counted_from_Sunday_from_Monday_and_by_ISO(string day, string weeks, string all)
    {
        ChatTemplateOptions options = new() { Clock = new FixedClock(DateTime.Parse(day, CultureInfo.InvariantCulture).Add(new TimeSpan(8, 5, 9))) };
        Assert.Equal($"{weeks}|{all}", ChatTemplate.Parse("{{ strftime_now('%U %W %V %G %g %u %w %j|%c') }}", options: options).Render(new System.Text.Json.Nodes.JsonArray(), null, false));
    }
}
