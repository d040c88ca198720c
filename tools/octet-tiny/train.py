#!/usr/bin/env python3
"""Trains octet-tiny.  Deterministic from --seed on the same machine and library versions.

  train.py --out DIR [--steps N] [--resume | --init FILE]

DIR gets tokenizer.json (trained first if it is not there) and last.pt, from which --resume goes on and export.py reads.
"""
import argparse
import itertools
import json
import math
import os
import random
import time

import torch
import torch.nn.functional as F

import bpe
from layout import render
from make_data import Conversations, excluded
from model import CONFIG, Qwen3

HERE = os.path.dirname(os.path.abspath(__file__))
BASE, WITH_SPACE, POOL = 2000, 480, 384


def tokenizer(path, seed):
    if not os.path.exists(path):
        stream = Conversations(seed + 1, excluded(os.path.join(HERE, 'heldout.jsonl')))
        # The words of the prompt layout are frequent anyway; one occurrence in eight is enough and leaves room for the rest.
        texts = []
        for i, c in enumerate(itertools.islice(stream, 12000)):
            texts += [m['content'] for m in c['messages']]
            if i % 8 == 0:
                texts += [t for t, _ in render(c['messages'], c.get('tools'))]
            elif 'tools' in c:
                texts += [t for t, learn in render(c['messages']) if learn]
        texts = [t for s in texts for t in bpe.OUTSIDE.split(s)]
        json.dump(bpe.tokenizer_json(*bpe.train(texts, BASE, WITH_SPACE)), open(path, 'w', encoding='utf-8'), ensure_ascii=False, indent=2)
    return bpe.Tokenizer(path)


def pool(tok, seed, k, exclude, copies):
    """Conversation pool number k as (ids, labels); -100 is not learned."""
    out = []
    for c in itertools.islice(Conversations(seed * 1000003 + k, exclude, copies), POOL):
        ids, labels = [], []
        for text, learn in render(c['messages'], c.get('tools')):
            t = tok.encode(text)
            ids += t
            labels += t if learn else [-100] * len(t)
        out.append((ids, labels))
    return out


def batches(tok, seed, k, exclude, tokens, copies=.18):
    """Conversations of similar length together, at most `tokens` with padding; the batches in random order."""
    xs = sorted(pool(tok, seed, k, exclude, copies), key=lambda x: len(x[0]))
    out, cur = [], []
    for x in xs:
        if cur and len(x[0]) * (len(cur) + 1) > tokens:
            out.append(cur)
            cur = []
        cur.append(x)
    out.append(cur)
    random.Random(seed + k).shuffle(out)
    return out


def tensors(batch):
    n = max(len(i) for i, _ in batch)
    ids = torch.zeros(len(batch), n, dtype=torch.long)
    labels = torch.full((len(batch), n), -100)
    for j, (i, l) in enumerate(batch):
        ids[j, :len(i)] = torch.tensor(i)
        labels[j, :len(l) - 1] = torch.tensor(l[1:])
    return ids, labels


class Muon(torch.optim.Optimizer):
    """Momentum, then the nearest orthogonal matrix (five Newton-Schulz steps, after K. Jordan, 2024): all directions of a
    weight matrix learn equally fast.  It needs about half the steps of AdamW here.  Matrices of one shape go in one batch."""

    def __init__(self, params, lr, momentum=.95, weight_decay=.01):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            shapes = {}
            for p in g['params']:
                shapes.setdefault(tuple(p.shape), []).append(p)
            for shape, ps in shapes.items():
                us = []
                for p in ps:
                    m = self.state[p].setdefault('m', torch.zeros_like(p))
                    m.lerp_(p.grad, 1 - g['momentum'])
                    us.append(p.grad.lerp(m, g['momentum']))
                x = torch.stack(us)
                x = x if shape[0] <= shape[1] else x.transpose(1, 2)
                x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
                for _ in range(5):
                    y = x @ x.transpose(1, 2)
                    x = 3.4445 * x + (-4.7750 * y + 2.0315 * y @ y) @ x
                x = x if shape[0] <= shape[1] else x.transpose(1, 2)
                scale = max(1, shape[0] / shape[1]) ** .5
                for p, u in zip(ps, x):
                    p.mul_(1 - g['lr'] * g['weight_decay']).add_(u, alpha=-g['lr'] * scale)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--out', required=True)
    ap.add_argument('--steps', type=int, default=4000)
    ap.add_argument('--tokens', type=int, default=2048)
    ap.add_argument('--lr', type=float, default=.02)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--copies', type=float, default=.18, help='share of copying exercises')
    ap.add_argument('--threads', type=int, default=1)
    ap.add_argument('--save-every', type=int, default=200)
    ap.add_argument('--resume', action='store_true', help='go on from last.pt')
    ap.add_argument('--init', help='start from the weights in this file')
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    tok = tokenizer(os.path.join(a.out, 'tokenizer.json'), a.seed)
    exclude = excluded(os.path.join(HERE, 'heldout.jsonl'))
    net = Qwen3(CONFIG)
    matrices = [p for n, p in net.named_parameters() if p.dim() == 2 and 'embed' not in n]
    rest = [p for n, p in net.named_parameters() if p.dim() != 2 or 'embed' in n]
    opts = [Muon(matrices, lr=a.lr), torch.optim.AdamW(rest, lr=a.lr * .2, betas=(.9, .98), weight_decay=0)]
    peak = [a.lr, a.lr * .2]
    print('%d parameters, %d tokens' % (sum(p.numel() for p in net.parameters()), tok.size), flush=True)
    step, k, done = 0, 0, 0
    last = os.path.join(a.out, 'last.pt')
    if a.resume:
        s = torch.load(last)
        net.load_state_dict(s['model'])
        for o, x in zip(opts, s['opt']):
            o.load_state_dict(x)
        step, k, done = s['step'], s['pool'], s['done']
    elif a.init:
        net.load_state_dict(torch.load(a.init)['model'])
    t0, loss_sum, count, right = time.time(), 0., 0, 0
    while step < a.steps:
        todo = batches(tok, a.seed, k, exclude, a.tokens, a.copies)
        for b in todo[done:]:
            lr = min(1, (step + 1) / 150) * (.02 + .98 * .5 * (1 + math.cos(math.pi * step / a.steps)))
            for o, top in zip(opts, peak):
                o.param_groups[0]['lr'] = lr * top
            ids, labels = tensors(b)
            at = labels != -100
            z = net.logits(net.hidden(ids)[at])
            loss = F.cross_entropy(z, labels[at])
            net.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            for o in opts:
                o.step()
            n = int(at.sum())
            loss_sum += float(loss) * n
            count += n
            right += int((z.argmax(-1) == labels[at]).sum())
            step, done = step + 1, done + 1
            if step % 50 == 0:
                print('%s step %d loss %.4f right %.4f lr %.3f %.0f s' % (time.strftime('%H:%M:%S'), step, loss_sum / count, right / count, lr, time.time() - t0), flush=True)
                loss_sum, count, right = 0., 0, 0
            if step % a.save_every == 0 or step == a.steps:
                torch.save(dict(model=net.state_dict(), opt=[o.state_dict() for o in opts], step=step, pool=k, done=done), last + '.tmp')
                os.replace(last + '.tmp', last)
            if step == a.steps:
                return
        k, done = k + 1, 0


if __name__ == '__main__':
    main()
