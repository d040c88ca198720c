using System.Globalization;
using System.Text;

namespace Octet.Measurements.Tokenizers;

/// <summary>
/// Ten megabytes of mixed text in documents of some 10 KB: this repository's pages and code, and what the framework knows of other languages
/// (names of days, months, countries and currencies), so that everybody can make it.
/// </summary>
static class MixedText
{
    const int DocumentBytes = 10_000;

    /// <summary>So many bytes, or a little more: half pages, a quarter code, a quarter other languages and signs.</summary>
    internal static List<string> Documents(int bytes)
    {
        List<string> documents = [];
        documents.AddRange(Cut(Files("*.md"), bytes / 2));
        documents.AddRange(Cut(Files("*.cs"), bytes / 4));
        documents.AddRange(Cut(Languages(), bytes / 4));
        return documents;
    }

    static string Files(string pattern) => string.Join('\n', Directory.EnumerateFiles(Repository.Root, pattern, SearchOption.AllDirectories)
        .Where(static path => !path.Contains("artifacts", StringComparison.Ordinal) && !path.Contains("node_modules", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).Select(File.ReadAllText));

    static string Languages()
    {
        StringBuilder text = new();
        string[] signs = ["😀", "👩‍👩‍👧", "½", "→", "∑", "…", "\t", "\n\n", "1234567", "e\u0301", "3.14"];
        int count = 0;
        foreach (CultureInfo culture in CultureInfo.GetCultures(CultureTypes.SpecificCultures).OrderBy(static culture => culture.Name, StringComparer.Ordinal))
        {
            var region = new RegionInfo(culture.Name);
            string[] words = [.. culture.DateTimeFormat.DayNames, .. culture.DateTimeFormat.MonthNames, region.NativeName, region.CurrencyNativeName, culture.NativeName];
            text.AppendJoin(' ', words.Where(static word => word.Length > 0)).Append(", ").Append(new DateTime(2026, 11, 29).ToString("D", culture)).Append(signs[count++ % signs.Length]).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Documents of a text, which begins anew where it ends; each has its number in front, so that none is there twice.</summary>
    static IEnumerable<string> Cut(string text, int bytes)
    {
        int at = 0;
        for (int number = 0; bytes > 0; number++)
        {
            StringBuilder document = new(string.Create(CultureInfo.InvariantCulture, $"{number}. "));
            int length = Encoding.UTF8.GetByteCount(document.ToString());
            while (length < DocumentBytes)
            {
                Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int taken);
                document.Append(text, at, taken);
                length += rune.Utf8SequenceLength;
                at = (at + taken) % text.Length;
            }

            bytes -= length;
            yield return document.ToString().Replace("\0", "", StringComparison.Ordinal);
        }
    }
}
