#!/usr/bin/env python3
"""Greedy answers of exported model directories, read back from their files.

  evaluate.py MODEL...                    share of right answers to heldout.jsonl, perplexity, logits against the first
  evaluate.py MODEL --ask "What is FP8?"  one answer

An answer is right if it equals one of "accept" (case and white space apart), or contains every string of
"expect.contains", or is one tool call with the name and the arguments (parsed JSON) of "expect.tool_call".
--dynamic also quantizes the input of every linear layer to E4M3, per token and group of 128, as GPUs do.
"""
import argparse
import json
import math
import os
import re
from collections import defaultdict

import numpy as np
import torch

import bpe
import checkpoint
from layout import call_text, render
from model import Qwen3

HERE = os.path.dirname(os.path.abspath(__file__))


def quantize_input(module, args):
    x = args[0].reshape(-1, checkpoint.BLOCK)
    s = x.abs().amax(1, keepdim=True).clamp(min=1e-10) / 448
    return (torch.from_numpy(checkpoint.E4M3[checkpoint.to_e4m3((x / s).numpy())]) * s).view(args[0].shape),


class Model:
    def __init__(self, path, dynamic=False):
        config = json.load(open(os.path.join(path, 'config.json')))
        self.tok = bpe.Tokenizer(os.path.join(path, 'tokenizer.json'))
        self.stop = json.load(open(os.path.join(path, 'generation_config.json')))['eos_token_id']
        self.net = Qwen3(config).eval()
        weights = checkpoint.read(os.path.join(path, 'model.safetensors'))
        self.net.load_state_dict({n: torch.from_numpy(np.ascontiguousarray(w)) for n, w in weights.items()})
        if dynamic:
            for m in self.net.modules():
                if isinstance(m, torch.nn.Linear):
                    m.register_forward_pre_hook(quantize_input)

    def prompt(self, messages, tools=None):
        return self.tok.encode(''.join(t for t, _ in render(messages, tools, generate=True)))

    def answer(self, messages, tools=None):
        return self.tok.decode(self.net.generate(self.prompt(messages, tools), self.stop, size=self.tok.size))

    @torch.no_grad()
    def scores(self, messages, tools, answer):
        """Logits at the positions that predict the answer, and the answer's ids."""
        p, a = self.prompt(messages, tools), self.tok.encode(answer + '<|im_end|>')
        z = self.net.logits(self.net.hidden(torch.tensor([p + a]))[0, len(p) - 1:-1])[:, :self.tok.size]
        return z, torch.tensor(a)


def flat(s):
    return ' '.join(s.lower().split())


def right(case, answer):
    if 'accept' in case:
        return flat(answer) in map(flat, case['accept'])
    e = case['expect']
    if 'contains' in e:
        return all(flat(s) in flat(answer) for s in e['contains'])
    m = re.fullmatch(r'\s*<tool_call>(.*)</tool_call>\s*', answer, re.S)
    try:
        return bool(m) and json.loads(m[1]) == e['tool_call']
    except ValueError:
        return False


def canonical(case):
    return case['accept'][0] if 'accept' in case else call_text(case['expect']['tool_call']) if 'tool_call' in case['expect'] else None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('models', nargs='+')
    ap.add_argument('--file', default=os.path.join(HERE, 'heldout.jsonl'))
    ap.add_argument('--ask', action='append')
    ap.add_argument('--dynamic', action='store_true')
    ap.add_argument('--wrong', action='store_true', help='print the wrong answers')
    a = ap.parse_args()
    torch.set_num_threads(1)
    cases = [json.loads(l) for l in open(a.file, encoding='utf-8')]
    first = None
    for path in a.models:
        m = Model(path, a.dynamic)
        if a.ask:
            for q in a.ask:
                print('> %s\n%s' % (q, m.answer([dict(role='user', content=q)])))
            continue
        n, ok, nll, count, logits = defaultdict(int), defaultdict(int), 0., 0, []
        for c in cases:
            text = m.answer(c['messages'], c.get('tools'))
            n[c['kind']] += 1
            ok[c['kind']] += right(c, text)
            if a.wrong and not right(c, text):
                print('%s: %s\n   said %s\n   not  %s' % (c['kind'], c['messages'][-1].get('content'), text, canonical(c) or c['expect']))
            if canonical(c):
                z, ids = m.scores(c['messages'], c.get('tools'), canonical(c))
                nll += float(torch.nn.functional.cross_entropy(z, ids, reduction='sum'))
                count += len(ids)
                logits.append(z)
        z = torch.cat(logits)
        print('%s%s: %d of %d right (%.1f %%); %s; perplexity of the right answers %.4f' % (
            path, ' (dynamic activations)' if a.dynamic else '', sum(ok.values()), len(cases), 100 * sum(ok.values()) / len(cases),
            ', '.join('%s %d/%d' % (k, ok[k], n[k]) for k in n), math.exp(nll / count)))
        if first is None:
            first = z
        else:
            d = (z - first).abs()
            print('  logits against the first model: largest difference %.3f, root mean square %.4f (logits: standard deviation %.2f), same best token %.2f %%' % (
                d.max(), d.pow(2).mean().sqrt(), first.std(), 100 * (z.argmax(1) == first.argmax(1)).float().mean()))


if __name__ == '__main__':
    main()
