using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>Python's <c>datetime.strftime</c> in the C locale, for a time without time zone, as <c>datetime.now()</c> gives it.</summary>
static class Strftime
{
    internal static string Format(RenderState state, DateTimeOffset time, string format)
    {
        state.ChargeCharacters(64L * format.Length);
        state.ChargeText(format.Length);
        StringBuilder into = new();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                into.Append(format[at]);
                continue;
            }

            bool bare = format[at + 1] == '-' && at + 2 < format.Length;
            at += bare ? 2 : 1;
            string text = Code(state, time, format[at]);
            into.Append(bare && text.Length > 1 ? text.TrimStart('0', ' ') is { Length: > 0 } trimmed ? trimmed : "0" : text);
        }

        state.ChargeText(into.Length);
        return into.ToString();
    }

    static string Code(RenderState state, DateTimeOffset time, char code)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        int hour12 = time.Hour % 12 == 0 ? 12 : time.Hour % 12;
        int weekday = (int)time.DayOfWeek;
        int isoWeekday = weekday == 0 ? 7 : weekday;
        return code switch
        {
            'a' => time.ToString("ddd", invariant),
            'A' => time.ToString("dddd", invariant),
            'b' or 'h' => time.ToString("MMM", invariant),
            'B' => time.ToString("MMMM", invariant),
            'c' => $"{Code(state, time, 'a')} {Code(state, time, 'b')} {Code(state, time, 'e')} {Code(state, time, 'T')} {Code(state, time, 'Y')}",
            'C' => (time.Year / 100).ToString("00", invariant),
            'd' => time.Day.ToString("00", invariant),
            'D' or 'x' => time.ToString("MM'/'dd'/'yy", invariant),
            'e' => time.Day.ToString(invariant).PadLeft(2),
            'f' => time.ToString("ffffff", invariant),
            'F' => time.ToString("yyyy-MM-dd", invariant),
            'G' => ISOWeek.GetYear(time.DateTime).ToString(invariant),
            'g' => (ISOWeek.GetYear(time.DateTime) % 100).ToString("00", invariant),
            'H' => time.Hour.ToString("00", invariant),
            'I' => hour12.ToString("00", invariant),
            'j' => time.DayOfYear.ToString("000", invariant),
            'k' => time.Hour.ToString(invariant).PadLeft(2),
            'l' => hour12.ToString(invariant).PadLeft(2),
            'm' => time.Month.ToString("00", invariant),
            'M' => time.Minute.ToString("00", invariant),
            'n' => "\n",
            'p' => time.Hour < 12 ? "AM" : "PM",
            'P' => time.Hour < 12 ? "am" : "pm",
            'r' => $"{Code(state, time, 'I')}:{Code(state, time, 'M')}:{Code(state, time, 'S')} {Code(state, time, 'p')}",
            'R' => time.ToString("HH':'mm", invariant),
            's' => time.ToUnixTimeSeconds().ToString(invariant),
            'S' => time.Second.ToString("00", invariant),
            't' => "\t",
            'T' or 'X' => time.ToString("HH':'mm':'ss", invariant),
            'u' => isoWeekday.ToString(invariant),
            'U' => ((time.DayOfYear + 6 - weekday) / 7).ToString("00", invariant),
            'V' => ISOWeek.GetWeekOfYear(time.DateTime).ToString("00", invariant),
            'w' => weekday.ToString(invariant),
            'W' => ((time.DayOfYear + 7 - isoWeekday) / 7).ToString("00", invariant),
            'y' => (time.Year % 100).ToString("00", invariant),
            'Y' => time.Year.ToString(invariant),
            'z' or 'Z' => "",
            '%' => "%",
            _ => throw state.ValueError($"strftime_now does not know the code '%{code}'"),
        };
    }
}
