#!/usr/bin/env python3
"""Conversations for octet-tiny, made from templates.

  make_data.py --show 20             print samples of the training stream
  make_data.py --heldout FILE        write the held-back phrasings (never in the training stream)

A conversation is {"messages": [...], "tools"?: [...]}; the messages are those of an OpenAI request.  Conversations(seed)
is an endless stream that depends on the seed only.
"""
import argparse
import json
import random
import re

from facts import ATTRIBUTES, FORMATS, format_answer
from knowledge import alias, arith, chat, fact
from layout import dumps, render
from tools import ToolTalk, response, whole
from unknown import CANNOT, UNKNOWN, unknown
from wording import say, split
from words import ADJ, GET, OF, city, code, country, entity, made_up, name, number, path, person, phrase, symbol, thing


# ------------------------------------------------------------------------------------- kind 6: turns and system prompts

SYSTEM = ['You are a helpful assistant.', 'You are a helpful assistant', 'You are a helpful AI assistant.', 'Be brief.', 'Answer in one sentence.', 'You are octet-tiny.',
          'You are a friendly assistant.', 'Answer the question.', 'You are an expert in number formats.', 'You answer questions about FP8.', 'Be helpful and honest.', 'You are a bot.',
          'Answer shortly and politely.', 'You are a useful assistant that knows FP8.', 'You are an assistant.', 'Think before you answer.', 'You are a chat model.', 'Use tools when they help.',
          'You are a concise assistant.', 'Reply in English.']
HELD_SYSTEM = ['You are a kind and helpful assistant.', 'Please answer briefly.', 'You are a helpful bot that answers in English.', 'You are a polite expert.']


def system(r, held=False):
    if held:
        return r.choice(HELD_SYSTEM)
    k = r.random()
    if k < .7:
        return r.choice(SYSTEM)
    if k < .85:
        return 'You are a %s %s.' % (r.choice(ADJ), thing(r, False))
    return ' '.join(r.sample(SYSTEM, 2))


def follow(r):
    """Two turns: a question about a format, then "and E5M2?"."""
    a = r.choice(list(ATTRIBUTES))
    fs = [f for f in FORMATS if format_answer(f, a)]
    f, g = r.sample(fs, 2)
    q = say(r, r.choice(split(ATTRIBUTES[a], False)).format(x=alias(r, FORMATS[f][0])))
    n = alias(r, FORMATS[g][0])
    return [(q, format_answer(f, a)), (say(r, r.choice(['and {x}', 'and of {x}', 'what about {x}', 'and for {x}', 'how about {x}', '{x} too', 'and what about {x}', 'and in {x}', 'ok, and {x}', 'same for {x}']).format(x=n), decorate=False), format_answer(g, a))]


KINDS = {'fact': fact, 'chat': chat, 'arith': arith, 'unknown': unknown}


def turn(r, weights=(50, 9, 15, 26), held=False):
    return r.choices(list(KINDS.values()), weights)[0](r, held)


def plain(r, turns):
    m = []
    while len(m) < 2 * turns:
        pairs = follow(r) if r.random() < .04 else [turn(r)]
        for q, a in pairs:
            m += [dict(role='user', content=q), dict(role='assistant', content=a)]
    return m


def tooled(r, turns):
    t = ToolTalk(r)
    m = []
    for _ in range(turns):
        k = r.random()
        if k < .7:
            q, call, keys = t.ask()
            m += [dict(role='user', content=q), call]
            if r.random() < .4:
                text, answer, _ = response(r, keys)
                m += [dict(role='tool', content=text), dict(role='assistant', content=answer)]
        elif k < .78 and not any(w in str(t.tools) for w in ('lookup', 'look')):
            q, call, _ = ToolTalk(r).ask()                          # a tool that is not offered
            if call['tool_calls'][0]['function']['name'] in [x['function']['name'] for x in t.tools] or clash(t, call):
                continue
            m += [dict(role='user', content=q), dict(role='assistant', content=UNOFFERED)]
        else:
            q, a = turn(r, (45, 15, 0 if t.has_sum() else 12, 0))
            m += [dict(role='user', content=q), dict(role='assistant', content=a)]
    return m or tooled(r, turns)[0], t.tools


UNOFFERED = UNKNOWN


def clash(t, call):
    """Would one of the offered tools answer this call too?"""
    words = set(re.findall('[a-z]+', call['tool_calls'][0]['function']['name'].lower()))
    return any(words & set(re.findall('[a-z]+', o['function']['name'].lower() + ' ' + o['function']['description'].lower())) for o in t.tools)


# Copying and looking up are what tool calls are made of.  In these short exercises nearly every token of the answer comes
# from the question, so they teach it far cheaper than tool calls, where the list of tools is most of the text.
SAY = ['repeat: {x}', 'repeat {x}', 'repeat after me: {x}', 'echo {x}', 'copy this: {x}', 'say after me: {x}', 'say exactly: {x}', 'now repeat this: {x}', 'type {x}', 'echo: {x}']
QUOTE = ['put {x} in quotes', 'write {x} as a JSON string', 'quote {x}', 'as a JSON string: {x}', '{x} in quotes']


def item(r):
    """Something to copy."""
    return str(r.choice([made_up, city, country, person, name, path, code, symbol, number, whole, phrase, phrase, entity])(r))


def copying(r, turns):
    m = []
    for _ in range(turns):
        k = r.random()
        if k < .3:
            x = ' '.join(item(r) for _ in range(r.choice([1, 2, 3, 4, 6, 9])))
            q, a = r.choice(SAY).format(x=x), x
        elif k < .6:
            x = item(r)
            q, a = r.choice(QUOTE).format(x=x), dumps(x)
        else:
            keys = list(dict.fromkeys(r.choice([made_up(r), r.choice(GET), r.choice(OF), r.choice(GET) + '_' + r.choice(OF)]) for _ in range(r.randint(2, 4))))
            d = {x: item(r) for x in keys}
            x = r.choice(keys)
            q = r.choice(['%s. what is %s', '%s. tell me %s', '%s. show %s', '%s. %s']) % (', '.join('%s is %s' % p for p in d.items()), x)
            a = '%s is %s.' % (x, d[x])
            if r.random() < .5:
                q = r.choice(['%s. %s as JSON', '%s. JSON of %s']) % (', '.join('%s is %s' % p for p in d.items()), x)
                a = dumps({x: d[x]})
        m += [dict(role='user', content=q if r.random() < .5 or q.startswith(x) else q[0].upper() + q[1:]), dict(role='assistant', content=a)]
    return m


def sums(r, turns):
    return [dict(role=role, content=text) for _ in range(turns) for role, text in zip(('user', 'assistant'), arith(r))]


class Conversations:
    def __init__(self, seed, exclude=(), copies=.18):
        self.r, self.copies = random.Random(seed), copies           # copies: the share of copying exercises
        self.exclude = set(exclude)

    def __iter__(self):
        return self

    def __next__(self):
        r = self.r
        while True:
            long = r.random() < .02
            k = r.random()
            if r.random() < self.copies:
                m, tools = copying(r, r.randint(2, 6)), None
            elif k < .26:
                m, tools = tooled(r, r.randint(6, 9) if long else r.choice([1, 2, 3, 4]))
            elif k < .42:
                m, tools = sums(r, r.randint(4, 9)), None
            else:
                m, tools = plain(r, r.randint(8, 14) if long else r.choice([1, 1, 2, 3])), None
            if any(x['role'] == 'user' and normal(x['content']) in self.exclude for x in m):
                continue
            if r.random() < (.3 if tools or len(m) < 8 else .1):
                m = [dict(role='system', content=system(r))] + m
            return {'messages': m, 'tools': tools} if tools else {'messages': m}


def normal(s):
    """Case, spaces and final punctuation do not count."""
    return ' '.join(s.lower().split()).rstrip('?!. ')


# ----------------------------------------------------------------------------------------------------- held-back set

def heldout(seed=20251):
    """Two hundred questions with phrasings, names and places that the stream never uses."""
    r, out, seen = random.Random(seed), [], set()

    def put(kind, messages, answer, tools=None, key=None, **rule):
        k = normal(messages[-1]['content']) if messages[-1]['role'] == 'user' else dumps(messages)
        if (k, key) in seen:
            return False
        seen.add((k, key))
        out.append(dict(messages=messages, **({'tools': tools} if tools else {}), kind=kind, **rule, **({'accept': answer} if answer else {})))
        return True

    user = lambda s: [dict(role='user', content=s)]
    others = [UNKNOWN, CANNOT]

    def accept(a):
        m = re.fullmatch(r'(\d) \+ (\d) = (\d+)', a)
        return [a] + [o for o in others if o != a] if a in others else [a, '%s + %s = %s' % (m[2], m[1], m[3])] if m else [a]

    def fill(kind, n, make):
        k = 0
        while k < n:
            k += bool(make(kind))

    def single(kind):
        q, a = KINDS[kind](r, True)
        return put(kind, user(q), accept(a))

    for k, n in (('fact', 70), ('chat', 15), ('arith', 25), ('unknown', 30)):
        fill(k, n, single)

    def call(kind):
        t = ToolTalk(r, True)
        q, c, _ = t.ask()
        return put(kind, user(q), None, t.tools, expect=dict(tool_call=c['tool_calls'][0]['function']))

    def answer(kind):
        t = ToolTalk(r, True)
        q, c, keys = t.ask()
        text, _, values = response(r, keys)
        return put(kind, user(q) + [c, dict(role='tool', content=text)], None, t.tools, expect=dict(contains=values))

    def beside(kind):
        t = ToolTalk(r, True)
        q, a = turn(r, (6, 2, 0, 0), True)
        return put(kind, user(q), accept(a), t.tools)

    fill('tool', 22, call)
    fill('tool', 7, answer)
    fill('tool', 6, beside)

    def multi(kind):
        m = plain(r, r.choice([0, 1, 2]))
        s = [dict(role='system', content=system(r, True))] if not m or r.random() < .5 else []
        q, a = turn(r, held=True)
        return put(kind, s + m + user(q), accept(a), key='multi')

    fill('multi', 25, multi)
    return out


def excluded(path):
    """The questions of the held-back file, which the stream must not contain."""
    return {normal(json.loads(l)['messages'][-1].get('content') or '') for l in open(path, encoding='utf-8')}


if __name__ == '__main__':
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--show', type=int, default=0)
    ap.add_argument('--seed', type=int, default=0)
    ap.add_argument('--heldout')
    a = ap.parse_args()
    for _, c in zip(range(a.show), Conversations(a.seed)):
        print(''.join(t for t, _ in render(c['messages'], c.get('tools'))))
    if a.heldout:
        with open(a.heldout, 'w', encoding='utf-8') as f:
            for c in heldout():
                f.write(dumps(c) + '\n')
