"""How people type: capitals, punctuation, politeness, typos."""
import re


PREFIX = ['please tell me, ', 'hey, ', 'hi, ', 'hello, ', 'quick question: ', 'tell me, ', 'question: ', 'i have a question: ', 'ok, ', 'so, ',
          'now, ', 'i wonder, ', 'one more: ', 'next: ', 'and ', 'well, ', 'hi octet, ', 'just curious, ']
SUFFIX = [', please', ' please', ', thanks', ' in short', ' again', ' (short answer)', ', briefly']
HELD_PREFIX = ['oh, ', 'another question: ']
KEEP = re.compile(r'[A-Z]{2,}|[A-Z]\d|[a-z][A-Z]|\d|\.|/|_')
TYPOS = 'abcdefghijklmnopqrstuvwxyz'


def split(phrasings, held):
    return [p[1:] for p in phrasings if p[0] == '~'] if held else [p for p in phrasings if p[0] != '~']


def typo(r, s):
    at = [i for i in range(1, len(s) - 1) if s[i - 1:i + 2].isalpha() and s[i - 1:i + 2].islower()]
    if not at:
        return s
    i = r.choice(at)
    k = r.random()
    return s[:i] + s[i + 1:] if k < .35 else s[:i] + s[i + 1] + s[i] + s[i + 2:] if k < .7 else s[:i] + r.choice(TYPOS) + s[i + 1:]


def is_question(s):
    return re.match(r"(what|who|which|how|is |are |do |does |can |could |why|where|when|has |will |should |whats|by whom|in what|in which)", s, re.I) is not None


def say(r, core, held=False, decorate=True):
    """A core phrasing as a user types it: capitals, punctuation, politeness, now and then a typo."""
    s = core
    if decorate and r.random() < (.15 if held else .22):
        s = r.choice(HELD_PREFIX if held else PREFIX) + s
    if decorate and not held and r.random() < .08:
        s += r.choice(SUFFIX)
    if not held and r.random() < .05:
        s = typo(r, s)
    if r.random() < .72:
        s = s[0].upper() + s[1:]
    elif not held and r.random() < .06 and not KEEP.search(s):
        s = s.upper()
    if s[-1] not in '?!.':
        k = r.random()
        if is_question(core):
            s += '?' if k < .72 else '' if k < .93 else '??' if k < .95 else ' ?' if k < .97 else '.'
        else:
            s += '' if k < .5 else '.' if k < .8 else '?' if k < .95 else '!'
    return s
