using System.Globalization;
using System.Text;

namespace Octet.Cli.IO;

/// <summary>
/// Text from a file as it may stand in a report: characters that would break the line, steer the terminal or reorder what is read are
/// written as JSON escapes. Everything else, of whatever script, stays.
/// </summary>
static class Visible
{
    internal static string Text(string text) => Show(text, IsHidden);

    /// <summary>Text of several lines: line breaks and tabs stay, and so do all characters that steer no terminal.</summary>
    internal static string Lines(string text) => Show(text, static unit => char.IsControl(unit) && unit is not ('\n' or '\t'));

    static string Show(string text, Func<char, bool> isHidden)
    {
        if (!text.Any(isHidden))
        {
            return text;
        }

        var visible = new StringBuilder(text.Length);
        foreach (char unit in text)
        {
            visible.Append(unit switch
            {
                _ when !isHidden(unit) => unit.ToString(),
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
            });
        }

        return visible.ToString();
    }

    // Controls; the separators of lines and paragraphs; the marks that change the direction of writing.
    static bool IsHidden(char unit) => char.IsControl(unit) || unit is '\u2028' or '\u2029' or '\u061C' or (>= '\u200E' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
