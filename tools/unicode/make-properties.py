"""Makes PropertyRanges.cs and CaseFoldings.cs of src/Octet.Tokenizers/Patterns: what patterns name and fold, of Unicode 16.0.

    git clone https://github.com/kkos/oniguruma && git -C oniguruma checkout f95747b462de672b6f8dbdeb478245ddf061ca53
    python3 tools/unicode/make-properties.py oniguruma/src

Oniguruma is what Hugging Face's tokenizers match patterns with; its files hold Unicode's Scripts, PropList, emoji-data and CaseFolding,
and the short names of PropertyValueAliases. General categories come from .NET, and what can be put together from the others is left out.
"""
import pathlib
import re
import sys

SKIPPED = re.compile(
    r"In_|(Alnum|Alpha|Any|ASCII|Assigned|Blank|Case_Ignorable|Cased|Changes_When_\w+|Cntrl|Digit|Emoji_Component|Graph|Grapheme_Base|Grapheme_Extend|"
    r"ID_\w+|InCB|Lower|Math|NEWLINE|Other_Default_Ignorable_Code_Point|Other_Grapheme_Extend|Other_ID_\w+|Other_Math|Pattern_\w+|PosixPunct|Print|"
    r"Space|Unknown|Upper|Word|XDigit|XID_\w+|[CLMNPSZ][a-z]?|LC)$")
LICENCE = "Copyright 1991-2024 Unicode, Inc., under the Unicode License V3, https://www.unicode.org/license.txt"


# Of those that fold to several characters, which Oniguruma's table has apart, CaseFolding's status S: the one that they fold to alike.
SIMPLE = [(0x1E9E, 0xDF), (0x1FBC, 0x1FB3), (0x1FCC, 0x1FC3), (0x1FD3, 0x390), (0x1FE3, 0x3B0), (0x1FFC, 0x1FF3), (0xFB05, 0xFB06)]
SIMPLE += [(first + i, first - 8 + i) for first in (0x1F88, 0x1F98, 0x1FA8) for i in range(8)]


def tables(text):
    found = {}
    for name, count, body in re.findall(r"CR_(\w+)\[\] = \{ (\d+),\s*(.*?)\};", text, re.S):
        numbers = [int(number, 16) for number in re.findall(r"0x[0-9a-fA-F]+", body)]
        ranges = list(zip(numbers[::2], numbers[1::2]))
        assert len(ranges) == int(count), name
        found[name] = ranges
    return found


def properties(text):
    order = re.search(r"CodeRanges\[\] = \{(.*?)\};", text, re.S).group(1)
    order = re.findall(r"CR_(\w+)", order)
    names = {}
    for name, index in re.findall(r"#define PROP_INDEX_(\w+) (\d+)", text):
        names.setdefault(order[int(index)], []).append(name.lower())
    lines = []
    found = tables(text)
    for name in sorted(found):
        if SKIPPED.match(name) or name not in names:
            continue
        last = 0
        parts = []
        for first, end in found[name]:
            parts.append(f"{first - last:x}" + (f"-{end - first:x}" if end > first else ""))
            last = end
        lines.append(",".join(sorted(names[name])) + ":" + " ".join(parts))
    return lines


def foldings(text):
    """Pairs of a character and what it folds to, as runs in which both go up by the same step, 1 or 2."""
    body = re.search(r"OnigUnicodeFolds1\[\] = \{(.*?)\};", text, re.S).group(1)
    numbers = [int(number, 0) for number in re.findall(r"(0x[0-9a-f]+|\d+),", re.sub(r"/\*.*?\*/", "", body))]
    pairs = SIMPLE.copy()
    while numbers:
        target, count = numbers[:2]
        pairs += [(source, target) for source in numbers[2:2 + count]]
        numbers = numbers[2 + count:]
    pairs.sort()
    runs = []
    for source, target in pairs:
        last = runs[-1] if runs else None
        step = source - last[1] if last else 0
        if last and step in (1, 2) and last[3] in (0, step) and target == last[2] + source - last[0]:
            last[1], last[3] = source, step
        else:
            runs.append([source, source, target, 0])
    texts = [f"{first:x}" + (f"-{last:x}" if last > first else "") + ("/" if step == 2 else "") + f":{target:x}" for first, last, target, step in runs]
    lines = [""]
    for run in texts:
        if len(lines[-1]) + len(run) > 130:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + run
    return lines


def write(name, summary, remark, lines):
    out = pathlib.Path(__file__).parents[2] / f"src/Octet.Tokenizers/Patterns/{name}.cs"
    out.write_text(
        f"""namespace Octet.Tokenizers.Patterns;

/// <summary>
/// {summary} of Unicode 16.0, made by <c>tools/unicode/make-properties.py</c>.
/// {LICENCE}.
/// </summary>
static class {name}
{{
    /// <summary>
{remark}
    /// </summary>
    internal const string Text =
        \"\"\"
""" + "".join(f"        {line}\n" for line in lines) + """        \"\"\";
}
""")
    print(name, len(lines), "lines,", sum(map(len, lines)), "characters")


source = pathlib.Path(sys.argv[1])
write("PropertyRanges", "Scripts and other properties",
      """    /// A line for each: its names, without case and separators; then its ranges in hexadecimal, each by how far its first code point is from
    /// the last one of the range before, and after a hyphen how far its own last one is from there.""",
      properties((source / "unicode_property_data.c").read_text()))
write("CaseFoldings", "The characters that fold to one other character",
      """    /// <c>first[-last[/]]:target</c> in hexadecimal: of these code points, every second with a slash, each folds to the target and what
    /// is as far from it.""",
      foldings((source / "unicode_fold_data.c").read_text()))
