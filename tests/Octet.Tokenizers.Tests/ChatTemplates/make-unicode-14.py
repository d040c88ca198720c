"""What Python 3.11, whose Unicode is 14.0, says of each code point.

Run: python3 make-unicode-14.py > unicode-14.json, and python3 make-unicode-14.py tables for the tables of CaseTable.cs.
The hashes are SHA-256 of UTF-8: for each assigned code point but the surrogates, what the method makes of it alone (of one that asks,
"1" or "0"), each followed by a newline. "assigned" lists the first and the last code point of each range.
"""
import hashlib
import json
import platform
import sys
import unicodedata

POINTS = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
ASSIGNED = [point for point in POINTS if unicodedata.category(chr(point)) != "Cn"]
METHODS = ["upper", "lower", "title", "capitalize", "casefold", "swapcase", "isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum", "isupper", "islower",
           "istitle", "isspace", "isprintable", "isidentifier"]


def ranges(points):
    made = []
    for point in points:
        if made and made[-1][1] == point - 1:
            made[-1][1] = point
        else:
            made.append([point, point])
    return made


def answer(method, point):
    made = getattr(chr(point), method)()
    return made if isinstance(made, str) else str(int(made))


def runs(changes):
    """first[-last[/]]:target, of points one apart, or two (/), whose targets are so too."""
    left = dict(changes)
    made = []
    for first in sorted(changes):
        if first not in left:
            continue
        best = (1, 1)
        for stride in (1, 2):
            count = 1
            while left.get(first + count * stride, 0) - left[first] == count * stride:
                count += 1
            best = max(best, (count, 3 - stride))
        count, stride = best[0], 3 - best[1]
        last = first + (count - 1) * stride
        made.append((f"{first:x}-{last:x}{'/' if stride == 2 else ''}" if count > 1 else f"{first:x}") + f":{left[first]:x}")
        for step in range(count):
            del left[first + step * stride]
    return " ".join(made)


def escaped(text):
    return "".join(c if " " < c < "\x7f" else f"\\u{ord(c):04x}" if c <= "\uffff" else f"\\U{ord(c):08x}" for c in text)


def literal(text, width=150):
    parts = []
    for word in text.split(" "):
        if parts and len(parts[-1]) + len(word) < width:
            parts[-1] += word + " "
        else:
            parts.append(word + " ")
    parts[-1] = parts[-1][:-1]
    return "\n            + ".join(f'"{part}"' for part in parts)


def tables():
    for method, base in (("upper", None), ("lower", None), ("title", "upper"), ("casefold", "lower")):
        changes = {point: getattr(chr(point), method)() for point in POINTS}
        changes = {point: made for point, made in changes.items() if made != (getattr(chr(point), base)() if base else chr(point))}
        print(f"        // {method}")
        print(f"        {literal(runs({point: ord(made) for point, made in changes.items() if len(made) == 1}))},")
        print(f"        {literal(' '.join(escaped(chr(point) + made) for point, made in changes.items() if len(made) > 1))}")


if sys.argv[1:] == ["tables"]:
    tables()
else:
    hashes = {method: hashlib.sha256("".join(answer(method, point) + "\n" for point in ASSIGNED).encode()).hexdigest() for method in METHODS}
    print(json.dumps({"python": platform.python_version(), "unicode": unicodedata.unidata_version, "hashes": hashes, "assigned": [end for both in ranges(ASSIGNED) for end in both]}))
