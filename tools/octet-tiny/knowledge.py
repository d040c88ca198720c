"""Kinds 1 to 3: facts, small talk and arithmetic, as (question, answer)."""
import re

from facts import ATTRIBUTES, CHAT, CONCEPTS, DEFINE, DEFINE_MANY, FORMATS, QA, format_answer
from wording import say, split


QA_CHAT = [q for q in QA if q[0] in CHAT]
QA_FACT = [q for q in QA if q[0] not in CHAT]
FORMAT_WEIGHT = dict(E4M3=4, E5M2=3, BF16=2, FP16=2, FP32=1.5, E8M0=1.5, E2M1=1.5, E2M3=1, E3M2=1, E4M3FNUZ=1, E5M2FNUZ=1)
PAIRS = [(f, a) for f in FORMATS for a in ATTRIBUTES if format_answer(f, a)]


def alias(r, names):
    """The first spelling is the usual one."""
    return names[0] if r.random() < .4 else r.choice(names)


def fact(r, held=False):
    k = r.random()
    if k < .36:
        f, a = r.choices(PAIRS, [FORMAT_WEIGHT[f] for f, _ in PAIRS])[0]
        return say(r, r.choice(split(ATTRIBUTES[a], held)).format(x=alias(r, FORMATS[f][0])), held), format_answer(f, a)
    if k < .46:
        f = r.choices(list(FORMATS), list(FORMAT_WEIGHT.values()))[0]
        return say(r, r.choice(split(DEFINE, held)).format(x=alias(r, FORMATS[f][0])), held), format_answer(f, 'define')
    if k < .78:
        names, answer = r.choice(CONCEPTS)
        x = alias(r, names)
        t = split(DEFINE_MANY, held) if x[0] == '+' else split(DEFINE, held)
        return say(r, r.choice(t).format(x=x.lstrip('+')), held), answer
    q = r.choice(QA_FACT)
    return recase(r, say(r, r.choice(split(q[1:], held)), held)), q[0]


NAMES = {'octet': 'Octet', 'fp8': 'FP8', 'e4m3': 'E4M3', 'e5m2': 'E5M2', 'bf16': 'BF16', 'fp16': 'FP16', 'gpu': 'GPU', 'cpu': 'CPU', 'mx': 'MX',
         'nvfp4': 'NVFP4', 'c#': 'C#', '.net': '.NET', 'api': 'API', 'http': 'HTTP', 'openai': 'OpenAI', 'i': 'I', 'cuda': 'CUDA'}


def recase(r, s):
    """The phrasings in QA are lower case; most people write names with capitals."""
    if r.random() < .6:
        s = re.sub(r"[\w.#]+", lambda m: NAMES.get(m[0], m[0]), s)
    return s


def chat(r, held=False):
    q = r.choices(QA_CHAT, [3 if q[0] in (QA_CHAT[0][0], CHAT_HELLO) else 1 for q in QA_CHAT])[0]
    return recase(r, say(r, r.choice(split(q[1:], held)), held, decorate=r.random() < .4)), q[0]


CHAT_HELLO = 'Hello! Ask me about FP8, number formats or Octet.'
WORDS = 'zero one two three four five six seven eight nine'.split()
ARITH = {
    '+': ['what is {a} + {b}', '{a} + {b}', '{a}+{b}', '{a} + {b} =', '{a}+{b}=', 'what is {a}+{b}', 'calculate {a} + {b}', 'how much is {a} + {b}',
          "what's {a} + {b}", 'what is {a} plus {b}', '{a} plus {b}', 'add {a} and {b}', 'what is the sum of {a} and {b}', 'sum of {a} and {b}',
          'how much is {a} plus {b}', 'add {b} to {a}', 'compute {a} + {b}', '{a} and {b} makes what', 'what do you get if you add {a} and {b}',
          'can you add {a} and {b}', '{a} + {b} is what', 'solve {a} + {b}',
          '~what does {a} + {b} make', '~please calculate {a} plus {b}', '~tell me {a} + {b}', '~what is {a} added to {b}'],
    '-': ['what is {a} - {b}', '{a} - {b}', '{a}-{b}', '{a} - {b} =', '{a}-{b}=', 'what is {a}-{b}', 'calculate {a} - {b}', 'how much is {a} - {b}',
          "what's {a} - {b}", 'what is {a} minus {b}', '{a} minus {b}', 'subtract {b} from {a}', 'take {b} from {a}', 'take {b} away from {a}',
          'how much is {a} minus {b}', 'compute {a} - {b}', 'what is {a} take away {b}', 'what do you get if you subtract {b} from {a}',
          'can you subtract {b} from {a}', '{a} - {b} is what', 'solve {a} - {b}', 'what is the difference of {a} and {b}',
          '~what does {a} - {b} make', '~please calculate {a} minus {b}', '~tell me {a} - {b}'],
    '*': ['what is {a} * {b}', '{a} * {b}', '{a}*{b}', '{a} * {b} =', '{a}*{b}=', 'what is {a}*{b}', 'calculate {a} * {b}', 'how much is {a} * {b}',
          "what's {a} * {b}", 'what is {a} times {b}', '{a} times {b}', 'multiply {a} by {b}', 'multiply {a} and {b}', 'what is {a} x {b}', '{a} x {b}',
          '{a}x{b}', 'what is {a} × {b}', '{a} × {b}', 'what is the product of {a} and {b}', 'product of {a} and {b}', 'how much is {a} times {b}',
          'compute {a} * {b}', 'what is {a} multiplied by {b}', 'can you multiply {a} by {b}', 'solve {a} * {b}',
          '~what does {a} * {b} make', '~please calculate {a} times {b}', '~tell me {a} * {b}'],
}


def arith(r, held=False, op=None, a=None, b=None):
    op = op or r.choice('+-*')
    a, b = r.randrange(10) if a is None else a, r.randrange(10) if b is None else b
    t = r.choice(split(ARITH[op], held))
    wordy = re.search('[a-z] ?$|[a-z]{4}', t) and not re.search(r'[-+*×=]| x |\}x', t) and r.random() < .4
    v = dict(a=WORDS[a], b=WORDS[b]) if wordy else dict(a=a, b=b)
    return say(r, t.format(**v), held, decorate=r.random() < .3), '%d %s %d = %d' % (a, op, b, {'+': a + b, '-': a - b, '*': a * b}[op])
