#!/usr/bin/env python3
"""Decode rate of llama.cpp (libllama through ctypes) behind a long context, which llama_bench.py does not measure.

  llama_depth.py MODEL.gguf --threads 2 --depth 4096 --tokens 32 --reps 3

The context is filled once and not counted. Every repetition decodes the tokens one by one from that depth; then they are
taken out of the cache again. A repetition is clean when other processes, and time stolen by the hypervisor, each took at
most --max-other % of one core; others are run again, up to three times --reps in all. Prints one JSON object with what
llama_bench.py gives for a test: "all" is a list of [tokens/s, other %, stolen %, clean].
"""
import argparse
import ctypes
import json
import os
import resource
import time

import numpy as np
from peerlib import Llama

TICKS = os.sysconf('SC_CLK_TCK')


def use():
    with open('/proc/stat') as stat:
        v = [int(x) for x in stat.readline().split()[1:]]
    own = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), (v[0] + v[1] + v[2] + v[5] + v[6]) / TICKS - own.ru_utime - own.ru_stime, v[7] / TICKS


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('gguf')
    ap.add_argument('--threads', type=int, default=2)
    ap.add_argument('--depth', type=int, default=4096)
    ap.add_argument('--tokens', type=int, default=32)
    ap.add_argument('--reps', type=int, default=3)
    ap.add_argument('--max-other', type=float, default=10)
    ap.add_argument('--no-repack', action='store_true')
    ap.add_argument('--backend')
    a = ap.parse_args()

    m = Llama(backend=a.backend)
    m.load(a.gguf, extra_bufts=not a.no_repack)
    chunk = 512
    m.context(n_ctx=-(-(a.depth + a.tokens) // 256) * 256, threads=a.threads)
    remove = m.lib.llama_memory_seq_rm
    remove.restype, remove.argtypes = ctypes.c_bool, [ctypes.c_void_p] + [ctypes.c_int32] * 3
    memory = m.lib.llama_get_memory(m.ctx)
    ids = np.random.default_rng(0).integers(0, m.n_vocab, a.depth + a.tokens).tolist()
    for at in range(0, a.depth, chunk):
        m.decode(ids[at:min(at + chunk, a.depth)], at)

    def decode():
        t = time.perf_counter()
        for i in range(a.depth, a.depth + a.tokens):
            m.decode([ids[i]], i)
        rate = a.tokens / (time.perf_counter() - t)
        if not remove(memory, 0, a.depth, -1):
            raise SystemExit('llama_memory_seq_rm took nothing out of the cache')
        return rate

    decode()
    reps = []
    while sum(r[3] for r in reps) < a.reps and len(reps) < 3 * a.reps:
        before = use()
        rate = decode()
        after = use()
        seconds = after[0] - before[0]
        other, stolen = (max(0.0, after[i] - before[i]) / seconds * 100 for i in (1, 2))
        limit = a.max_other + 200.0 / TICKS / seconds
        reps.append([round(rate, 3), round(other, 3), round(stolen, 3), int(other <= limit and stolen <= limit)])
    print(json.dumps(dict(depth=a.depth, tokens=a.tokens, threads=a.threads, all=reps)))


main()
